// SPDX-License-Identifier: MIT OR Apache-2.0
//! Intel's matrix tiles (AMX: Intel SDM volume 1, chapter 18): eight registers of sixteen rows of 64
//! bytes. By instructions in text, since the compiler's functions for them are not stable; the
//! compiler itself never touches these registers.

mod permission;

use super::layer::{EDGE, TILE};
use super::sink::{Sink, Strip};
use super::strip::BLOCK;
use super::unit::{Block, Multiplier};
use crate::ops::conv::finish::finish;
use crate::ops::conv::simd::Avx512;
pub(super) use permission::usable;
use std::arch::asm;
use std::arch::x86_64::*;

/// Bytes of a row of a tile.
const ROW: usize = 64;

/// What LDTILECFG reads: palette 1, and for each of the eight tiles its bytes in a row and its rows.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPES: Shapes = Shapes {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The unit.
pub(super) struct Amx;

impl Multiplier for Amx {
    #[inline(always)]
    unsafe fn start() {
        // SAFETY: the processor has the instruction and the system permits it, by the contract.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(nostack, readonly)) }
    }

    /// Tiles that are given back need not be kept on a change of tasks.
    #[inline(always)]
    unsafe fn stop() {
        // SAFETY: the processor has the instruction and the system permits it, by the contract.
        unsafe { asm!("tilerelease", options(nostack, nomem)) }
    }

    #[inline(always)]
    unsafe fn convert(from: *const f32, to: *mut u16, count: usize) {
        let mut done = 0;
        // SAFETY: reads keep to the `count` numbers, writes to whole vectors from them on.
        unsafe {
            while count - done >= EDGE {
                // No alignment is asked for, nor given.
                let rounded: __m256bh = _mm512_cvtneps_pbh(_mm512_loadu_ps(from.add(done)));
                to.add(done).cast::<__m256bh>().write_unaligned(rounded);
                done += EDGE;
            }
            let rest = count - done;
            if rest > 0 {
                let numbers = _mm512_maskz_loadu_ps((1 << rest) - 1, from.add(done));
                let rounded: __m256bh = _mm512_cvtneps_pbh(numbers);
                to.add(done).cast::<__m256bh>().write_unaligned(rounded);
            }
        }
    }

    /// In tiles 0 to 3 for two tiles of channels, and 0 and 2 for one.
    #[inline(always)]
    unsafe fn sums<const N: usize>(block: Block<'_>, mut beside: impl FnMut()) {
        let down = block.next * size_of::<u16>();
        let mut weights = block.weights;
        // SAFETY: every address is one of a tile that `Block` speaks of.
        unsafe {
            clear::<N>();
            for row in block.rows {
                let upper = row.add(block.offset);
                let lower = upper.add(EDGE * block.next);
                match N {
                    1 => one(upper, lower, down, weights, block.steps),
                    _ => two(upper, lower, down, weights, block.steps),
                }
                weights = weights.add(block.steps * N * TILE);
                beside();
            }
            store::<N>(block.sums);
        }
    }

    #[inline(always)]
    unsafe fn finish(
        sink: &Sink<'_>,
        sums: *const f32,
        tiles: usize,
        channel: usize,
        first: usize,
        count: usize,
    ) {
        // SAFETY: the same contract.
        unsafe { take(sink, sums, tiles, channel, first, count) }
    }
}

/// [`Multiplier::finish`]; a tile in width is a vector. Its arguments stay in registers: where they were
/// a structure in memory, a profile showed a quarter of the samples at its first wide read.
///
/// # Safety
/// As there.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma")]
unsafe fn take(
    sink: &Sink<'_>,
    sums: *const f32,
    tiles: usize,
    channel: usize,
    first: usize,
    count: usize,
) {
    let pixels = (first, count);
    // SAFETY: the same contract.
    unsafe {
        match (sink, tiles) {
            (Sink::Map { output, bias }, 1) => {
                finish::<Avx512, 1>(output, channel, pixels, sums, Some(bias.add(channel)));
            }
            (Sink::Map { output, bias }, _) => {
                finish::<Avx512, 2>(output, channel, pixels, sums, Some(bias.add(channel)));
            }
            (Sink::Strip(strip), 1) => round::<1>(strip, channel, pixels, sums),
            (Sink::Strip(strip), _) => round::<2>(strip, channel, pixels, sums),
        }
    }
}

