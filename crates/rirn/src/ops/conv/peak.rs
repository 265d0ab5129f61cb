// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the multipliers of this machine can do: as many independent sums as it takes to keep them busy,
//! with numbers that stay in registers.
#![allow(unsafe_code)]

use super::own::in_parallel;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Isa, Portable, Vector};
use crate::ops::threads;
use std::hint::black_box;
use std::time::Instant;

/// Sums at once: two multipliers with a latency of four, and a reserve.
const SUMS: usize = 12;
/// Products for each of them in a round: some milliseconds.
const STEPS: usize = 1 << 20;
/// Rounds, of which the fastest counts.
const ROUNDS: usize = 5;

/// Multiply-adds of float32 in a second, by all threads of the calling thread's team together.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub(crate) fn measured() -> f64 {
    let (lanes, run): (usize, unsafe fn(f32) -> f32) = match Isa::best(usize::MAX) {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => (Avx512::LANES, avx512),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => (Avx2::LANES, avx2),
        _ => (Portable::LANES, portable),
    };
    let count = threads::count();
    let least = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        in_parallel(0..count, |_| {
            // SAFETY: `Isa::best` asked the processor for the instructions.
            black_box(unsafe { run(black_box(0.5)) });
        });
        begin.elapsed().as_secs_f64()
    });
    let products = (count * lanes * SUMS * STEPS) as f64;
    products / least.fold(f64::INFINITY, f64::min)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn avx512(x: f32) -> f32 {
    // SAFETY: the same contract.
    unsafe { products::<Avx512>(x) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(x: f32) -> f32 {
    // SAFETY: the same contract.
    unsafe { products::<Avx2>(x) }
}

unsafe fn portable(x: f32) -> f32 {
    // SAFETY: every processor has the instructions.
    unsafe { products::<Portable>(x) }
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn products<V: Vector>(x: f32) -> f32 {
    // SAFETY: by the contract of this function; there is room for the sum.
    unsafe {
        let factor = V::splat(x);
        let mut sums = [factor; SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, factor);
            }
        }
        let mut all = sums[0];
        for sum in &sums[1..] {
            all = all.add(*sum);
        }
        let mut numbers = [0.0; 16];
        all.store(numbers.as_mut_ptr());
        numbers[0]
    }
}
