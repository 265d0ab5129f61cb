// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 2: tensor operations as the networks need them.
//!
//! All maps are `[batch, channels, height, width]` in channels-last memory, which oneDNN and cuDNN
//! compute 1.2 to 3 times faster than the planar order (`docs/STRUCTURE.md`). The binding has no
//! memory-format argument, so tensors begin their life as `[batch, height, width, channels]` and
//! are permuted; convolutions, concatenations and element-wise operations keep the order.

pub(crate) mod conv;
mod pad;

pub(crate) use pad::pad_to_multiple;

use crate::error::Result;
use tch::{Device, Kind, Tensor};

/// Joins channels, the first tensor's first.
pub(crate) fn cat(tensors: &[&Tensor]) -> Result<Tensor> {
    Ok(Tensor::f_cat(tensors, 1)?)
}

/// Splits `[batch, 2n, height, width]` into its first and last n channels.
pub(crate) fn halves(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let half = x.size()[1] / 2;
    Ok((x.f_narrow(1, 0, half)?, x.f_narrow(1, half, half)?))
}

/// A map of zeros `[batch, channels, height, width]` in channels-last memory.
pub(crate) fn zeros(size: [i64; 4], kind: Kind, device: Device) -> Result<Tensor> {
    let [batch, channels, height, width] = size;
    let zeros = Tensor::f_zeros([batch, height, width, channels], (kind, device))?;
    Ok(zeros.f_permute([0, 3, 1, 2])?)
}

/// Whether `x` lies in channels-last memory (maps of one channel or one pixel always do).
#[cfg(test)]
pub(crate) fn is_channels_last(x: &Tensor) -> bool {
    x.permute([0, 2, 3, 1]).is_contiguous()
}
