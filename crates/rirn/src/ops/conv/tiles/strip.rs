// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows of a map as the tiles read them: all sources side by side in bfloat16, with zeros for what
//! lies left and right of the map. A thread keeps as many strips as the kernel has rows; a row
//! of the map goes where the one was that no row of the output needs any more.
#![allow(unsafe_code)]

use super::layer::{DEPTH, EDGE, Layer};
use super::unit::Multiplier;
use crate::ops::conv::job::Source;
use crate::ops::conv::memory::LINE;
use std::ops::Range;

/// Pixels of the output in a block: two tiles.
pub(super) const BLOCK: usize = 2 * EDGE;

/// Numbers that conversion may write behind a pixel.
const SLACK: usize = DEPTH;

/// The sizes of the strips that a layer reads.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Size of the map.
    pub(super) height: usize,
    pub(super) width: usize,
    /// Pixels in a row of the layer's output.
    pub(super) across: usize,
    channels: usize,
    pub(super) kernel: usize,
    stride: usize,
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
            channels: layer.channels(),
            kernel: layer.kernel,
            stride: layer.stride,
            len: needed.next_multiple_of(2 * LINE),
        }
    }

    /// Values of float32 that the strips of a kernel take.
    pub(super) fn values(&self) -> usize {
        self.kernel * self.len / 2
    }

    /// Rows of the map that a row of the output needs, as far as they lie on the map.
    pub(super) fn rows(&self, y: usize) -> Range<usize> {
        let (top, rim) = (y * self.stride, self.kernel / 2);
        top.saturating_sub(rim)..self.height.min(top + self.kernel - rim)
    }
}

/// The strips of a thread.
pub(super) struct Ring {
    pub(super) shape: Shape,
    memory: *mut u16,
    /// The rows that are there.
    there: Range<usize>,
}

impl Ring {
    /// In memory with room for [`Shape::values`].
    pub(super) fn new(shape: Shape, memory: *mut f32) -> Self {
        Self {
            shape,
            memory: memory.cast(),
            there: 0..0,
        }
    }

    /// Where the strip of a row of the map is.
    pub(super) fn at(&self, row: usize) -> *mut u16 {
        self.memory.wrapping_add(self.slot(row) * self.shape.len)
    }

    /// Which strip that is.
    pub(super) fn slot(&self, row: usize) -> usize {
        row % self.shape.kernel
    }

    /// Where the first pixel of a row of the map is.
    pub(super) fn pixels(&self, row: usize) -> *mut u16 {
        let rim = self.shape.kernel / 2 * self.shape.channels;
        self.at(row).wrapping_add(rim)
    }

    /// The rows that a row of the output needs and that are not there; the caller brings them.
    pub(super) fn missing(&mut self, y: usize) -> Range<usize> {
        let needed = self.shape.rows(y);
        let goes_on = self.there.contains(&needed.start) && self.there.end <= needed.end;
        let first = if goes_on {
            self.there.end
        } else {
            needed.start
        };
        self.there = needed.clone();
        first..needed.end
    }

    /// Writes zeros everywhere.
    ///
    /// # Safety
    /// The memory is there.
    pub(super) unsafe fn clear(&self) {
        // SAFETY: by the contract of this function.
        unsafe { self.memory.write_bytes(0, 2 * self.shape.values()) }
    }
}

/// The maps that a layer reads.
pub(super) struct Input<'a> {
    pub(super) sources: &'a [Source<'a>],
    /// Channels of each.
    pub(super) inputs: &'a [usize],
    pub(super) shape: Shape,
}

impl Input<'_> {
    /// Converts the rows that a row of the output needs and that are not there.
    ///
    /// # Safety
    /// As [`Multiplier`] says; the strips have this shape.
    #[inline(always)]
    pub(super) unsafe fn bring<M: Multiplier>(&self, strips: &mut Ring, y: usize) {
        for row in strips.missing(y) {
            // SAFETY: by the contract of this function.
            unsafe { self.convert::<M>(row, strips.at(row), strips.pixels(row)) }
        }
    }

    /// # Safety
    /// As for [`Self::bring`].
    #[inline(always)]
    unsafe fn convert<M: Multiplier>(&self, row: usize, strip: *mut u16, pixels: *mut u16) {
        let Shape {
            channels, width, ..
        } = self.shape;
        let rim = self.shape.kernel / 2 * channels;
        // SAFETY: the strip has room for rims, pixels and slack; `convert` writes whole vectors, whose
        // ends the pixel or the zeros behind overwrite.
        unsafe {
            strip.write_bytes(0, rim);
            match self.sources {
                [source] if source.stride == channels => {
                    let from = source.data.as_ptr().add(row * width * channels);
                    M::convert(from, pixels, width * channels);
                }
                _ => self.interleave::<M>(row, pixels),
            }
            let filled = rim + width * channels;
            strip.add(filled).write_bytes(0, self.shape.len - filled);
        }
    }

    /// Joins the sources pixel by pixel.
    ///
    /// # Safety
    /// As for [`Self::bring`].
    #[inline(always)]
    unsafe fn interleave<M: Multiplier>(&self, row: usize, mut to: *mut u16) {
        for pixel in row * self.shape.width..(row + 1) * self.shape.width {
            for (source, &count) in self.sources.iter().zip(self.inputs) {
                // SAFETY: by the contract of this function; in order, so that each source overwrites
                // what the one before has written behind its own.
                unsafe {
                    M::convert(source.data.as_ptr().add(pixel * source.stride), to, count);
                    to = to.add(count);
                }
            }
        }
    }
}
