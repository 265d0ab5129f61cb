// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames to tensors and back.

use crate::error::{Error, Result};
use crate::frame::Frame;
use tch::{Device, Tensor};

/// A size as LibTorch counts it.
pub(super) fn side(pixels: usize) -> Result<i64> {
    i64::try_from(pixels).map_err(|_| Error::Shape(format!("{pixels} pixels are too many")))
}

/// `frame` as a tensor `[1, 3, height, width]` in channels-last memory on `device`.
pub(super) fn to_tensor(frame: &Frame, device: Device) -> Result<Tensor> {
    let size = [1, side(frame.height())?, side(frame.width())?, 3];
    let tensor = Tensor::f_from_slice(frame.data())?.f_view(size)?;
    Ok(tensor.f_to_device(device)?.f_permute([0, 3, 1, 2])?)
}

/// Copies a tensor `[1, 3, height, width]` into `frame`, and says whether all values are finite.
pub(super) fn to_frame(tensor: &Tensor, frame: &mut Frame) -> Result<bool> {
    let (_, _, height, width) = tensor.size4()?;
    let tensor = tensor
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_to_device(Device::Cpu)?;
    frame.resize(
        usize::try_from(height).unwrap_or_default(),
        usize::try_from(width).unwrap_or_default(),
    )?;
    let count = frame.data().len();
    tensor.f_copy_data(frame.data_mut(), count)?;
    // All of them, without a way out in between: the loop is vectorised, a sum or `all` is not.
    Ok(frame
        .data()
        .iter()
        .fold(true, |finite, value| finite & value.is_finite()))
}
