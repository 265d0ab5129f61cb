// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures in, pictures out: where the network computes on a GPU, pixels are converted there, and
//! only the picture's own bytes travel, once each way.

#[cfg(test)]
mod tests;

use super::bytes::Bytes;
use super::{Deblurrer, Engine, Interrupt, Output};
use crate::error::{PixelError, Result};
use crate::frame::Frame;
use crate::ops::picture::{self, Planes};
use crate::pixel::{Mix, Picture, PictureMut, Shape};
use std::sync::{Arc, OnceLock};
use tch::{Device, Tensor};

/// Set to `on` or `off`, pixels are converted by the network's device or not, whichever it is. Read
/// once in a process.
const SWITCH: &str = "RIRNDEBLUR_DEVICE_PIXELS";

/// A copy of a picture that waits for its way to the device.
pub struct Staged {
    shape: Shape,
    bytes: Bytes,
}

/// A deblurred picture that has come back from the device.
pub struct PackedPicture {
    shape: Shape,
    /// Those of the picture, and one that says that all values were finite.
    bytes: Bytes,
}

impl std::fmt::Debug for PackedPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PackedPicture").field(&self.shape).finish()
    }
}

impl PackedPicture {
    /// Copies the picture into one of the same kind and size.
    ///
    /// # Errors
    /// [`PixelError::Format`], [`PixelError::PictureSize`] or [`PixelError::Colorimetry`] if that
    /// is another kind; nothing is written then.
    pub fn write_to(&self, output: &mut PictureMut<'_>) -> std::result::Result<(), PixelError> {
        crate::pixel::check_shapes(self.shape, output.shape())?;
        output.read_from(self.bytes.as_slice());
        Ok(())
    }
}

/// What a job takes in.
pub(super) enum Incoming {
    Frame(Arc<Frame>),
    Picture(Staged),
    /// The oldest frame that waits is finished.
    Nothing,
}

/// What a job draws on, and with what.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) frame: Frame,
    pub(super) bytes: Option<Bytes>,
    pub(super) mix: Mix,
    /// The picture, where one was drawn instead of the frame.
    pub(super) picture: Option<PackedPicture>,
}

impl Incoming {
    /// Height and width in pixels.
    pub(super) fn size(&self) -> Option<(usize, usize)> {
        match self {
            Self::Frame(frame) => Some((frame.height(), frame.width())),
            Self::Picture(staged) => Some((staged.shape.height, staged.shape.width)),
            Self::Nothing => None,
        }
    }
}

impl Staged {
    /// The planes and the frame `[1, 3, height, width]` on `device`.
    pub(super) fn take_in(&self, device: Device) -> Result<(Tensor, Planes)> {
        let planes = Planes::new(self.shape, &self.bytes.to_device(device)?)?;
        Ok((picture::unpack(&planes)?, planes))
    }

    /// Its memory, to be used again for pictures of that size.
    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl Canvas {
    /// Draws the picture of `sharp`, `blurred` being the frame of `planes`; says whether all is
    /// finite.
    pub(super) fn draw(
        &mut self,
        planes: &Planes,
        blurred: &Tensor,
        sharp: &Tensor,
    ) -> Result<bool> {
        let device = sharp.device();
        let planes = planes.on(device)?;
        let drawn = picture::pack(&planes, &blurred.f_to_device(device)?, sharp, &self.mix)?;
        let shape = planes.shape();
        let length = shape.bytes() + 1;
        let bytes = self.bytes.take().filter(|bytes| bytes.len() == length);
        let mut bytes = bytes.unwrap_or_else(|| Bytes::new(length)).suited(device);
        bytes.fill(&drawn)?;
        let is_finite = bytes.as_slice().last() == Some(&1);
        if is_finite {
            self.picture = Some(PackedPicture { shape, bytes });
        } else {
            self.bytes = Some(bytes);
        }
        Ok(is_finite)
    }
}

impl Engine {
    /// Whether pictures are better given to [`Deblurrer::push_picture`] than converted to frames
    /// first.
    #[must_use]
    pub fn converts_pictures(&self) -> bool {
        static CHOICE: OnceLock<Option<bool>> = OnceLock::new();
        let choice = CHOICE.get_or_init(|| match std::env::var(SWITCH).ok()?.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
        choice.unwrap_or(matches!(self.core.device(), Device::Cuda(_)))
    }
}

impl Deblurrer {
    /// Copies a picture for [`Deblurrer::push_picture`], into used memory if there is some.
    pub fn stage(&mut self, picture: &Picture<'_>) -> Staged {
        let shape = picture.shape();
        let used = self.staging.take();
        let used = used.filter(|bytes| bytes.len() == shape.bytes());
        let mut bytes = used.unwrap_or_else(|| Bytes::new(shape.bytes()));
        picture.write_to(bytes.as_mut_slice());
        Staged { shape, bytes }
    }

    /// As [`Deblurrer::push`], with a picture; [`Output::picture`] is the answer, made with `mix`.
    /// Where the frame had to be cut into tiles it is [`Output::sharp`] instead.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn push_picture(
        &mut self,
        staged: Staged,
        mix: Mix,
        interrupt: &Interrupt,
    ) -> Result<Option<Output>> {
        self.advance(Incoming::Picture(staged), mix, interrupt)
    }

    /// As [`Deblurrer::drain`]; a frame that came as a picture is answered by one, made with `mix`.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn drain_picture(&mut self, mix: Mix, interrupt: &Interrupt) -> Result<Option<Output>> {
        self.advance(Incoming::Nothing, mix, interrupt)
    }

    /// Gives a picture back whose memory may be used again.
    pub fn recycle_picture(&mut self, picture: PackedPicture) {
        self.packed = Some(picture.bytes);
    }
}
