// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures as one run of bytes: plane after plane and row after row, without stride padding. That
//! is how they travel to the worker or a device and back.

use super::picture::{Picture, PictureMut, Shape};
use crate::error::PixelError;

impl Shape {
    /// Bytes of a row, and rows, of every plane. The picture exists, so nothing overflows.
    pub(crate) fn plane_sizes(self) -> impl Iterator<Item = (usize, usize)> {
        let planes = 0..self.format.plane_count();
        planes.filter_map(move |plane| self.format.plane_size(plane, self.width, self.height))
    }

    /// Bytes of all planes.
    pub(crate) fn bytes(self) -> usize {
        self.plane_sizes().map(|(bytes, rows)| bytes * rows).sum()
    }

    /// Views a run of bytes as a picture.
    ///
    /// # Errors
    /// Those of [`Picture::new`] where it is too short.
    pub(crate) fn view(self, bytes: &[u8]) -> Result<Picture<'_>, PixelError> {
        let mut rest = bytes;
        let planes = self.plane_sizes().map(|(row_bytes, rows)| {
            let (plane, after) = rest.split_at(rest.len().min(row_bytes * rows));
            rest = after;
            (plane, row_bytes)
        });
        Picture::new(
            self.format,
            self.width,
            self.height,
            self.colorimetry,
            planes,
        )
    }

    /// The same to be written.
    ///
    /// # Errors
    /// Those of [`PictureMut::new`] where it is too short.
    pub(crate) fn view_mut(self, bytes: &mut [u8]) -> Result<PictureMut<'_>, PixelError> {
        let mut rest = bytes;
        let planes = self.plane_sizes().map(|(row_bytes, rows)| {
            let all = std::mem::take(&mut rest);
            let (plane, after) = all.split_at_mut(all.len().min(row_bytes * rows));
            rest = after;
            (plane, row_bytes)
        });
        PictureMut::new(
            self.format,
            self.width,
            self.height,
            self.colorimetry,
            planes,
        )
    }
}

impl Picture<'_> {
    /// Copies the picture's bytes into `to`, which has as many.
    pub(crate) fn write_to(&self, to: &mut [u8]) {
        let mut rest = to;
        for (plane, (row_bytes, rows)) in self.shape().plane_sizes().enumerate() {
            for y in 0..rows {
                let (row, after) = rest.split_at_mut(row_bytes);
                row.copy_from_slice(self.row(plane, y));
                rest = after;
            }
        }
    }
}

impl PictureMut<'_> {
    /// Copies bytes of a picture of the same kind and size, no fewer than it has, into the planes.
    pub(crate) fn read_from(&mut self, from: &[u8]) {
        let mut rest = from;
        for (plane, (row_bytes, rows)) in self.shape().plane_sizes().enumerate() {
            for y in 0..rows {
                let (row, after) = rest.split_at(row_bytes);
                self.row_mut(plane, y).copy_from_slice(row);
                rest = after;
            }
        }
    }
}
