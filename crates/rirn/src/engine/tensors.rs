// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames to tensors and back.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::ops::passes;
use tch::{Device, Kind, Tensor};

/// A size as LibTorch counts it.
pub(super) fn side(pixels: usize) -> Result<i64> {
    i64::try_from(pixels).map_err(|_| Error::Shape(format!("{pixels} pixels are too many")))
}

/// Refuses a height and width without pixels.
pub(super) fn check_pixels((height, width): (usize, usize)) -> Result<()> {
    if height == 0 || width == 0 {
        let text =
            format!("a frame of {width}x{height} pixels has no pixel, at least 1x1 is needed");
        return Err(Error::Shape(text));
    }
    Ok(())
}

/// `frame` as a tensor `[1, 3, height, width]` in channels-last memory on `device`.
pub(super) fn to_tensor(frame: &Frame, device: Device) -> Result<Tensor> {
    let (height, width) = (side(frame.height())?, side(frame.width())?);
    Ok(passes::frame_of(frame.data(), height, width)?.f_to_device(device)?)
}

/// Copies a tensor `[1, 3, height, width]` into `frame`, and says whether all values are finite.
pub(super) fn to_frame(tensor: &Tensor, frame: &mut Frame) -> Result<bool> {
    let (_, _, height, width) = tensor.size4()?;
    frame.resize(
        usize::try_from(height).unwrap_or_default(),
        usize::try_from(width).unwrap_or_default(),
    )?;
    if let Some(finite) = passes::copy_out(tensor, frame.data_mut()) {
        return Ok(finite);
    }
    let data = frame.data_mut().as_mut_ptr().cast();
    // In one pass, whatever the order and kind of the tensor.
    // SAFETY: the frame has been given this size, `height` times `width` times three numbers; it is
    // borrowed alone, and the tensor that stands for it ends before this function does.
    let mut into = unsafe {
        let size = [height, width, 3];
        let steps = [3 * width, 3, 1];
        Tensor::f_from_blob(data, &size, &steps, Kind::Float, Device::Cpu)?
    };
    into.f_copy_(&tensor.f_squeeze_dim(0)?.f_permute([1, 2, 0])?)?;
    drop(into);
    Ok(passes::all_finite(frame.data()))
}
