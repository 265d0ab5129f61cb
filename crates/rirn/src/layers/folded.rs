// SPDX-License-Identifier: MIT OR Apache-2.0
//! A chain of layers without activations is one linear map, so it can be one convolution: from blocks
//! of 4×4 pixels of the frame to maps at a quarter of its size, and back. That saves the large maps
//! in between and much of the work (docs/STRUCTURE.md, "Own convolution kernels"). Exact inside;
//! near the frame's edge the chain pads its inner maps with zeros, so that rim is computed by the
//! chain.

use crate::error::Result;
use crate::ops::blocks::{BLOCK, blocks_of_frame, frame_of_shifted_blocks};
use crate::ops::conv::composed::Composed;
use crate::ops::conv::{self, Conv2d};
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
    /// What `chain` makes of `x`, by the chain itself wherever the own kernels cannot do it.
    pub(crate) fn forward(&self, chain: &dyn Chain, x: &Tensor) -> Result<Tensor> {
        let (batch, channels, h, w) = x.size4()?;
        let fits = batch == 1 && h.min(w) >= LEAST && channels <= MOST_CHANNELS;
        let Some(version) = chain.version()?.filter(|_| fits && conv::folds(x, h * w)) else {
            return chain.forward(x);
        };
        let blocks = self.0.run(version, || compose_up(chain, x), x)?;
        let frame = frame_of_shifted_blocks(&blocks)?;
        // Three pixels of the map give twelve of the frame, of which the outer four are right; two
        // at the top and left and three at the bottom and right are needed.
        set_rim(&frame, x, chain, [Rim::new(3, 12, 4), Rim::new(3, 12, 4)])?;
        Ok(frame)
    }
}

impl FoldedDown {
    /// What `chain` makes of the frame `x`, by the chain itself wherever the own kernels cannot do
    /// it.
    pub(crate) fn forward(&self, chain: &dyn Chain, x: &Tensor) -> Result<Tensor> {
        let (batch, _, height, width) = x.size4()?;
        let fits = batch == 1
            && height.min(width) >= BLOCK * LEAST
            && [height, width].iter().all(|side| side % BLOCK == 0);
        let Some(version) = chain
            .version()?
            .filter(|_| fits && conv::folds(x, height * width / (BLOCK * BLOCK)))
        else {
            return chain.forward(x);
        };
        let maps = self
            .0
            .run(version, || compose_down(chain, x), &blocks_of_frame(x)?)?;
        // Sixteen pixels of the frame give four of the map, of which the first two are right, at
        // the other end twelve and three, of which the last is.
        set_rim(&maps, x, chain, [Rim::new(16, 4, 2), Rim::new(12, 3, 1)])?;
        Ok(maps)
    }
}

/// What of a strip along an edge counts.
struct Rim {
    /// Width of the strip of the input.
    input: i64,
    /// Width of what the chain makes of it.
    output: i64,
    /// How much of that is taken, from the edge on.
    taken: i64,
}

impl Rim {
    fn new(input: i64, output: i64, taken: i64) -> Self {
        Self {
            input,
            output,
            taken,
        }
    }
}

/// Overwrites what lies at the edges of `y` by what the chain makes of the edges of `x`.
fn set_rim(y: &Tensor, x: &Tensor, chain: &dyn Chain, rims: [Rim; 2]) -> Result<()> {
    for side in [2, 3] {
        match x.device() {
            Device::Cuda(_) => set_both_edges(y, x, chain, &rims, side)?,
            _ => set_edges(y, x, chain, &rims, side)?,
        }
    }
    Ok(())
}

/// One strip after the other, along dimension `side`.
fn set_edges(
    y: &Tensor,
    x: &Tensor,
    chain: &dyn Chain,
    [first, last]: &[Rim; 2],
    side: i64,
) -> Result<()> {
    let [from, to] = lengths(x, y, side);
    let strip = chain.forward(&x.f_narrow(side, 0, first.input)?)?;
    y.f_narrow(side, 0, first.taken)?
        .f_copy_(&strip.f_narrow(side, 0, first.taken)?)?;
    let strip = chain.forward(&x.f_narrow(side, from - last.input, last.input)?)?;
    y.f_narrow(side, to - last.taken, last.taken)?
        .f_copy_(&strip.f_narrow(side, last.output - last.taken, last.taken)?)?;
    Ok(())
}

/// Both strips as one batch, of the wider one's width: on CUDA a call costs more than its work.
fn set_both_edges(
    y: &Tensor,
    x: &Tensor,
    chain: &dyn Chain,
    [first, last]: &[Rim; 2],
    side: i64,
) -> Result<()> {
    let [from, to] = lengths(x, y, side);
    let wide = if first.input >= last.input {
        first
    } else {
        last
    };
    let strips = [0, from - wide.input].map(|begin| x.f_narrow(side, begin, wide.input));
    let [begin, end] = strips;
    let strips = chain.forward(&Tensor::f_cat(&[begin?, end?], 0)?)?;
    let (begin, end) = (strips.f_narrow(0, 0, 1)?, strips.f_narrow(0, 1, 1)?);
    y.f_narrow(side, 0, first.taken)?
        .f_copy_(&begin.f_narrow(side, 0, first.taken)?)?;
    y.f_narrow(side, to - last.taken, last.taken)?
        .f_copy_(&end.f_narrow(side, wide.output - last.taken, last.taken)?)?;
    Ok(())
}

/// Lengths of both along dimension `side`.
fn lengths(x: &Tensor, y: &Tensor, side: i64) -> [i64; 2] {
    let side = usize::try_from(side).unwrap_or_default();
    [x.size()[side], y.size()[side]]
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
