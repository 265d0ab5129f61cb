// SPDX-License-Identifier: MIT OR Apache-2.0
//! Residual block `Res(n)`: x + conv1(ReLU(conv0(x))), both 3×3, n → n; and `Res′(n)`, which has one
//! more ReLU on the sum.

use super::{Builder, Conv};
use crate::error::Result;
use crate::ops::conv::pair::Pair;
use crate::ops::spare;
use tch::Tensor;

/// Residual block of either form.
pub(crate) struct ResBlock {
    conv0: Conv,
    conv1: Conv,
    pair: Pair,
    last_relu: bool,
}

impl ResBlock {
    /// `Res` of `channels` at `name`.
    pub(crate) fn new(builder: &mut Builder, name: &str, channels: i64) -> Result<Self> {
        Ok(Self {
            conv0: builder.conv(&format!("{name}.conv0"), 3, 1, channels, channels)?,
            conv1: builder.conv(&format!("{name}.conv1"), 3, 1, channels, channels)?,
            pair: Pair::default(),
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
        let end = (Some(x), self.last_relu);
        self.conv0.relu_then(&self.conv1, &self.pair, x, end)
    }

    /// The same for a map that nobody else needs.
    pub(crate) fn after(&self, x: Tensor) -> Result<Tensor> {
        let y = self.forward(&x)?;
        spare::give_back(x);
        Ok(y)
    }

    /// `x`, which nobody else needs, through several blocks.
    pub(crate) fn chain(blocks: &[Self], x: Tensor) -> Result<Tensor> {
        blocks.iter().try_fold(x, |x, block| block.after(x))
    }

    /// The same for an `x` that is still needed.
    pub(crate) fn chain_from(blocks: &[Self], x: &Tensor) -> Result<Tensor> {
        match blocks.split_first() {
            Some((first, rest)) => Self::chain(rest, first.forward(x)?),
            None => Ok(x.shallow_clone()),
        }
    }
}
