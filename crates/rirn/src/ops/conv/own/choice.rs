// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which form a layer takes where there are several: found out once in a process for each layer,
//! size and number of threads, by running all of them on a part of the first call's input.
//!
//! In float32 there is no choice: where Winograd's form exists it is the faster one in nearly all layers of
//! the shipped weights (`docs/STRUCTURE.md`), and results are the same in every run.

use super::form::{Call, Form, Name};
use super::index;
use crate::error::Result;
use crate::ops::products::Products;
use crate::ops::threads;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Rounds in which the forms take turns, the first one not counted.
const ROUNDS: usize = 4;
/// Rows of the input that are enough to see which form is faster.
const ROWS: usize = 96;
/// Another form than the first candidate has to take less than this share of its time.
const CLEARLY: f64 = 0.95;
/// Most choices that are kept: those of a few dozen sizes. A stream that always changes its size must
/// not take more and more memory.
const MOST: usize = 4096;

/// Everything that the time of a layer depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) inputs: Vec<usize>,
    pub(super) out: usize,
    pub(super) size: [usize; 2],
    pub(super) threads: usize,
    pub(super) products: Products,
}

/// The form to take, and the times from which that was seen.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) name: Name,
    times: Vec<(Name, Duration)>,
}

/// Whether the clock decides; the first candidate is taken otherwise.
static BY_CLOCK: AtomicBool = AtomicBool::new(true);

/// Takes the choice from the clock where it is to be made by rule, for all networks of the process and
/// for the rest of its life: who asked for it does not want the next engine to give it back.
pub(crate) fn begin(by_rule: bool) {
    if by_rule {
        BY_CLOCK.store(false, Ordering::Relaxed);
    }
}

/// Whether the clock decides.
pub(crate) fn is_by_clock() -> bool {
    BY_CLOCK.load(Ordering::Relaxed)
}

/// What has been found out in this process.
static CHOICES: Mutex<Choices> = Mutex::new(Choices(BTreeMap::new()));

/// What has been found out, sorted by layer.
struct Choices(BTreeMap<Key, Found>);

impl Choices {
    /// Keeps a choice. Where there are too many, the others are forgotten and found out anew if their
    /// sizes come again.
    fn put(&mut self, key: Key, found: Found) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, found);
    }
}

impl Key {
    /// That of a call.
    pub(super) fn of(call: Call<'_>, kernel: usize, inputs: &[usize], products: Products) -> Self {
        let size = call
            .parts
            .first()
            .map_or([0; 2], |map| [map.height, map.width].map(index));
        Self {
            kernel,
            stride: index(call.stride),
            inputs: inputs.to_vec(),
            out: index(call.out),
            size,
            threads: threads::count(),
            products,
        }
    }
}

/// What was chosen before.
pub(super) fn known(key: &Key) -> Option<Name> {
    let choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choices.0.get(key).map(|found| found.name)
}

/// Keeps a choice for this process.
pub(super) fn remember(key: Key, found: Found) {
    let mut choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choices.put(key, found);
}

/// The choices of this process in words, one a layer and sorted so: kernel, stride, channels, size, the form with its
/// time and the others with theirs, on as much of the map as they ran.
pub(crate) fn told() -> Vec<String> {
    let choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    let tell = |(key, found): (&Key, &Found)| {
        let [height, width] = key.size;
        let input: usize = key.inputs.iter().sum();
        let times = found.times.iter().map(|(name, time)| {
            let chosen = if *name == found.name { "*" } else { "" };
            format!("{}{chosen} {:.3} ms", name.text(), 1e3 * time.as_secs_f64())
        });
        format!(
            "{0}x{0} stride {1}, {input} to {2} channels, {width}x{height}, {3} threads: {4}",
            key.kernel,
            key.stride,
            key.out,
            key.threads,
            times.collect::<Vec<_>>().join(", ")
        )
    };
    choices.0.iter().map(tell).collect()
}

