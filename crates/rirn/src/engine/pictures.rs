// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures in, pictures out: a copy of the picture's own bytes travels to the worker, and others
//! come back. Pixels are converted there: by tensor operations where the network computes on a GPU,
//! so that only bytes travel to it, else by the pixel floor on the own threads.

pub(super) mod canvas;
#[cfg(test)]
mod tests;

use super::bytes::Bytes;
use super::fit::Fit;
use super::shared::Core;
use super::tensors::to_tensor;
use super::{Deblurrer, Engine, Interrupt, Output, Pushed};
use crate::error::{Error, PixelError, Result, caught};
use crate::frame::Frame;
use crate::ops::bands;
use crate::ops::picture::{self, Planes};
use crate::ops::spare;
use crate::pixel::{Mix, Picture, PictureMut, Shape};
use std::sync::{Arc, OnceLock};
use tch::{Device, Tensor};

/// Set to `on` or `off`, pixels are converted by tensor operations or not, whichever the network's
/// device is. Read once in a process.
const SWITCH: &str = "RIRNDEBLUR_DEVICE_PIXELS";

/// A copy of a picture that waits for the worker.
pub struct Staged {
    shape: Shape,
    bytes: Bytes,
}

/// A deblurred picture that has come back from the worker.
pub struct PackedPicture {
    shape: Shape,
    /// Those of the picture; where tensor operations made it, one more.
    bytes: Bytes,
}

/// A picture whose frame the network has, kept for the correction.
pub(super) enum Original {
    /// As it came, for the pixel floor.
    Bytes(Staged),
    /// On a device, for tensor operations.
    Planes(Planes),
}

impl std::fmt::Debug for PackedPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PackedPicture").field(&self.shape).finish()
    }
}

impl PackedPicture {
    /// A picture of this shape with these bytes, and perhaps one more.
    pub(super) fn new(shape: Shape, bytes: Bytes) -> Self {
        Self { shape, bytes }
    }

    /// Copies the picture into one of the same kind and size.
    ///
    /// # Errors
    /// [`PixelError::Format`], [`PixelError::PictureSize`] or [`PixelError::Colorimetry`] if that
    /// is another kind; nothing is written then.
    pub fn write_to(&self, output: &mut PictureMut<'_>) -> std::result::Result<(), PixelError> {
        crate::pixel::check_shapes(self.shape, output.shape())?;
        let picture = self.shape.view(self.bytes.as_slice())?;
        copy(&picture, output.reborrow(), self.bytes.is_pinned());
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

/// A frame that has come in.
#[derive(Default)]
pub(super) struct Arrival {
    /// `[1, 3, height, width]`, where the network is if there is room for it there; nothing where there is
    /// no room at all.
    pub(super) frame: Option<Tensor>,
    /// The picture that it came as.
    pub(super) original: Option<Original>,
    /// The memory of the picture, where it is not needed any more.
    pub(super) free: Option<Bytes>,
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

    /// The memory of a picture that is done with, as suits `device`.
    pub(super) fn into_bytes(self, device: Device) -> Option<Bytes> {
        match self {
            Self::Picture(staged) => Some(staged.into_bytes(device)),
            Self::Frame(_) | Self::Nothing => None,
        }
    }

    /// The frame as a tensor; nothing where none comes.
    pub(super) fn take_in(self, core: &Core, fit: &Fit) -> Result<Option<Arrival>> {
        let (frame, original, free) = match self {
            Self::Frame(frame) => {
                let frame = on_device(core, fit, |device| to_tensor(&frame, device))?;
                (frame, None, None)
            }
            Self::Picture(staged) => {
                let networks = core.device();
                let make = |device| staged.frame(networks, device);
                let (frame, planes) = on_device(core, fit, make)?;
                let (original, free) = staged.kept(planes, networks);
                (frame, Some(original), free)
            }
            Self::Nothing => return Ok(None),
        };
        Ok(Some(Arrival {
            frame: Some(frame),
            original,
            free,
        }))
    }
}

/// What comes in as tensors; where the device has no room, in the memory of the host.
fn on_device<T>(core: &Core, fit: &Fit, take_in: impl Fn(Device) -> Result<T>) -> Result<T> {
    if fit.is_exhausted() {
        return take_in(Device::Cpu);
    }
    match caught(|| take_in(core.device())) {
        Err(Error::OutOfMemory(_)) => {
            spare::free();
            take_in(Device::Cpu)
        }
        other => other,
    }
}

impl Staged {
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Copies the picture's bytes to a tensor of as many.
    pub(super) fn copy_to(&self, there: &mut Tensor) -> Result<()> {
        self.bytes.copy_to(there)
    }

    /// The memory of the picture, as suits `device`, once it is not needed any more.
    pub(super) fn into_bytes(self, device: Device) -> Bytes {
        self.bytes.suited(device)
    }

    /// The frame `[1, 3, height, width]` on `device`, and the planes there where tensor operations
    /// have made it, as they do for a network on `networks`.
    fn frame(&self, networks: Device, device: Device) -> Result<(Tensor, Option<Planes>)> {
        if is_by_tensors(networks) {
            let planes = Planes::new(self.shape, &self.bytes.to_device(device)?)?;
            return Ok((picture::unpack(&planes)?, Some(planes)));
        }
        let frame = bands::unpack(&self.shape.view(self.bytes.as_slice())?)?;
        Ok((frame.f_to_device(device)?, None))
    }

    /// What is kept for the correction, and the memory that is free then, as suits `device`.
    fn kept(self, planes: Option<Planes>, device: Device) -> (Original, Option<Bytes>) {
        match planes {
            Some(planes) => (Original::Planes(planes), Some(self.into_bytes(device))),
            None => (Original::Bytes(self), None),
        }
    }
}

impl Original {
    /// The memory that the picture came in, if it is still here.
    pub(super) fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Bytes(staged) => Some(staged.bytes),
            Self::Planes(_) => None,
        }
    }
}

