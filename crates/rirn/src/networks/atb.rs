// SPDX-License-Identifier: MIT OR Apache-2.0
//! Adaptive temporal blending (ATB), table S4: the new tensor and the module's previous output,
//! each weighted per pixel and channel by its attention map, added. 56n² + 6n parameters.
//!
//! | tensor | layer |
//! |---|---|
//! | mix | conv 3 1 2n→2n on cat(new, old), no activation; first n channels a, last n channels b |
//! | cur.conv, cur.gate | conv 3 1 n→n, ReLU, conv 1 1 n→n, σ: w from a |
//! | prev.conv, prev.gate | the same: w̃ from b |
//! | — | output = w ⊙ new + w̃ ⊙ old; the two weights need not sum to 1 |

use crate::error::Result;
use crate::layers::{Builder, Conv};
use crate::ops::conv::pair::Pair;
use crate::ops::{blend, spare, split};
use tch::Tensor;

/// One attention map: its convolution and its gate.
struct Attention {
    conv: Conv,
    gate: Conv,
    pair: Pair,
}

impl Attention {
    fn new(builder: &mut Builder, name: &str, channels: i64) -> Result<Self> {
        Ok(Self {
            conv: builder.conv(&format!("{name}.conv"), 3, 1, channels, channels)?,
            gate: builder.conv(&format!("{name}.gate"), 1, 1, channels, channels)?,
            pair: Pair::default(),
        })
    }

    /// The attention before its logistic function.
    fn map(&self, x: &Tensor) -> Result<Tensor> {
        let end = (None, false);
        self.conv.relu_then(&self.gate, &self.pair, x, end)
    }
}

/// The module with its tensors.
pub(crate) struct Atb {
    mix: Conv,
    cur: Attention,
    prev: Attention,
    channels: i64,
}

impl Atb {
    /// The module for `channels` at `name`.
    pub(super) fn new(builder: &mut Builder, name: &str, channels: i64) -> Result<Self> {
        let double = 2 * channels;
        Ok(Self {
            mix: builder.conv(&format!("{name}.mix"), 3, 1, double, double)?,
            cur: Attention::new(builder, &format!("{name}.cur"), channels)?,
            prev: Attention::new(builder, &format!("{name}.prev"), channels)?,
            channels,
        })
    }

    /// Blends `new` with `old`, the module's output for the frame before.
    pub(super) fn apply(&self, new: &Tensor, old: &Tensor) -> Result<Tensor> {
        let mixed = self.mix.forward([new, old])?;
        let [a, b] = split(&mixed, [self.channels; 2])?;
        let (cur, prev) = (self.cur.map(&a)?, self.prev.map(&b)?);
        drop((a, b));
        spare::give_back(mixed);
        blend(cur, new, prev, old)
    }
}