/// The fastest of several forms, at least one, for a call; `data` is what it writes into.
pub(super) fn fastest(forms: &[Form], call: Call<'_>, data: &mut [f32]) -> Result<Option<Found>> {
    let mut least = vec![Duration::MAX; forms.len()];
    for round in 0..ROUNDS {
        for (form, least) in forms.iter().zip(&mut least) {
            let begin = Instant::now();
            form.run(call, ROWS, data)?;
            if round > 0 {
                *least = begin.elapsed().min(*least);
            }
        }
    }
    let chosen = fastest_of(&least).and_then(|place| forms.get(place));
    Ok(chosen.map(|form| Found {
        name: form.name(),
        times: forms.iter().map(Form::name).zip(least).collect(),
    }))
}

/// The place of the shortest time, or the first one if that is nearly as short.
fn fastest_of(times: &[Duration]) -> Option<usize> {
    let first = times.first()?;
    let (place, least) = times.iter().enumerate().min_by_key(|(_, time)| **time)?;
    Some(if least.as_secs_f64() < CLEARLY * first.as_secs_f64() {
        place
    } else {
        0
    })
}

#[cfg(test)]
mod tests {
    use super::{Choices, Found, Key, MOST, fastest, fastest_of, known, remember, told};
    use crate::ops::conv::job::Source;
    use crate::ops::conv::own::form::{Call, Form, Name, Plain};
    use crate::ops::conv::own::map::Map;
    use crate::ops::conv::tiles::Unit;
    use crate::ops::products::Products;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[test]
    fn a_stream_of_ever_new_sizes_takes_no_more_and_more_memory() {
        let mut choices = Choices(BTreeMap::new());
        let key = |width| Key {
            kernel: 3,
            stride: 1,
            inputs: vec![24],
            out: 24,
            size: [40, width],
            threads: 2,
            products: Products::Float32,
        };
        for width in 0..2 * MOST {
            let found = Found {
                name: Name::Direct,
                times: Vec::new(),
            };
            choices.put(key(width), found);
            assert!(choices.0.len() <= MOST);
            assert!(choices.0.contains_key(&key(width)));
        }
    }

    /// Plain Rust takes a hundred times as long as any other form.
    #[test]
    fn the_clock_finds_the_faster_form_and_the_process_remembers_it() {
        let (height, width, channels) = (40, 50, 24);
        let products = Products::Bfloat16(Unit::Plain);
        let layer = Plain {
            weights: vec![0.01; 9 * channels * channels],
            biases: vec![0.5; channels],
            inputs: &[channels],
            kernel: 3,
            stride: 1,
        };
        let numbers = vec![1.0; height * width * channels];
        let source = Source {
            data: &numbers,
            stride: channels,
        };
        let (rows, columns) = (height as i64, width as i64);
        let parts = [Map {
            source,
            height: rows,
            width: columns,
        }];
        let call = Call {
            parts: &parts,
            residual: None,
            relu: false,
            out: channels as i64,
            stride: 1,
        };
        let form = |name| Form::new(name, &layer, products).expect("a form");
        let forms = [form(Name::Tiles), form(Name::Direct)];
        let mut data = vec![0.0; numbers.len()];
        let found = fastest(&forms, call, &mut data).expect("both run");
        let found = found.expect("there are two");
        assert_eq!(found.name, Name::Direct);

        let key = Key::of(call, 3, layer.inputs, products);
        assert_eq!(known(&key), None);
        remember(key.clone(), found);
        assert_eq!(known(&key), Some(Name::Direct));
        let wider = Key {
            size: [40, 51],
            ..key
        };
        assert_eq!(known(&wider), None);
        let line = told().into_iter().find(|line| line.contains("50x40"));
        let line = line.expect("the choice is told");
        assert!(
            line.starts_with("3x3 stride 1, 24 to 24 channels, 50x40, "),
            "{line}"
        );
        assert!(
            line.contains(" threads: tiles ") && line.contains(", direct* "),
            "{line}"
        );
    }

    #[test]
    fn another_form_must_be_clearly_faster() {
        let fastest = |times: &[u64]| {
            let times: Vec<_> = times.iter().map(|ms| Duration::from_millis(*ms)).collect();
            fastest_of(&times)
        };
        assert_eq!(fastest(&[100, 96]), Some(0));
        assert_eq!(fastest(&[100, 94]), Some(1));
        assert_eq!(fastest(&[100, 94, 50]), Some(2));
        assert_eq!(fastest(&[100]), Some(0));
        assert_eq!(fastest(&[]), None);
    }
}
