// SPDX-License-Identifier: MIT OR Apache-2.0
//! Inner-recurrence module (IRM), table S3: a small residual network over the new tensor and the
//! module's own previous output. n channels in, n channels out, 216n² + 13n parameters.
//!
//! | tensor | layer |
//! |---|---|
//! | conv0, conv1, conv2 | conv 3 1 2n→2n, on cat(new, old); ReLU after each only with `irm_relu` |
//! | res0 | Res(2n) |
//! | conv3 | conv 3 1 2n→n |
//! | res1 | Res(n) |
//!
//! Choice: S3 lists no activation between the convolutions while S4 lists every one, so they are
//! off unless the file's `irm_relu` says otherwise; conv3 never has one, its output feeds a sum.

use crate::error::Result;
use crate::layers::{Builder, Conv, ResBlock};
use crate::ops::conv::Input;
use crate::ops::spare;
use tch::Tensor;

/// The module with its tensors.
pub(crate) struct Irm {
    first: [Conv; 3],
    res0: ResBlock,
    conv3: Conv,
    res1: ResBlock,
    relu: bool,
}

impl Irm {
    /// The module for `channels` at `name`.
    pub(super) fn new(
        builder: &mut Builder,
        name: &str,
        channels: i64,
        relu: bool,
    ) -> Result<Self> {
        let double = 2 * channels;
        let mut wide = |part: &str| builder.conv(&format!("{name}.{part}"), 3, 1, double, double);
        Ok(Self {
            first: [wide("conv0")?, wide("conv1")?, wide("conv2")?],
            res0: ResBlock::new(builder, &format!("{name}.res0"), double)?,
            conv3: builder.conv(&format!("{name}.conv3"), 3, 1, double, channels)?,
            res1: ResBlock::new(builder, &format!("{name}.res1"), channels)?,
            relu,
        })
    }

    /// Refines `new` by `old`, the module's output for the frame before.
    pub(super) fn apply(&self, new: &Tensor, old: &Tensor) -> Result<Tensor> {
        let [conv0, conv1, conv2] = &self.first;
        let first = self.conv(conv0, [new, old])?;
        let second = self.conv(conv1, &first)?;
        spare::give_back(first);
        let third = self.conv(conv2, &second)?;
        spare::give_back(second);
        self.res1.after(self.conv3.after(self.res0.after(third)?)?)
    }

    /// One of the first layers, with ReLU only where the file asks for it.
    fn conv(&self, layer: &Conv, x: impl Input) -> Result<Tensor> {
        match self.relu {
            true => layer.relu(x),
            false => layer.forward(x),
        }
    }
}
