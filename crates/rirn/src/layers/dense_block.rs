// SPDX-License-Identifier: MIT OR Apache-2.0
//! Residual dense block `RDB(n, g)`: three 3×3 layers that each see everything before them, a 1×1
//! fusion back to n channels, and the input added.

use super::{Builder, Conv};
use crate::error::Result;
use crate::ops::spare;
use tch::Tensor;

/// a0 = GELU(dense0(x)), n→g; a1 = GELU(dense1(cat(x, a0))), n+g→g;
/// a2 = GELU(dense2(cat(x, a0, a1))), n+2g→g; y = x + fuse(cat(x, a0, a1, a2)), n+3g→n.
pub(crate) struct DenseBlock {
    dense: [Conv; 3],
    fuse: Conv,
}

impl DenseBlock {
    /// The block of `channels` that grows by `growth` a layer, at `name`.
    pub(crate) fn new(
        builder: &mut Builder,
        name: &str,
        channels: i64,
        growth: i64,
    ) -> Result<Self> {
        let mut dense = |i: i64| {
            let name = format!("{name}.dense{i}");
            builder.conv(&name, 3, 1, channels + i * growth, growth)
        };
        Ok(Self {
            dense: [dense(0)?, dense(1)?, dense(2)?],
            fuse: builder.conv(
                &format!("{name}.fuse"),
                1,
                1,
                channels + 3 * growth,
                channels,
            )?,
        })
    }

    /// `[batch, n, height, width]` to the same shape.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [dense0, dense1, dense2] = &self.dense;
        let a0 = dense0.gelu(x)?;
        let a1 = dense1.gelu([x, &a0])?;
        let a2 = dense2.gelu([x, &a0, &a1])?;
        let y = self.fuse.add([x, &a0, &a1, &a2], x, false)?;
        [a0, a1, a2].into_iter().for_each(spare::give_back);
        Ok(y)
    }

    /// The same for a map that nobody else needs.
    pub(crate) fn after(&self, x: Tensor) -> Result<Tensor> {
        let y = self.forward(&x)?;
        spare::give_back(x);
        Ok(y)
    }
}
