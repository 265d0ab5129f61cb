// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows of the input as the tiles read them: all sources side by side in bfloat16, with zeros for
//! what lies left and right of the map. A thread keeps as many strips as the kernel has rows; a row
//! of the input goes where the one was that no row of the output needs any more.
#![allow(unsafe_code)]

use super::layer::{DEPTH, EDGE, Layer};
use super::unit::Convert;
use crate::ops::conv::job::Source;
use crate::ops::conv::memory::LINE;
use std::ops::Range;

/// Pixels of the output in a block: two tiles.
pub(super) const BLOCK: usize = 2 * EDGE;

/// Numbers that conversion may write behind a pixel.
const SLACK: usize = DEPTH;

/// The sizes of the strips of a call.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Size of the sources.
    pub(super) height: usize,
    pub(super) width: usize,
    /// Pixels in a row of the output.
    pub(super) across: usize,
    /// Numbers of bfloat16 of a strip; whole cache lines.
    len: usize,
}

impl Shape {
    pub(super) fn new(layer: &Layer, height: usize, width: usize) -> Self {
        let across = width.div_ceil(layer.stride);
        let pixels = (across.next_multiple_of(BLOCK) - 1) * layer.stride + layer.kernel;
        // The last step may read on behind the run of the last pixel.
        let behind = layer.steps() * DEPTH - layer.run();
        let needed = pixels.max(width + layer.kernel) * layer.channels() + behind + SLACK;
        Self {
            height,
            width,
            across,
            len: needed.next_multiple_of(2 * LINE),
        }
    }

    /// Values of float32 that the strips of a kernel take.
    pub(super) fn values(&self, kernel: usize) -> usize {
        kernel * self.len / 2
    }

    /// Rows of the input that a row of the output needs, as far as they lie on the map.
    pub(super) fn rows(&self, layer: &Layer, y: usize) -> Range<usize> {
        let (top, rim) = (y * layer.stride, layer.kernel / 2);
        top.saturating_sub(rim)..self.height.min(top + layer.kernel - rim)
    }
}

/// The strips of a thread.
pub(super) struct Strips<'a> {
    pub(super) layer: &'a Layer,
    pub(super) shape: Shape,
    pub(super) sources: &'a [Source<'a>],
    pub(super) memory: *mut u16,
    pub(super) convert: Convert,
    /// The rows that have been converted.
    pub(super) there: Range<usize>,
}

impl Strips<'_> {
    /// Where the strip of a row of the input is.
    pub(super) fn at(&self, row: usize) -> *mut u16 {
        let slot = row % self.layer.kernel;
        self.memory.wrapping_add(slot * self.shape.len)
    }

    /// Converts the rows that a row of the output needs and that are not there.
    ///
    /// # Safety
    /// Sources and memory are as large as layer and shape say; the processor has the instructions
    /// of `convert`.
    pub(super) unsafe fn bring(&mut self, y: usize) {
        let needed = self.shape.rows(self.layer, y);
        let goes_on = self.there.contains(&needed.start) && self.there.end <= needed.end;
        let first = if goes_on {
            self.there.end
        } else {
            needed.start
        };
        for row in first..needed.end {
            // SAFETY: by the contract of this function.
            unsafe { self.convert_row(row) }
        }
        self.there = needed;
    }

    /// # Safety
    /// As for [`Self::bring`].
    unsafe fn convert_row(&self, row: usize) {
        let (channels, width) = (self.layer.channels(), self.shape.width);
        let rim = self.layer.kernel / 2 * channels;
        let first = self.at(row);
        let begin = first.wrapping_add(rim);
        // SAFETY: the strip has room for rims, pixels and slack; `convert` writes whole vectors, whose
        // ends the pixel or the zeros behind overwrite.
        unsafe {
            first.write_bytes(0, rim);
            match self.sources {
                [source] if source.stride == channels => {
                    let from = source.data.as_ptr().add(row * width * channels);
                    (self.convert)(from, begin, width * channels);
                }
                _ => self.interleave(row, begin),
            }
            let filled = rim + width * channels;
            first.add(filled).write_bytes(0, self.shape.len - filled);
        }
    }

    /// Joins the sources pixel by pixel.
    ///
    /// # Safety
    /// As for [`Self::bring`].
    unsafe fn interleave(&self, row: usize, mut to: *mut u16) {
        for pixel in row * self.shape.width..(row + 1) * self.shape.width {
            for (source, &count) in self.sources.iter().zip(&self.layer.inputs) {
                // SAFETY: by the contract of this function; in order, so that each source overwrites
                // what the one before has written behind its own.
                unsafe {
                    (self.convert)(source.data.as_ptr().add(pixel * source.stride), to, count);
                    to = to.add(count);
                }
            }
        }
    }
}