/// Sums to numbers of a strip.
///
/// # Safety
/// As for [`Multiplier::finish`].
#[inline(always)]
unsafe fn round<const N: usize>(
    strip: &Strip,
    channel: usize,
    (first, count): (usize, usize),
    mut sums: *const f32,
) {
    // SAFETY: sums, bias and strip are there, by the contract; a mask keeps to the strip's channels.
    unsafe {
        let low = _mm512_setzero_ps();
        let bias: [__m512; N] =
            std::array::from_fn(|j| _mm512_loadu_ps(strip.bias.add(channel + j * EDGE)));
        let lanes: [usize; N] =
            std::array::from_fn(|j| (strip.channels - channel).saturating_sub(j * EDGE));
        let mut to = strip.to.add(first * strip.channels + channel);
        for _ in 0..count {
            for (j, &bias) in bias.iter().enumerate() {
                let number = _mm512_add_ps(_mm512_loadu_ps(sums), bias);
                sums = sums.add(EDGE);
                // Gives the second one where the first is not a number, and so keeps what is none.
                let rounded = _mm512_cvtneps_pbh(_mm512_max_ps(low, number));
                let to = to.add(j * EDGE);
                if lanes[j] >= EDGE {
                    to.cast::<__m256bh>().write_unaligned(rounded);
                } else {
                    let rounded = std::mem::transmute::<__m256bh, __m256i>(rounded);
                    _mm256_mask_storeu_epi16(to.cast(), (1 << lanes[j]) - 1, rounded);
                }
            }
            to = to.add(strip.channels);
        }
    }
}

/// Zeros into the tiles of sums.
///
/// # Safety
/// As for [`Multiplier::sums`].
#[inline(always)]
unsafe fn clear<const N: usize>() {
    // SAFETY: the tiles have been shaped.
    unsafe {
        asm!("tilezero tmm0", "tilezero tmm2", options(nostack, nomem));
        if N == 2 {
            asm!("tilezero tmm1", "tilezero tmm3", options(nostack, nomem));
        }
    }
}

/// The tiles of sums into memory.
///
/// # Safety
/// As for [`Multiplier::sums`].
#[inline(always)]
unsafe fn store<const N: usize>(sums: *mut f32) {
    // SAFETY: room for the sums is there.
    unsafe {
        let second = sums.add(BLOCK / 2 * N * EDGE);
        asm!(
            "tilestored [{first} + {step}], tmm0",
            "tilestored [{second} + {step}], tmm2",
            first = in(reg) sums,
            second = in(reg) second,
            step = in(reg) N * ROW,
            options(nostack),
        );
        if N == 2 {
            asm!(
                "tilestored [{first} + {step}], tmm1",
                "tilestored [{second} + {step}], tmm3",
                first = in(reg) sums.add(EDGE),
                second = in(reg) second.add(EDGE),
                step = in(reg) N * ROW,
                options(nostack),
            );
        }
    }
}

/// Adds what a row of taps gives to one tile of channels.
///
/// # Safety
/// As for [`Multiplier::sums`]; `steps` is at least 1.
#[inline(always)]
unsafe fn one(
    upper: *const u16,
    lower: *const u16,
    down: usize,
    weights: *const f32,
    steps: usize,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        asm!(
            "2:",
            "tileloadd tmm6, [{weights} + {row}]",
            "tileloadd tmm4, [{upper} + {down}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{lower} + {down}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "add {upper}, 64",
            "add {lower}, 64",
            "add {weights}, 1024",
            "dec {steps}",
            "jnz 2b",
            upper = inout(reg) upper => _,
            lower = inout(reg) lower => _,
            weights = inout(reg) weights => _,
            steps = inout(reg) steps => _,
            down = in(reg) down,
            row = in(reg) ROW,
            options(nostack, readonly),
        );
    }
}

/// Adds what a row of taps gives to two tiles of channels.
///
/// # Safety
/// As for [`Multiplier::sums`]; `steps` is at least 1.
#[inline(always)]
unsafe fn two(
    upper: *const u16,
    lower: *const u16,
    down: usize,
    weights: *const f32,
    steps: usize,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        asm!(
            "2:",
            "tileloadd tmm6, [{weights} + {row}]",
            "tileloadd tmm4, [{upper} + {down}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{weights} + {row} + 1024]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{lower} + {down}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {upper}, 64",
            "add {lower}, 64",
            "add {weights}, 2048",
            "dec {steps}",
            "jnz 2b",
            upper = inout(reg) upper => _,
            lower = inout(reg) lower => _,
            weights = inout(reg) weights => _,
            steps = inout(reg) steps => _,
            down = in(reg) down,
            row = in(reg) ROW,
            options(nostack, readonly),
        );
    }
}
