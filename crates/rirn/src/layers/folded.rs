// SPDX-License-Identifier: MIT OR Apache-2.0
//! A chain of layers without activations is one linear map, so it can be one convolution: from blocks
//! of 4×4 pixels of the frame to maps at a quarter of its size, and back. That saves the large maps
//! in between and much of the work (docs/STRUCTURE.md, "Own convolution kernels"). Exact inside;
//! near the frame's edge the chain pads its inner maps with zeros, so that rim is computed by the
//! chain.

use crate::error::Result;
use crate::ops::blocks::{
    BLOCK, blocks_of_frame, centred_blocks_of_frame, frame_of_shifted_blocks, shifted_blocks_onto,
};
use crate::ops::conv::composed::Composed;
use crate::ops::conv::{self, Conv2d};
use crate::ops::seen::Seen;
use crate::ops::spare;
use tch::{Device, Kind, Tensor};

/// Values of a block.
const BLOCK_VALUES: i64 = BLOCK * BLOCK * 3;
/// Sides of the maps below which the rim would be nearly everything.
const LEAST: i64 = 8;
/// Channels up to which a convolution is composed: the work grows with their third power.
const MOST_CHANNELS: i64 = 400;

/// Layers without activations, one after the other.
pub(crate) trait Chain {
    /// `x` through all of them.
    fn forward(&self, x: &Tensor) -> Result<Tensor>;
    /// Changes whenever a weight is written into; nothing if one of them is being trained.
    fn version(&self) -> Result<Option<i64>>;
    /// The same layers in float32: what is composed is rounded once, at the end.
    fn in_float(&self) -> Result<Box<dyn Chain>>;
}

/// A chain from maps `[1, channels, h, w]` to the frame `[1, 3, 4h, 4w]`: `up3`, `up3`, `conv 5 1`.
#[derive(Default)]
pub(crate) struct FoldedUp(Composed);

/// A chain from the frame `[1, 3, 4h, 4w]` to maps `[1, channels, h, w]`: `conv 5 1`, `conv 5 2`,
/// `conv 5 2`.
#[derive(Default)]
pub(crate) struct FoldedDown(Composed);

impl FoldedUp {
    /// The frame that the answer of `chain` to `x` makes of what is seen, by the chain itself wherever
    /// the own kernels cannot do it.
    pub(crate) fn forward(&self, chain: &dyn Chain, x: &Tensor, seen: &Seen) -> Result<Tensor> {
        let (batch, channels, h, w) = x.size4()?;
        let fits = batch == 1 && h.min(w) >= LEAST && channels <= MOST_CHANNELS;
        let Some(version) = chain.version()?.filter(|_| fits && conv::folds(x, h * w)) else {
            return seen.finish(chain.forward(x)?);
        };
        let blocks = self.0.run(version, || compose_up(chain, x), x, false)?;
        // Three pixels of the map give twelve of the frame, of which the outer four are right; two
        // at the top and left and three at the bottom and right are needed.
        let rims = [Rim::new(3, 4), Rim::new(3, 4)];
        let part = |side, begin, length| Ok(x.f_narrow(side, begin, length)?);
        let whole = Whole { x, part: &part };
        if let Some(under) = seen.under()
            && let Some(frame) = shifted_blocks_onto(&blocks, under)?
        {
            spare::give_back(blocks);
            set_rim(&frame, &whole, chain, rims, Some(under))?;
            return Ok(frame);
        }
        let answer = frame_of_shifted_blocks(&blocks)?;
        spare::give_back(blocks);
        set_rim(&answer, &whole, chain, rims, None)?;
        seen.finish(answer)
    }
}

impl FoldedDown {
    /// What `chain` makes of the frame that is seen, by the chain itself wherever the own kernels cannot
    /// do it.
    pub(crate) fn forward(&self, chain: &dyn Chain, seen: &Seen) -> Result<Tensor> {
        if let Some(frame) = seen.uncentred()
            && let Some(version) = self.version(chain, frame)?
        {
            let blocks = centred_blocks_of_frame(frame)?;
            let part =
                |side, begin, length| Ok(frame.f_narrow(side, begin, length)?.f_sub_scalar(0.5)?);
            let whole = Whole {
                x: frame,
                part: &part,
            };
            return self.fold(version, chain, blocks, &whole);
        }
        let x = seen.centred()?;
        let maps = match self.version(chain, &x)? {
            Some(version) => {
                let part = |side, begin, length| Ok(x.f_narrow(side, begin, length)?);
                let whole = Whole { x: &x, part: &part };
                self.fold(version, chain, blocks_of_frame(&x)?, &whole)?
            }
            None => chain.forward(&x)?,
        };
        spare::give_back(x);
        Ok(maps)
    }

