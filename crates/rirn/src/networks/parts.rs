// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parts that IFI-RNN and the two gated networks made from it have in common, at a quarter of the
//! frame's size: encoder, hidden head, decoder. No activations but those of the residual block.

use crate::error::Result;
use crate::layers::{Builder, Chain, Conv, ConvTranspose, FoldedDown, FoldedUp, ResBlock, chain};
use crate::ops::seen::Seen;
use tch::Tensor;

/// Frame to 3c channels at a quarter of its size: conv 5 1 3→c; conv 5 2 c→2c; conv 5 2 2c→3c.
pub(super) struct Encoder {
    chain: EncoderChain,
    folded: FoldedDown,
}

struct EncoderChain([Conv; 3]);

impl Encoder {
    pub(super) fn new(builder: &mut Builder, c: i64) -> Result<Self> {
        Ok(Self {
            chain: EncoderChain([
                builder.conv("enc.0", 5, 1, 3, c)?,
                builder.conv("enc.1", 5, 2, c, 2 * c)?,
                builder.conv("enc.2", 5, 2, 2 * c, 3 * c)?,
            ]),
            folded: FoldedDown::default(),
        })
    }

    pub(super) fn forward(&self, seen: &Seen) -> Result<Tensor> {
        self.folded.forward(&self.chain, seen)
    }
}

impl Chain for EncoderChain {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        chain(&self.0, x)
    }

    fn version(&self) -> Result<Option<i64>> {
        self.0.iter().map(Conv::version).sum()
    }

    fn in_float(&self) -> Result<Box<dyn Chain>> {
        let [first, second, third] = &self.0;
        let layers = [first.in_float()?, second.in_float()?, third.in_float()?];
        Ok(Box::new(Self(layers)))
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
        self.last.after(self.res.after(self.first.forward(f)?)?)
    }
}

/// Feature to frame, onto the one that is seen: up3 in→2c; up3 2c→c; conv 5 1 c→3.
pub(super) struct Decoder {
    chain: DecoderChain,
    folded: FoldedUp,
}

struct DecoderChain {
    up: [ConvTranspose; 2],
    last: Conv,
}

impl Decoder {
    pub(super) fn new(builder: &mut Builder, input: i64, c: i64) -> Result<Self> {
        Ok(Self {
            chain: DecoderChain {
                up: [
                    builder.up("dec.0", 3, input, 2 * c)?,
                    builder.up("dec.1", 3, 2 * c, c)?,
                ],
                last: builder.conv("dec.2", 5, 1, c, 3)?,
            },
            folded: FoldedUp::default(),
        })
    }

    pub(super) fn forward(&self, f: &Tensor, seen: &Seen) -> Result<Tensor> {
        self.folded.forward(&self.chain, f, seen)
    }
}

impl Chain for DecoderChain {
    fn forward(&self, f: &Tensor) -> Result<Tensor> {
        let y = self.up[1].forward(&self.up[0].forward(f)?)?;
        self.last.forward(&y)
    }

    fn version(&self) -> Result<Option<i64>> {
        let [first, second] = &self.up;
        let versions = [first.version()?, second.version()?, self.last.version()?];
        Ok(versions.into_iter().sum())
    }

    fn in_float(&self) -> Result<Box<dyn Chain>> {
        let [first, second] = &self.up;
        Ok(Box::new(Self {
            up: [first.in_float()?, second.in_float()?],
            last: self.last.in_float()?,
        }))
    }
}

/// B residual blocks of `channels` at `body.0`, `body.1`, …
pub(super) fn body(builder: &mut Builder, blocks: u32, channels: i64) -> Result<Vec<ResBlock>> {
    (0..blocks)
        .map(|i| ResBlock::new(builder, &format!("body.{i}"), channels))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Chain, Decoder, Encoder, Seen};
    use crate::error::Result;
    use crate::layers::{Builder, Source};
    use crate::ops::noise::Noise;
    use tch::{Kind, Tensor};

    impl Source for Noise {
        fn tensor(&mut self, _name: &str, shape: &[i64]) -> Result<Tensor> {
            Ok(0.3 * Noise::tensor(self, shape))
        }
    }

    fn most(x: &Tensor) -> f64 {
        x.abs().max().double_value(&[])
    }

    #[test]
    fn the_folded_decoder_is_the_chain_up_to_the_frames_edge() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(1);
        for (c, input) in [(1, 4), (3, 12), (4, 20), (8, 32)] {
            let decoder = Decoder::new(&mut Builder::new(&mut noise), input, c).expect("built");
            let mut differs = false;
            for size in [
                (1, 1),
                (2, 9),
                (7, 8),
                (8, 8),
                (9, 8),
                (8, 23),
                (16, 11),
                (30, 41),
            ] {
                let x = noise.map(input, size);
                let frame = noise.map(3, (4 * size.0, 4 * size.1));
                let seen = Seen::new(&frame, Kind::Float, Some(frame.shallow_clone()));
                let exact = decoder.chain.forward(&x).expect("the chain") + &frame;
                let folded = decoder.forward(&x, &seen).expect("folded");
                let off = most(&(&exact - &folded)) / most(&exact);
                assert!(off < 1e-5, "{c} {input} {size:?}: {off}");
                differs |= off > 0.0;
            }
            assert_eq!(
                differs,
                crate::ops::conv::takes(&noise.map(1, (1, 1))),
                "it was folded"
            );
        }
    }

    #[test]
    fn the_folded_encoder_is_the_chain_up_to_the_frames_edge() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(4);
        for c in [1, 4, 13] {
            let encoder = Encoder::new(&mut Builder::new(&mut noise), c).expect("built");
            let mut differs = false;
            for (h, w) in [(1, 2), (7, 8), (8, 8), (9, 8), (8, 23), (16, 11), (21, 30)] {
                let x = noise.map(3, (4 * h, 4 * w)) + 0.5;
                let exact = encoder.chain.forward(&(&x - 0.5)).expect("the chain");
                let seen = Seen::new(&x, Kind::Float, None);
                let folded = encoder.forward(&seen).expect("folded");
                let off = most(&(&exact - &folded)) / most(&exact);
                assert!(off < 1e-5, "{c} {h} {w}: {off}");
                differs |= off > 0.0;
            }
            assert_eq!(
                differs,
                crate::ops::conv::takes(&noise.map(1, (1, 1))),
                "it was folded"
            );
        }
    }

    #[test]
    fn a_weight_that_is_written_into_is_folded_anew() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(2);
        let decoder = Decoder::new(&mut Builder::new(&mut noise), 8, 2).expect("built");
        let x = noise.map(8, (10, 12));
        let frame = noise.map(3, (40, 48));
        let seen = Seen::new(&frame, Kind::Float, None);
        let before = decoder.forward(&x, &seen).expect("folded");
        let first = &decoder.chain.up[0];
        let _written = first.weight().shallow_clone().zero_();
        let after = decoder.forward(&x, &seen).expect("folded");
        assert!(most(&(&before - &after)) > 0.1);
        let exact = decoder.chain.forward(&x).expect("the chain") + 0.5;
        assert!(most(&(&exact - &after)) < 1e-4);
    }
}
