// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bands of rows, so that several threads can convert one picture.

use super::picture::{Picture, PictureMut, Plane};
use super::{Mix, unpack_into, write};
use std::mem;
use std::ops::Range;

/// Rows `[width, 3]` of a frame, from row `first` on: all of them, or a band.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    first: usize,
    length: usize,
    values: &'a mut [f32],
}

impl<'a> Rows<'a> {
    /// Rows of `width` pixels.
    pub(super) fn new(first: usize, width: usize, values: &'a mut [f32]) -> Self {
        let length = 3 * width;
        Self {
            first,
            length,
            values,
        }
    }

    /// Row `y` of the frame.
    pub(super) fn row_mut(&mut self, y: usize) -> &mut [f32] {
        &mut self.values[(y - self.first) * self.length..][..self.length]
    }
}

/// These rows of a picture as `[rows, width, 3]`, bit by bit as [`super::unpack`] has them.
///
/// # Panics
/// Where the picture has no such rows, or `values` is shorter.
pub(crate) fn unpack_band(picture: &Picture<'_>, mut rows: Range<usize>, values: &mut [f32]) {
    let mut into = Rows::new(rows.start, picture.width(), values);
    unpack_into(picture, &mut rows, &mut into);
}

/// Writes the rows of `band`, a band of a picture of the input's kind and size, bit by bit as
/// [`super::pack`] does. `frames` are all values of the blurred and the sharp frame.
///
/// # Panics
/// Where a frame has fewer values than the picture.
pub(crate) fn pack_band(
    input: &Picture<'_>,
    frames: [&[f32]; 2],
    mix: &Mix,
    band: &mut PictureMut<'_>,
) {
    write(input, frames, mix, band);
}

impl PictureMut<'_> {
    /// The luma rows that are here.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// The same rows, for a while.
    pub(crate) fn reborrow(&mut self) -> PictureMut<'_> {
        PictureMut {
            shape: self.shape,
            rows: self.rows.clone(),
            planes: self.planes.each_mut().map(|plane| Plane {
                bytes: &mut *plane.bytes,
                ..*plane
            }),
        }
    }

    /// Cuts a whole picture into bands of `height` luma rows, the last one perhaps lower. The
    /// height is even, so that no row of chroma belongs to two of them.
    pub(crate) fn into_bands(mut self, height: usize) -> Vec<Self> {
        debug_assert!(height > 0 && height.is_multiple_of(2), "{height}");
        let (shape, layout) = (self.shape, self.shape.format.layout());
        let starts = self.rows.clone().step_by(height);
        let bands = starts.map(|start| {
            let rows = start..(start + height).min(shape.height);
            let mut planes: [Plane<&mut [u8]>; 4] = Default::default();
            let pairs = planes.iter_mut().zip(&mut self.planes);
            for ((band, rest), layout) in pairs.zip(layout.planes) {
                *band = rest.split_off(rows.end.div_ceil(layout.step.vertical));
            }
            Self {
                shape,
                rows,
                planes,
            }
        });
        bands.collect()
    }
}

impl Plane<&mut [u8]> {
    /// Takes the rows above row `end` away.
    fn split_off(&mut self, end: usize) -> Self {
        let rows = end - self.first;
        let bytes = mem::take(&mut self.bytes);
        // The last row may lack its padding.
        let above = bytes.len().min(rows * self.stride);
        let (above, below) = bytes.split_at_mut(above);
        let first = mem::replace(&mut self.first, end);
        self.bytes = below;
        self.rows -= rows;
        Self {
            bytes: above,
            first,
            rows,
            ..*self
        }
    }
}