    /// That of the layers where the own kernels can compute their fold for such a frame.
    fn version(&self, chain: &dyn Chain, frame: &Tensor) -> Result<Option<i64>> {
        let (batch, _, height, width) = frame.size4()?;
        let fits = batch == 1
            && height.min(width) >= BLOCK * LEAST
            && [height, width].iter().all(|side| side % BLOCK == 0)
            && conv::folds(frame, height * width / (BLOCK * BLOCK));
        Ok(chain.version()?.filter(|_| fits))
    }

    /// The maps of a frame in blocks.
    fn fold(
        &self,
        version: i64,
        chain: &dyn Chain,
        blocks: Tensor,
        frame: &Whole,
    ) -> Result<Tensor> {
        let maps = self
            .0
            .run(version, || compose_down(chain, &blocks), &blocks, false)?;
        spare::give_back(blocks);
        // Sixteen pixels of the frame give four of the map, of which the first two are right, at
        // the other end twelve and three, of which the last is.
        set_rim(
            &maps,
            frame,
            chain,
            [Rim::new(16, 2), Rim::new(12, 1)],
            None,
        )?;
        Ok(maps)
    }
}

/// What a chain is given, and strips of it: dimension, begin and length, as the chain takes them.
struct Whole<'x> {
    x: &'x Tensor,
    part: &'x dyn Fn(i64, i64, i64) -> Result<Tensor>,
}

/// What of a strip along an edge counts.
struct Rim {
    /// Width of the strip of the input.
    input: i64,
    /// How much of what the chain makes of it is taken, from the edge on.
    taken: i64,
}

impl Rim {
    fn new(input: i64, taken: i64) -> Self {
        Self { input, taken }
    }
}

/// Overwrites what lies at the edges of `y` by what the chain makes of the edges of `x`, onto `under`.
fn set_rim(
    y: &Tensor,
    x: &Whole,
    chain: &dyn Chain,
    rims: [Rim; 2],
    under: Option<&Tensor>,
) -> Result<()> {
    for side in [2, 3] {
        let [first, last] = match x.x.device() {
            Device::Cuda(_) => strips_together(x, chain, &rims, side)?,
            _ => strips(x, chain, &rims, side)?,
        };
        let [begin, end] = rims.each_ref().map(|rim| rim.taken);
        let first = first.f_narrow(side, 0, begin)?;
        let last = last.f_narrow(side, length(&last, side) - end, end)?;
        for (mut strip, at) in [(first, 0), (last, length(y, side) - end)] {
            let taken = length(&strip, side);
            if let Some(under) = under {
                strip = strip.f_add(&under.f_narrow(side, at, taken)?)?;
            }
            y.f_narrow(side, at, taken)?.f_copy_(&strip)?;
        }
    }
    Ok(())
}

/// What the chain makes of the strips at both ends of dimension `side`.
fn strips(x: &Whole, chain: &dyn Chain, rims: &[Rim; 2], side: i64) -> Result<[Tensor; 2]> {
    let [first, last] = rims.each_ref().map(|rim| rim.input);
    let begin = (x.part)(side, 0, first)?;
    let end = (x.part)(side, length(x.x, side) - last, last)?;
    Ok([chain.forward(&begin)?, chain.forward(&end)?])
}

/// The same as one batch, of the wider one's width: on CUDA a call costs more than its work.
fn strips_together(
    x: &Whole,
    chain: &dyn Chain,
    rims: &[Rim; 2],
    side: i64,
) -> Result<[Tensor; 2]> {
    let wide = rims[0].input.max(rims[1].input);
    let begin = (x.part)(side, 0, wide)?;
    let end = (x.part)(side, length(x.x, side) - wide, wide)?;
    let both = chain.forward(&Tensor::f_cat(&[begin, end], 0)?)?;
    Ok([both.f_narrow(0, 0, 1)?, both.f_narrow(0, 1, 1)?])
}

/// Length of dimension `side`.
fn length(x: &Tensor, side: i64) -> i64 {
    x.size()[usize::try_from(side).unwrap_or_default()]
}

