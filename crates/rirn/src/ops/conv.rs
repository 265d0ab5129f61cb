// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only door to convolution: whatever form computes it, networks call [`conv2d`] and
//! [`conv_transpose2d`]. Today both take LibTorch's own form (oneDNN or cuDNN), which is also the
//! reference that any faster form is tested against.

use crate::cancel;
use crate::error::Result;
use tch::Tensor;

/// Convolution of `x` `[batch, in, height, width]` with `weight` `[out, in, k, k]` and `bias`
/// `[out]`; zero padding of k/2 rounded down on every side, so that stride 1 keeps the size.
pub(crate) fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, stride: i64) -> Result<Tensor> {
    cancel::check()?;
    let padding = weight.size()[2] / 2;
    Ok(x.f_conv2d(
        weight,
        Some(bias),
        [stride, stride],
        [padding, padding],
        [1, 1],
        1,
    )?)
}

/// Transposed convolution with stride 2 and padding 1, `weight` `[in, out, k, k]`. The output
/// padding makes both sides exactly twice as long, for kernels of 3 and 4.
pub(crate) fn conv_transpose2d(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    cancel::check()?;
    let output_padding = weight.size()[2] % 2;
    Ok(x.f_conv_transpose2d(
        weight,
        Some(bias),
        [2, 2],
        [1, 1],
        [output_padding, output_padding],
        1,
        [1, 1],
    )?)
}
