// SPDX-License-Identifier: MIT OR Apache-2.0
//! Convolutions with their tensors.

use crate::error::Result;
use crate::ops::conv::pair::Pair;
use crate::ops::conv::{Conv2d, ConvTranspose2d, Input};
use crate::ops::{gelu, spare};
use tch::Tensor;

/// Convolution with bias; zero padding of half the kernel.
pub(crate) struct Conv(Conv2d);

impl Conv {
    pub(super) fn new(weight: Tensor, bias: Tensor, stride: i64) -> Self {
        Self(Conv2d::new(weight, bias, stride))
    }

    /// `[batch, in, height, width]` to `[batch, out, height/stride, width/stride]`, no activation.
    /// Several tensors stand for their join, here and below.
    pub(crate) fn forward(&self, x: impl Input) -> Result<Tensor> {
        self.0.run(x, None, false)
    }

    /// The same for a map that nobody else needs.
    pub(crate) fn after(&self, x: Tensor) -> Result<Tensor> {
        let y = self.forward(&x)?;
        spare::give_back(x);
        Ok(y)
    }

    /// The same, then ReLU.
    pub(crate) fn relu(&self, x: impl Input) -> Result<Tensor> {
        self.0.run(x, None, true)
    }

    /// The same, then `residual` added, then perhaps ReLU.
    pub(super) fn add(&self, x: impl Input, residual: &Tensor, relu: bool) -> Result<Tensor> {
        self.0.run(x, Some(residual), relu)
    }

    /// The same with ReLU, then `next`, then the residual added, then perhaps ReLU.
    pub(crate) fn relu_then(
        &self,
        next: &Self,
        pair: &Pair,
        x: &Tensor,
        (residual, relu): (Option<&Tensor>, bool),
    ) -> Result<Tensor> {
        if let Some(y) = pair.run(&self.0, &next.0, x, residual, relu)? {
            return Ok(y);
        }
        let inner = self.relu(x)?;
        let y = next.0.run(&inner, residual, relu)?;
        spare::give_back(inner);
        Ok(y)
    }

    /// The same, then exact GELU (by the error function, not the tanh formula).
    pub(crate) fn gelu(&self, x: impl Input) -> Result<Tensor> {
        gelu(self.forward(x)?)
    }

    /// The same layer in float32.
    pub(crate) fn in_float(&self) -> Result<Self> {
        self.0.in_float().map(Self)
    }

    /// Changes whenever its weights are written into; nothing while they are being trained.
    pub(crate) fn version(&self) -> Result<Option<i64>> {
        self.0.version()
    }
}

/// Transposed convolution with bias that doubles both sides.
pub(crate) struct ConvTranspose(ConvTranspose2d);

impl ConvTranspose {
    pub(super) fn new(weight: Tensor, bias: Tensor) -> Self {
        Self(ConvTranspose2d::new(weight, bias))
    }

    /// `[batch, in, height, width]` to `[batch, out, 2·height, 2·width]`, no activation.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.run(x, false)
    }

    /// The same, then ReLU.
    pub(crate) fn relu(&self, x: &Tensor) -> Result<Tensor> {
        self.0.run(x, true)
    }

    /// `[in, out, k, k]`
    #[cfg(test)]
    pub(crate) fn weight(&self) -> &Tensor {
        self.0.weight()
    }

    /// As [`Conv::in_float`].
    pub(crate) fn in_float(&self) -> Result<Self> {
        self.0.in_float().map(Self)
    }

    /// As [`Conv::version`].
    pub(crate) fn version(&self) -> Result<Option<i64>> {
        self.0.version()
    }
}
