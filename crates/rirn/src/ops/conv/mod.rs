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
pub(crate) mod cuda;
mod direct;
mod finish;
mod input;
mod job;
mod memory;
pub(crate) mod meter;
pub(super) mod own;
pub(crate) mod pair;
mod parallel;
pub(crate) mod peak;
mod pool;
mod simd;
#[cfg(test)]
mod tests;
mod tiles;
mod transposed;
mod winograd;

use crate::cancel;
use crate::error::Result;
pub(crate) use input::Input;
#[cfg(test)]
pub(crate) use own::is_by_clock;
use own::{Layer, OwnForm};
pub(crate) use own::{begin, computes, kernels, takes, told};
use tch::{Kind, Tensor};
pub(crate) use tiles::Unit;
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
    pub(crate) fn run(
        &self,
        x: impl Input,
        residual: Option<&Tensor>,
        relu: bool,
    ) -> Result<Tensor> {
        cancel::check()?;
        let layer = self.layer();
        match self.own.run(layer, x.parts(), residual, relu)? {
            Some(y) => Ok(y),
            None => self.run_in_libtorch(layer, &input::joined(x.parts())?, residual, relu),
        }
    }

    fn layer(&self) -> Layer<'_> {
        Layer {
            weight: &self.weight,
            bias: &self.bias,
            stride: self.stride,
        }
    }

    /// The same by cuDNN or oneDNN, which take one tensor.
    fn run_in_libtorch(
        &self,
        layer: Layer<'_>,
        x: &Tensor,
        residual: Option<&Tensor>,
        relu: bool,
    ) -> Result<Tensor> {
        if let Some(y) = cuda::run(layer, x, residual, relu)? {
            return Ok(y);
        }
        let padding = self.weight.size()[2] / 2;
        let (_, _, height, width) = x.size4()?;
        let size = [height, width].map(|side| own::steps_along(side, self.stride));
        meter::timed(layer, size, "libtorch", || {
            let y = x.f_conv2d(
                &self.weight,
                Some(&self.bias),
                [self.stride, self.stride],
                [padding, padding],
                [1, 1],
                1,
            )?;
            finish(y, residual, relu)
        })
    }

    /// Changes whenever LibTorch writes into weight or bias; nothing while they are being trained.
    pub(crate) fn version(&self) -> Result<Option<i64>> {
        version(&self.weight, &self.bias)
    }

    /// The same layer in float32.
    pub(crate) fn in_float(&self) -> Result<Self> {
        self.in_kind(Kind::Float)
    }

    /// The same layer in another kind.
    pub(crate) fn in_kind(&self, kind: Kind) -> Result<Self> {
        let [weight, bias] = in_kind([&self.weight, &self.bias], kind)?;
        Ok(Self::new(weight, bias, self.stride))
    }
}

/// Whether chains of layers are worth composing for maps of so many pixels like this one: where own
/// kernels compute, and on CUDA where the many small calls along the rim cost less than they save.
pub(crate) fn folds(x: &Tensor, pixels: i64) -> bool {
    takes(x) || cuda::takes(x) && pixels >= cuda::LEAST_FOLDED
}

/// The residual added, then ReLU, in the memory of `y`, which is the layer's own map.
fn finish(mut y: Tensor, residual: Option<&Tensor>, relu: bool) -> Result<Tensor> {
    if let Some(residual) = residual {
        y = y.f_add_(residual)?;
    }
    if relu {
        y = y.f_relu_()?;
    }
    Ok(y)
}

fn in_kind<const N: usize>(tensors: [&Tensor; N], kind: Kind) -> Result<[Tensor; N]> {
    let mut converted = [const { None }; N];
    for (converted, tensor) in converted.iter_mut().zip(tensors) {
        *converted = Some(tensor.f_to_kind(kind)?);
    }
    Ok(converted.map(|tensor| tensor.expect("each was converted")))
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
