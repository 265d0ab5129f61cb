// SPDX-License-Identifier: MIT OR Apache-2.0
//! What matrix tiles do, in plain Rust: to test everything around them on every processor, and to
//! see on one without them what a network makes of such arithmetic. Far too slow for anything else.

use super::layer::{DEPTH, EDGE, TILE};
use super::strip::BLOCK;
use super::unit::Block;

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

pub(super) unsafe fn nothing() {}

/// As [`Convert`](super::unit::Convert) says.
pub(super) unsafe fn convert(from: *const f32, to: *mut u16, count: usize) {
    for i in 0..count {
        // SAFETY: `count` numbers are there, and room for them.
        unsafe { to.add(i).write(to_bf16(from.add(i).read())) }
    }
}

/// The sums of a block, `N` tiles side by side.
///
/// # Safety
/// As [`Block`] says.
pub(super) unsafe fn sums<const N: usize>(block: &Block<'_>) {
    // SAFETY: every place is one that `Block` speaks of.
    unsafe {
        let across = N * EDGE;
        for i in 0..BLOCK * across {
            block.sums.add(i).write(block.bias.add(i % across).read());
        }
        let mut weights = block.weights;
        for row in block.rows {
            for step in 0..block.steps {
                for pixel in 0..BLOCK {
                    let from = row.add(block.offset + pixel * block.next + step * DEPTH);
                    let sums = block.sums.add(pixel * across);
                    for place in 0..N * TILE {
                        let (tile, pair, column) =
                            (place / TILE, place / EDGE % EDGE, place % EDGE);
                        let bits = weights.add(place).read().to_bits();
                        let sum = sums.add(tile * EDGE + column);
                        let low = from_bf16(from.add(2 * pair).read()) * from_bf16(bits as u16);
                        let high = from_bf16(from.add(2 * pair + 1).read())
                            * from_bf16((bits >> 16) as u16);
                        sum.write(sum.read() + low + high);
                    }
                }
                weights = weights.add(N * TILE);
            }
        }
    }
}
