// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Canvas`]: what a frame of a network becomes a picture on, and how.

use super::{Original, PackedPicture, Staged};
use crate::engine::bytes::Bytes;
use crate::error::Result;
use crate::frame::Frame;
use crate::ops::bands;
use crate::ops::picture::{self, Planes};
use crate::pixel::{Mix, Shape};
use tch::Tensor;

/// What a job draws on, and with what.
#[derive(Default)]
pub(in crate::engine) struct Canvas {
    pub(in crate::engine) frame: Frame,
    pub(in crate::engine) bytes: Option<Bytes>,
    pub(in crate::engine) mix: Mix,
    /// The picture, where one was drawn instead of the frame.
    pub(in crate::engine) picture: Option<PackedPicture>,
}

impl Canvas {
    /// Draws the picture of `sharp`, `blurred` being the frame of `original`; says whether all is
    /// finite.
    pub(in crate::engine) fn draw(
        &mut self,
        original: &Original,
        blurred: &Tensor,
        sharp: &Tensor,
    ) -> Result<bool> {
        let (shape, bytes, is_finite) = match original {
            Original::Bytes(staged) => self.by_bands(staged, blurred, sharp)?,
            Original::Planes(planes) => self.by_tensors(planes, blurred, sharp)?,
        };
        if is_finite {
            self.picture = Some(PackedPicture::new(shape, bytes));
        } else {
            self.bytes = Some(bytes);
        }
        Ok(is_finite)
    }

    fn by_bands(
        &mut self,
        staged: &Staged,
        blurred: &Tensor,
        sharp: &Tensor,
    ) -> Result<(Shape, Bytes, bool)> {
        let shape = staged.shape;
        let input = shape.view(staged.bytes.as_slice())?;
        let mut bytes = Bytes::used_or_new(self.bytes.take(), shape.bytes())?;
        let output = shape.view_mut(bytes.as_mut_slice())?;
        let is_finite = bands::pack(&input, blurred, sharp, &self.mix, output)?;
        Ok((shape, bytes, is_finite))
    }

    fn by_tensors(
        &mut self,
        planes: &Planes,
        blurred: &Tensor,
        sharp: &Tensor,
    ) -> Result<(Shape, Bytes, bool)> {
        let (shape, device) = (planes.shape(), sharp.device());
        let (planes, blurred) = (planes.on(device)?, blurred.f_to_device(device)?);
        let drawn = picture::pack(&planes, &blurred, sharp, &self.mix)?;
        let bytes = Bytes::used_or_new(self.bytes.take(), shape.bytes() + 1)?;
        let mut bytes = bytes.suited(device);
        bytes.fill(&drawn)?;
        let is_finite = bytes.as_slice().last() == Some(&1);
        Ok((shape, bytes, is_finite))
    }
}
