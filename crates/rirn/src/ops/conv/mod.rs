// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only door to convolution: whatever form computes it, networks call [`Conv2d`] and
//! [`ConvTranspose2d`]. LibTorch's forms (oneDNN or cuDNN) compute everything, and are the
//! reference for the own form ([`own`]), which takes over where it can: odd kernels with stride 1 or
//! 2 in float32 on the CPU, without gradients.
//!
//! The own form is plain Rust and knows no tensors below `own.rs`: [`job`] names the maps of a
//! call, [`winograd`] computes 3×3 with stride 1 and [`direct`] the rest, [`simd`] has the
//! instruction sets, [`memory`] the memory of the kernels, [`parallel`] and [`pool`] the threads.

pub(crate) mod composed;
mod direct;
mod job;
mod memory;
pub(super) mod own;
mod parallel;
mod pool;
mod simd;
#[cfg(test)]
mod tests;
mod transposed;
mod winograd;

use crate::cancel;
use crate::error::Result;
use own::{Layer, OwnForm};
pub(crate) use own::{computes, takes};
use tch::Tensor;
pub(crate) use transposed::ConvTranspose2d;

/// A convolution with its tensors: weight `[out, in, k, k]` and bias `[out]`; zero padding of k/2
/// rounded down on every side, so that stride 1 keeps the size.
pub(crate) struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    own: OwnForm,
}

impl Conv2d {
    /// The tensors may still be undefined, as long as nothing is computed.
    pub(crate) fn new(weight: Tensor, bias: Tensor, stride: i64) -> Self {
        Self {
            weight,
            bias,
            stride,
            own: OwnForm::default(),
        }
    }

    /// `x` `[batch, in, height, width]` to `[batch, out, height/stride, width/stride]`: convolution
    /// and bias, then the residual added, then ReLU, as far as they are asked for.
    pub(crate) fn run(&self, x: &Tensor, residual: Option<&Tensor>, relu: bool) -> Result<Tensor> {
        cancel::check()?;
        let layer = Layer {
            weight: &self.weight,
            bias: &self.bias,
            stride: self.stride,
        };
        if let Some(y) = self.own.run(layer, x, residual, relu)? {
            return Ok(y);
        }
        let padding = self.weight.size()[2] / 2;
        let mut y = x.f_conv2d(
            &self.weight,
            Some(&self.bias),
            [self.stride, self.stride],
            [padding, padding],
            [1, 1],
            1,
        )?;
        // In place: the map is this layer's own.
        if let Some(residual) = residual {
            y = y.f_add_(residual)?;
        }
        if relu {
            y = y.f_relu_()?;
        }
        Ok(y)
    }

    /// Changes whenever LibTorch writes into weight or bias; nothing while they are being trained.
    pub(crate) fn version(&self) -> Result<Option<i64>> {
        version(&self.weight, &self.bias)
    }
}

/// Changes whenever LibTorch writes into one of the tensors; nothing while one is being trained.
pub(crate) fn version(weight: &Tensor, bias: &Tensor) -> Result<Option<i64>> {
    if weight.requires_grad() || bias.requires_grad() {
        return Ok(None);
    }
    Ok(Some(
        weight.f_internal_version()? + bias.f_internal_version()?,
    ))
}
