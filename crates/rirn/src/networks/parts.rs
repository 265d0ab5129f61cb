// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parts that IFI-RNN and the two gated networks made from it have in common, at a quarter of the
//! frame's size: encoder, hidden head, decoder. No activations but those of the residual block.

use crate::error::Result;
use crate::layers::{Builder, Conv, ConvTranspose, ResBlock, chain};
use tch::Tensor;

/// Frame to 3c channels at a quarter of its size: conv 5 1 3→c; conv 5 2 c→2c; conv 5 2 2c→3c.
pub(super) struct Encoder([Conv; 3]);

impl Encoder {
    pub(super) fn new(builder: &mut Builder, c: i64) -> Result<Self> {
        Ok(Self([
            builder.conv("enc.0", 5, 1, 3, c)?,
            builder.conv("enc.1", 5, 2, c, 2 * c)?,
            builder.conv("enc.2", 5, 2, 2 * c, 3 * c)?,
        ]))
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        chain(&self.0, x)
    }
}

/// Feature to hidden state: conv 3 1 in→c; Res(c); conv 3 1 c→c.
pub(super) struct HiddenHead {
    first: Conv,
    res: ResBlock,
    last: Conv,
}

impl HiddenHead {
    pub(super) fn new(builder: &mut Builder, input: i64, c: i64) -> Result<Self> {
        Ok(Self {
            first: builder.conv("hid.first", 3, 1, input, c)?,
            res: ResBlock::new(builder, "hid.res", c)?,
            last: builder.conv("hid.last", 3, 1, c, c)?,
        })
    }

    pub(super) fn forward(&self, f: &Tensor) -> Result<Tensor> {
        self.last
            .forward(&self.res.forward(&self.first.forward(f)?)?)
    }
}

/// Feature to frame: up3 in→2c; up3 2c→c; conv 5 1 c→3.
pub(super) struct Decoder {
    up: [ConvTranspose; 2],
    last: Conv,
}

impl Decoder {
    pub(super) fn new(builder: &mut Builder, input: i64, c: i64) -> Result<Self> {
        Ok(Self {
            up: [
                builder.up("dec.0", 3, input, 2 * c)?,
                builder.up("dec.1", 3, 2 * c, c)?,
            ],
            last: builder.conv("dec.2", 5, 1, c, 3)?,
        })
    }

    pub(super) fn forward(&self, f: &Tensor) -> Result<Tensor> {
        let y = self.up[1].forward(&self.up[0].forward(f)?)?;
        self.last.forward(&y)
    }
}

/// B residual blocks of `channels` at `body.0`, `body.1`, …
pub(super) fn body(builder: &mut Builder, blocks: u32, channels: i64) -> Result<Vec<ResBlock>> {
    (0..blocks)
        .map(|i| ResBlock::new(builder, &format!("body.{i}"), channels))
        .collect()
}
