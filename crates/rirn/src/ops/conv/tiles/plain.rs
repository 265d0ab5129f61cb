// SPDX-License-Identifier: MIT OR Apache-2.0
//! What matrix tiles do, in plain Rust: to test everything around them on every processor, and to
//! see on one without them what a network makes of such arithmetic. Far too slow for anything else.
#![allow(unsafe_code)]

use super::layer::{DEPTH, EDGE, TILE};
use super::sink::{Sink, Strip};
use super::strip::BLOCK;
use super::unit::{Block, Multiplier};
use crate::ops::conv::finish::finish;
use crate::ops::conv::simd::Portable;

/// Rounds to the nearest number of bfloat16, to the even one of two; what is not a number stays so.
pub(crate) fn to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    let kept = if x.is_nan() { bits | 1 << 22 } else { rounded };
    (kept >> 16) as u16
}

/// The float32 number of the same value.
pub(crate) fn from_bf16(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// The unit.
pub(super) struct Plain;

impl Multiplier for Plain {
    unsafe fn start() {}
    unsafe fn stop() {}

    unsafe fn convert(from: *const f32, to: *mut u16, count: usize) {
        for i in 0..count {
            // SAFETY: `count` numbers are there, and room for them.
            unsafe { to.add(i).write(to_bf16(from.add(i).read())) }
        }
    }

    unsafe fn sums<const N: usize>(block: Block<'_>, mut beside: impl FnMut()) {
        let across = N * EDGE;
        let mut weights = block.weights;
        // SAFETY: every place is one that `Block` speaks of.
        unsafe {
            block.sums.write_bytes(0, BLOCK * across);
            for row in block.rows {
                for step in 0..block.steps {
                    for pixel in 0..BLOCK {
                        let from = row.add(block.offset + pixel * block.next + step * DEPTH);
                        for tile in 0..N {
                            let sums = block.sums.add(pixel * across + tile * EDGE);
                            multiply(sums.cast(), from, weights.add(tile * TILE).cast());
                        }
                    }
                    weights = weights.add(N * TILE);
                }
                beside();
            }
        }
    }

    /// A tile in width is four vectors.
    unsafe fn finish(
        sink: &Sink<'_>,
        sums: *const f32,
        tiles: usize,
        channel: usize,
        first: usize,
        count: usize,
    ) {
        let pixels = (first, count);
        // SAFETY: by the contract of the trait.
        unsafe {
            match sink {
                Sink::Map { output, bias } => {
                    let bias = Some(bias.add(channel));
                    match tiles {
                        1 => finish::<Portable, 4>(output, channel, pixels, sums, bias),
                        _ => finish::<Portable, 8>(output, channel, pixels, sums, bias),
                    }
                }
                Sink::Strip(strip) => round(strip, sums, tiles * EDGE, channel, pixels),
            }
        }
    }
}

/// Sums to numbers of a strip.
///
/// # Safety
/// As for [`Plain::finish`].
unsafe fn round(
    strip: &Strip,
    sums: *const f32,
    lanes: usize,
    channel: usize,
    (first, count): (usize, usize),
) {
    for pixel in 0..count {
        for lane in 0..lanes.min(strip.channels - channel) {
            // SAFETY: by the contract of this function.
            unsafe {
                let sum = sums.add(pixel * lanes + lane).read();
                let number = sum + strip.bias.add(channel + lane).read();
                let number = if number < 0.0 { 0.0 } else { number };
                let to = strip
                    .to
                    .add((first + pixel) * strip.channels + channel + lane);
                to.write(to_bf16(number));
            }
        }
    }
}

/// Adds the products of a pixel's numbers with a tile of weights, where each value holds a pair.
///
/// # Safety
/// The sums of a row of a tile, as many numbers as it has in depth, and a tile are there.
#[inline(always)]
unsafe fn multiply(sums: *mut [f32; EDGE], from: *const u16, weights: *const [u32; EDGE]) {
    // SAFETY: by the contract of this function.
    unsafe {
        // Arrays, which the compiler makes vectors of.
        let mut all = *sums;
        for pair in 0..DEPTH / 2 {
            let [low, high] = [0, 1].map(|place| from_bf16(from.add(2 * pair + place).read()));
            for (sum, bits) in all.iter_mut().zip(&*weights.add(pair)) {
                *sum += low * f32::from_bits(bits << 16);
                *sum += high * f32::from_bits(bits & 0xffff_0000);
            }
        }
        *sums = all;
    }
}
