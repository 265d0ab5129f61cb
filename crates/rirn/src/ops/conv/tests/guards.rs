// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maps beside pages that nobody may touch: a kernel that reads or writes before the first number of a
//! map or behind its last one ends the test program with a signal. Miri sees as much, but cannot
//! run what stands in text, the tiles.
#![allow(unsafe_code)]

use super::{Case, Noise, usable};
use crate::ops::conv::job::{Job, Sink, Source};
use crate::ops::conv::parallel::{Inline, Parallel};
use crate::ops::conv::pool::Pool;
use crate::ops::conv::simd::Isa;
use crate::ops::conv::tiles::Unit;

/// Numbers between two pages that are closed, at the end of one of them.
struct Guarded {
    pages: *mut libc::c_void,
    size: usize,
    numbers: *mut f32,
    count: usize,
}

/// Which end of the numbers lies at a closed page.
#[derive(Clone, Copy, Debug)]
enum Side {
    Before,
    Behind,
}

impl Guarded {
    fn new(numbers: &[f32], side: Side) -> Self {
        let bytes = size_of_val(numbers);
        // SAFETY: new pages of this process's own; those in the middle are opened and have room
        // for the numbers, of which none lies in a closed one.
        unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let inner = bytes.next_multiple_of(page);
            let size = inner + 2 * page;
            let (closed, private) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let pages = libc::mmap(std::ptr::null_mut(), size, closed, private, -1, 0);
            assert_ne!(pages, libc::MAP_FAILED);
            let open = libc::PROT_READ | libc::PROT_WRITE;
            assert_eq!(libc::mprotect(pages.byte_add(page), inner, open), 0);
            let first = match side {
                Side::Before => page,
                Side::Behind => page + inner - bytes,
            };
            let place = pages.byte_add(first).cast::<f32>();
            place.copy_from_nonoverlapping(numbers.as_ptr(), numbers.len());
            Self {
                pages,
                size,
                numbers: place,
                count: numbers.len(),
            }
        }
    }

    fn get(&self) -> &[f32] {
        // SAFETY: `count` numbers are there as long as this lives.
        unsafe { std::slice::from_raw_parts(self.numbers, self.count) }
    }

    fn get_mut(&mut self) -> &mut [f32] {
        // SAFETY: the same, and they are borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.numbers, self.count) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the pages of `new`, which nobody borrows any more.
        unsafe { libc::munmap(self.pages, self.size) };
    }
}

/// Runs a case with all its maps at closed pages; the result is that of any other memory.
fn check(case: &Case, isa: Isa, threads: &dyn Parallel) {
    let data = case.data();
    let expected = case.run(isa, &data, &Inline);
    for side in [Side::Before, Side::Behind] {
        let sources = data.sources.iter();
        let sources: Vec<_> = sources.map(|x| Guarded::new(x, side)).collect();
        let residual = Guarded::new(&data.residual, side);
        let mut output = Guarded::new(&vec![0.0; expected.len()], side);
        let inputs = sources.iter().zip(&case.inputs);
        let inputs: Vec<_> = inputs
            .map(|(x, &channels)| Source {
                data: x.get(),
                stride: channels + case.extra,
            })
            .collect();
        let job = Job {
            height: case.height,
            width: case.width,
            sources: &inputs,
            residual: case.residual.then_some(Source {
                data: residual.get(),
                stride: case.out + case.extra,
            }),
            relu: case.relu,
            output: Sink {
                data: output.get_mut(),
                stride: case.out,
            },
        };
        case.compute(isa, &data, job, threads);
        assert!(expected == output.get(), "{case:?} {isa:?} {side:?}");
    }
}

/// A case of any size with whatever a call can have.
fn random(noise: &mut Noise) -> Case {
    let size = (1 + noise.below(20), 1 + noise.below(70));
    let inputs: Vec<_> = (0..=noise.below(2)).map(|_| 1 + noise.below(40)).collect();
    let mut case = Case::new(size.0, size.1, &inputs, 1 + noise.below(70));
    case.taps = [3, 5][noise.below(2)];
    case.extra = [0, 0, 3][noise.below(3)];
    case.residual = noise.below(2) == 0;
    case.relu = noise.below(2) == 0;
    case.seed = noise.bits();
    case
}

#[test]
fn no_form_of_float32_touches_what_is_beside_a_map() {
    let (pool, mut noise) = (Pool::new(3), Noise(21));
    for _ in 0..40 {
        let winograd = random(&mut noise);
        let form = (1 + 2 * noise.below(3), 1 + noise.below(2));
        let direct = Case {
            direct: Some(form),
            ..random(&mut noise)
        };
        for isa in usable() {
            check(&winograd, isa, &pool);
            check(&direct, isa, &pool);
        }
    }
}

#[test]
fn no_tile_touches_what_is_beside_a_map() {
    let (pool, mut noise) = (Pool::new(3), Noise(22));
    for _ in 0..60 {
        let mut case = random(&mut noise);
        case.direct = Some((1 + 2 * noise.below(3), 1 + noise.below(2)));
        for unit in Unit::ALL.into_iter().filter(|unit| unit.usable()) {
            case.unit = Some(unit);
            check(&case, Isa::Portable, &pool);
        }
    }
}
