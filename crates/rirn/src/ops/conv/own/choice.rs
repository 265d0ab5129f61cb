// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which form a layer takes where there are several: found out once in a process for each layer,
//! size and number of threads, by running all of them on a part of the first call's input.
//!
//! In float32 there is no choice: in all layers of the five networks Winograd's form is the faster one
//! where it exists (`docs/PERFORMANCE.md`), so that results are the same in every run.

use super::form::{Call, Form, Name};
use super::index;
use crate::error::Result;
use crate::ops::products::Products;
use crate::ops::threads;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Rounds in which the forms take turns, the first one not counted.
const ROUNDS: usize = 4;
/// Rows of the input that are enough to see which form is faster.
const ROWS: usize = 96;
/// Another form than the first candidate has to take less than this share of its time.
const CLEARLY: f64 = 0.95;

/// Everything that the time of a layer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Lets the clock decide from now on, or not.
pub(crate) fn by_clock(wanted: bool) {
    BY_CLOCK.store(wanted, Ordering::Relaxed);
}

/// Whether the clock decides.
pub(super) fn is_by_clock() -> bool {
    BY_CLOCK.load(Ordering::Relaxed)
}

/// What has been found out in this process.
static CHOICES: Mutex<Vec<(Key, Found)>> = Mutex::new(Vec::new());

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
    let found = choices.iter().find(|(known, _)| known == key);
    found.map(|(_, found)| found.name)
}

/// Keeps a choice for this process.
pub(super) fn remember(key: Key, found: Found) {
    let mut choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choices.push((key, found));
}

/// The choices of this process in words, one a layer: kernel, stride, channels, size, the form with its
/// time and the others with theirs, on as much of the map as they ran.
pub(crate) fn told() -> Vec<String> {
    let choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    let tell = |(key, found): &(Key, Found)| {
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
    choices.iter().map(tell).collect()
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
    use super::fastest_of;
    use std::time::Duration;

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
