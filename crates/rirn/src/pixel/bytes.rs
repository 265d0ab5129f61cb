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

impl PictureMut<'_> {
    /// Copies the rows that are here, all of them or a band's, from a picture of the same kind and size.
    pub(crate) fn copy_from(&mut self, from: &Picture<'_>) {
        for plane in 0..self.planes.len() {
            let here = &self.planes[plane];
            for y in here.first..here.first + here.rows {
                self.row_mut(plane, y).copy_from_slice(from.row(plane, y));
            }
        }
    }
}
