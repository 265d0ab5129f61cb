// SPDX-License-Identifier: MIT OR Apache-2.0
//! What to fetch during the second step of a block. Then the arithmetic is busy and memory is not;
//! in the other two steps it is the other way around: without this they wait longer than they
//! compute for lines of maps that lie in the level-3 cache or behind it.
#![allow(unsafe_code)]

use super::block::Block;
use super::layer::Panel;
use crate::ops::conv::memory::LINE;
use crate::ops::conv::simd::Vector;

/// What to fetch while a panel of `N` vectors is multiplied.
pub(super) struct Ahead<'a, const N: usize> {
    block: &'a Block<'a>,
    /// The panel's first channel.
    channel: usize,
    /// Rows of tiles, by their first pixels: the panel's products go to these,
    here: &'a [usize],
    /// and a part of what the next block reads lies around those.
    next: &'a [usize],
    steps: usize,
}

impl<'a, const N: usize> Ahead<'a, N> {
    /// For a panel of a block.
    #[inline(always)]
    pub(super) fn new(block: &'a Block<'a>, panel: &Panel, steps: usize) -> Self {
        let maps = block.maps;
        let [here, next] = block.rows;
        let part = share(next, panel.index, block.layer.panels.len());
        let none: &[usize] = &[];
        let wide = maps.sources.iter().any(|source| source.stride >= LINE);
        Self {
            block,
            channel: panel.channel,
            here: if maps.output_stride < LINE {
                none
            } else {
                here
            },
            next: if wide { part } else { none },
            steps,
        }
    }

    /// Asks for the lines that belong to a step. They are few, as the processor forgets part of
    /// what it is asked for at once.
    ///
    /// # Safety
    /// The processor has the instructions of `V`.
    #[inline(always)]
    pub(super) unsafe fn fetch<V: Vector>(&self, step: usize) {
        let (layer, maps) = (self.block.layer, self.block.maps);
        // SAFETY: by the contract of this function.
        unsafe {
            for &pixel in share(self.here, step, self.steps) {
                let wide = N * V::LANES;
                let at = |stride| pixel * stride + self.channel;
                let output = maps.output.wrapping_add(at(maps.output_stride));
                row::<V>(output, maps.output_stride, wide, layer.edge);
                if let Some(residual) = maps.residual {
                    let from = residual.data.as_ptr().wrapping_add(at(residual.stride));
                    row::<V>(from, residual.stride, wide, layer.edge);
                }
            }
            for &pixel in share(self.next, step, self.steps) {
                // The tiles above have had the rest of the pixels around a tile.
                let pixel = pixel + layer.before * (maps.width + 1);
                for (source, &channels) in maps.sources.iter().zip(&layer.inputs) {
                    let from = source.data.as_ptr().wrapping_add(pixel * source.stride);
                    row::<V>(from, source.stride, channels, layer.edge);
                }
            }
        }
    }
}

/// One of so many parts.
#[inline(always)]
fn share(rows: &[usize], part: usize, parts: usize) -> &[usize] {
    &rows[rows.len() * part / parts..rows.len() * (part + 1) / parts]
}

/// Asks for some channels of a tile's row of pixels, the first one of the first pixel given.
/// Pixels behind the map or in the next row of it do no harm. Where pixels share lines, there are
/// so few products that asking takes longer than it saves.
///
/// # Safety
/// As for [`Ahead::fetch`].
#[inline(always)]
unsafe fn row<V: Vector>(first: *const f32, stride: usize, channels: usize, edge: usize) {
    if stride < LINE {
        return;
    }
    for c in (0..channels).step_by(LINE) {
        let from = first.wrapping_add(c);
        // SAFETY: by the contract of this function; the addresses are only asked for.
        unsafe {
            V::fetch(from);
            V::fetch(from.wrapping_add(stride));
            if edge == 4 {
                V::fetch(from.wrapping_add(2 * stride));
                V::fetch(from.wrapping_add(3 * stride));
            }
        }
    }
}
