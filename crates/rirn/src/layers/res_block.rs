// SPDX-License-Identifier: MIT OR Apache-2.0
//! Residual block `Res(n)`: x + conv1(ReLU(conv0(x))), both 3×3, n → n; and `Res′(n)`, which has one
//! more ReLU on the sum.

use super::{Builder, Conv};
use crate::error::Result;
use crate::ops::conv::carried::Carried;
use tch::Tensor;

/// Residual block of either form.
pub(crate) struct ResBlock {
    conv0: Conv,
    conv1: Conv,
    carried: Carried,
    last_relu: bool,
}

impl ResBlock {
    /// `Res` of `channels` at `name`.
    pub(crate) fn new(builder: &mut Builder, name: &str, channels: i64) -> Result<Self> {
        Ok(Self {
            conv0: builder.conv(&format!("{name}.conv0"), 3, 1, channels, channels)?,
            conv1: builder.conv(&format!("{name}.conv1"), 3, 1, channels, channels)?,
            carried: Carried::default(),
            last_relu: false,
        })
    }

    /// `Res′` of `channels` at `name`.
    pub(crate) fn with_last_relu(builder: &mut Builder, name: &str, channels: i64) -> Result<Self> {
        let plain = Self::new(builder, name, channels)?;
        Ok(Self {
            last_relu: true,
            ..plain
        })
    }

    /// `[batch, n, height, width]` to the same shape.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.last_relu {
            return self.conv1.add(&self.conv0.relu(x)?, x, true);
        }
        self.conv0.relu_then(&self.conv1, &self.carried, x, Some(x))
    }

    /// `x` through several blocks.
    pub(crate) fn chain(blocks: &[Self], x: &Tensor) -> Result<Tensor> {
        blocks
            .iter()
            .try_fold(x.shallow_clone(), |x, block| block.forward(&x))
    }
}