/// Reads the convolution from what the chain makes of a single one in each channel. A block reaches
/// from one pixel before four times its pixel of the map to two behind, and one pixel of the map
/// from 5 before to 5 behind: with any other shift the kernel would be 4×4.
fn compose_up(chain: &dyn Chain, x: &Tensor) -> Result<Conv2d> {
    let (size, middle) = (5, 2);
    let (chain, channels) = (chain.in_float()?, x.size()[1]);
    let like = (Kind::Float, x.device());
    let quiet = chain.forward(&Tensor::f_zeros([1, channels, size, size], like)?)?;
    let ones = Tensor::f_eye(channels, like)?.f_view([channels, channels, 1, 1])?;
    let answers = chain.forward(&ones.f_constant_pad_nd([middle; 4])?)?;
    // From the block before the middle's to the one behind: the last tap first.
    let first = BLOCK * (middle - 1) - 1;
    let weight = answers
        .f_sub(&quiet)?
        .f_narrow(2, first, 3 * BLOCK)?
        .f_narrow(3, first, 3 * BLOCK)?
        .f_reshape([channels, 3, 3, BLOCK, 3, BLOCK])?
        .f_flip([2, 4])?
        .f_permute([3, 5, 1, 0, 2, 4])?
        .f_reshape([BLOCK_VALUES, channels, 3, 3])?;
    let at = BLOCK * middle - 1;
    let bias = quiet.f_narrow(2, at, BLOCK)?.f_narrow(3, at, BLOCK)?;
    let bias = bias.f_permute([0, 2, 3, 1])?.f_reshape([-1])?;
    Conv2d::new(weight, bias, 1).in_kind(x.f_kind()?)
}

/// Reads the convolution from what the chain makes of a single one at each place of a block. A pixel
/// of the map is reached from 8 pixels before four times its place to 8 behind: 5×5 blocks.
fn compose_down(chain: &dyn Chain, x: &Tensor) -> Result<Conv2d> {
    let (size, middle) = (7, 3);
    let (chain, like) = (chain.in_float()?, (Kind::Float, x.device()));
    let quiet = chain.forward(&Tensor::f_zeros([1, 3, BLOCK * size, BLOCK * size], like)?)?;
    let ones = Tensor::f_eye(BLOCK_VALUES, like)?
        .f_view([BLOCK_VALUES, BLOCK, BLOCK, 3])?
        .f_permute([0, 3, 1, 2])?
        .f_constant_pad_nd([BLOCK * middle; 4])?;
    let answers = chain.forward(&ones)?.f_sub(&quiet)?;
    let weight = answers
        .f_narrow(2, middle - 2, 5)?
        .f_narrow(3, middle - 2, 5)?
        .f_flip([2, 3])?
        .f_transpose(0, 1)?
        .f_contiguous()?;
    let bias = quiet.f_select(3, middle)?.f_select(2, middle)?;
    Conv2d::new(weight, bias.f_reshape([-1])?, 1).in_kind(x.f_kind()?)
}

#[cfg(test)]
mod tests {
    use super::{Chain, Rim, Whole, length, strips, strips_together};
    use crate::error::Result;
    use crate::ops::conv::Conv2d;
    use crate::ops::noise::Noise;
    use tch::Tensor;

    /// As an encoder is: `conv 5 1`, `conv 5 2`, `conv 5 2`.
    struct Down([Conv2d; 3]);

    impl Chain for Down {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            let [first, second, third] = &self.0;
            third.run(
                &second.run(&first.run(x, None, false)?, None, false)?,
                None,
                false,
            )
        }

        fn version(&self) -> Result<Option<i64>> {
            Ok(None)
        }

        fn in_float(&self) -> Result<Box<dyn Chain>> {
            let [first, second, third] = &self.0;
            let layers = [first.in_float()?, second.in_float()?, third.in_float()?];
            Ok(Box::new(Self(layers)))
        }
    }

    #[test]
    fn strips_as_one_batch_give_the_same_rim() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(2);
        let mut layer = |input: i64, output: i64, stride: i64| {
            let weight = 0.3 * noise.tensor(&[output, input, 5, 5]);
            Conv2d::new(weight, noise.tensor(&[output]), stride)
        };
        let chain = Down([layer(3, 4, 1), layer(4, 5, 2), layer(5, 6, 2)]);
        let x = noise.map(3, (40, 52));
        let rims = [Rim::new(16, 2), Rim::new(12, 1)];
        for side in [2, 3] {
            let part = |side, begin, length| Ok(x.f_narrow(side, begin, length)?);
            let whole = Whole { x: &x, part: &part };
            let one = strips(&whole, &chain, &rims, side).expect("two strips");
            let both = strips_together(&whole, &chain, &rims, side).expect("two strips");
            let taken = |[first, last]: [Tensor; 2]| {
                let end = length(&last, side) - 1;
                [first.narrow(side, 0, 2), last.narrow(side, end, 1)]
            };
            for (one, both) in taken(one).into_iter().zip(taken(both)) {
                let off = (&one - &both).abs().max().double_value(&[]);
                assert!(off < 1e-4 * one.abs().max().double_value(&[]), "{off}");
            }
        }
    }
}
