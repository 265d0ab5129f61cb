// SPDX-License-Identifier: MIT OR Apache-2.0
//! Residual block `Res(n)`: x + conv1(ReLU(conv0(x))), both 3×3, n → n.

use super::{Builder, Conv};
use crate::error::Result;
use tch::Tensor;

/// Residual block without a last activation.
pub(crate) struct ResBlock {
    conv0: Conv,
    conv1: Conv,
}

impl ResBlock {
    /// The block of `channels` at `name`.
    pub(crate) fn new(builder: &mut Builder, name: &str, channels: i64) -> Result<Self> {
        Ok(Self {
            conv0: builder.conv(&format!("{name}.conv0"), 3, 1, channels, channels)?,
            conv1: builder.conv(&format!("{name}.conv1"), 3, 1, channels, channels)?,
        })
    }

    /// `[batch, n, height, width]` to the same shape.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut y = self.conv1.forward(&self.conv0.relu(x)?)?;
        Ok(y.f_add_(x)?)
    }

    /// `x` through several blocks.
    pub(crate) fn chain(blocks: &[Self], x: &Tensor) -> Result<Tensor> {
        blocks
            .iter()
            .try_fold(x.shallow_clone(), |x, block| block.forward(&x))
    }
}
