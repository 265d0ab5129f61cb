// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Luma`]: how bright the pixels of some rows of a picture are, without a way through RGB where the
//! picture has luma.

use super::codes::{self, Values};
use super::color::Level;
use super::format::Family;
use super::picture::Picture;
use crate::error::PixelError;

/// Of red, green and blue, by BT.601: nearness is enough for what this is for.
const OF_COLOURS: [f32; 3] = [0.299, 0.587, 0.114];

/// Values `[height, width]`, 0 black and 1 white.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Luma {
    width: usize,
    values: Vec<f32>,
}

impl Luma {
    /// Black of this size in pixels.
    #[must_use]
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            width,
            values: vec![0.0; height * width],
        }
    }

    /// Reads rows of a picture, limited to `[0, 1]`: luma where it has such, else what its colours
    /// have of BT.601's. Takes the picture's size; the values of other rows are unspecified.
    ///
    /// # Errors
    /// [`PixelError::Memory`] if there is no room for it.
    ///
    /// # Panics
    /// Where the picture has no such row.
    pub fn read(
        &mut self,
        picture: &Picture<'_>,
        rows: impl Iterator<Item = usize>,
    ) -> Result<(), PixelError> {
        self.resize(picture.height(), picture.width())?;
        let layout = picture.format().layout();
        let level = Level::luma(picture.colorimetry().range, layout.sample.bits);
        let meaning = Values::new(level, (0.0, 1.0), layout.sample);
        let of = |index: usize| layout.components[index];
        let mut colour = vec![0.0; self.width];
        for y in rows {
            let into = &mut self.values[y * self.width..][..self.width];
            let row = |index: usize| picture.row(of(index).plane, y);
            if layout.family != Family::Rgb {
                codes::decode(row(0), of(0), &meaning, into);
                continue;
            }
            into.fill(0.0);
            for (index, share) in OF_COLOURS.into_iter().enumerate() {
                codes::decode(row(index), of(index), &meaning, &mut colour);
                for (sum, value) in into.iter_mut().zip(&colour) {
                    *sum += share * value;
                }
            }
        }
        Ok(())
    }

    fn resize(&mut self, height: usize, width: usize) -> Result<(), PixelError> {
        let values = height * width;
        let more = values.saturating_sub(self.values.len());
        let room = self.values.try_reserve_exact(more);
        room.map_err(|_| PixelError::Memory { values })?;
        self.values.resize(values, 0.0);
        self.width = width;
        Ok(())
    }

    /// In pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// All values, row by row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, row by row.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