/// Copies a picture to memory for a GPU or from there by several threads, else by this one: a processor
/// that computes has better things to do, and takes so long that nobody waits for the copy.
fn copy(from: &Picture<'_>, mut to: PictureMut<'_>, is_pinned: bool) {
    if is_pinned {
        bands::copy(from, to);
    } else {
        to.copy_from(from);
    }
}

/// Whether the pixels of pictures for a network on this device are converted by tensor operations.
pub(super) fn is_by_tensors(device: Device) -> bool {
    static CHOICE: OnceLock<Option<bool>> = OnceLock::new();
    let choice = CHOICE.get_or_init(|| match std::env::var(SWITCH).ok()?.as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    });
    choice.unwrap_or(matches!(device, Device::Cuda(_)))
}

impl Engine {
    /// Whether the pixels of pictures are converted by the network's device, so that frames would
    /// have a longer way to it than pictures.
    #[must_use]
    pub fn converts_pictures(&self) -> bool {
        is_by_tensors(self.core.device())
    }
}

impl Deblurrer {
    /// Copies a picture for [`Deblurrer::push_picture`], into used memory if there is some.
    ///
    /// # Errors
    /// [`PixelError::Memory`] if there is no room for it.
    pub fn stage(&mut self, picture: &Picture<'_>) -> std::result::Result<Staged, PixelError> {
        let shape = picture.shape();
        let mut bytes = Bytes::used_or_new(self.staging.take(), shape.bytes())?;
        let is_pinned = bytes.is_pinned();
        copy(picture, shape.view_mut(bytes.as_mut_slice())?, is_pinned);
        Ok(Staged { shape, bytes })
    }

    /// As [`Deblurrer::push`], with a picture; [`Output::picture`] is the answer, made with `mix`.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn push_picture(
        &mut self,
        staged: Staged,
        mix: Mix,
        interrupt: &Interrupt,
    ) -> Result<Option<Output>> {
        self.offer_picture(staged, mix, || true, interrupt)
            .map(Pushed::output)
    }

    /// As [`Deblurrer::push_picture`], but `wanted` is asked on the worker when the picture's turn has come,
    /// which other videos on the device may delay. A picture that is not wanted any more leaves no
    /// trace.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn offer_picture(
        &mut self,
        staged: Staged,
        mix: Mix,
        wanted: impl FnOnce() -> bool + Send + 'static,
        interrupt: &Interrupt,
    ) -> Result<Pushed> {
        self.advance(Incoming::Picture(staged), mix, wanted, interrupt)
    }

    /// As [`Deblurrer::drain`]; a frame that came as a picture is answered by one, made with `mix`.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn drain_picture(&mut self, mix: Mix, interrupt: &Interrupt) -> Result<Option<Output>> {
        self.advance(Incoming::Nothing, mix, || true, interrupt)
            .map(Pushed::output)
    }

    /// Gives a picture back whose memory may be used again.
    pub fn recycle_picture(&mut self, picture: PackedPicture) {
        self.packed = Some(picture.bytes);
    }
}
