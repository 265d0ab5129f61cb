// SPDX-License-Identifier: MIT OR Apache-2.0
//! A chain of layers without activations is one linear map, so it can be one convolution. For a
//! decoder that is a 3×3 convolution at a quarter of the frame's size to blocks of 4×4 pixels, which
//! saves the maps in between and most of the work (docs/STRUCTURE.md, "Own convolution kernels").
//! Exact inside; near the frame's edge the chain pads its inner maps with zeros, so that rim is
//! computed by the chain.

use crate::error::Result;
use crate::ops::blocks::{BLOCK, frame_of_shifted_blocks};
use crate::ops::conv::{self, Conv2d};
use std::cell::RefCell;
use tch::Tensor;

/// Pixels from the edge inward that the chain computes; 3 would do.
const RIM: i64 = 4;
/// Pixels of the input that the chain needs for its rim.
const STRIP: i64 = 3;
/// Sides of the input below which the rim would be nearly everything.
const LEAST: i64 = 8;
/// Input channels up to which the convolution is composed: the work grows with their third power.
const MOST_CHANNELS: i64 = 400;
/// Edge of the maps from which the convolution is read, and the pixel in their middle.
const PROBE: i64 = 5;

/// A chain that takes maps at a quarter of the frame's size to the frame: `up3`, `up3`, `conv 5 1`.
pub(crate) trait UpChain {
    /// `[batch, channels, h, w]` to `[batch, 3, 4h, 4w]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor>;
    /// Changes whenever a weight is written into; nothing if one of them is being trained.
    fn version(&self) -> Result<Option<i64>>;
}

/// The convolution that such a chain is, composed when it is first needed.
#[derive(Default)]
pub(crate) struct FoldedUp(RefCell<Option<(i64, Conv2d)>>);

impl FoldedUp {
    /// What `chain` makes of `x`, by the chain itself wherever the own kernels cannot do it.
    pub(crate) fn forward(&self, chain: &dyn UpChain, x: &Tensor) -> Result<Tensor> {
        let (batch, channels, h, w) = x.size4()?;
        let fits = batch == 1 && h.min(w) >= LEAST && channels <= MOST_CHANNELS;
        let Some(version) = chain.version()?.filter(|_| fits && conv::takes(x)) else {
            return chain.forward(x);
        };
        let composed = self
            .0
            .borrow()
            .as_ref()
            .is_some_and(|(of, _)| *of == version);
        if !composed {
            *self.0.borrow_mut() = Some((version, compose(chain, channels)?));
        }
        match &*self.0.borrow() {
            Some((_, conv)) => inside_and_rim(conv, chain, x),
            None => chain.forward(x),
        }
    }
}

fn inside_and_rim(conv: &Conv2d, chain: &dyn UpChain, x: &Tensor) -> Result<Tensor> {
    let frame = frame_of_shifted_blocks(&conv.run(x, None, false)?)?;
    for side in [2, 3] {
        let (from, to) = (x.size()[side], frame.size()[side]);
        let side = side as i64;
        for (strip, rim, inside) in [(0, 0, 0), (from - STRIP, to - RIM, BLOCK * STRIP - RIM)] {
            let exact = chain.forward(&x.f_narrow(side, strip, STRIP)?)?;
            frame
                .f_narrow(side, rim, RIM)?
                .f_copy_(&exact.f_narrow(side, inside, RIM)?)?;
        }
    }
    Ok(frame)
}

/// Reads the convolution from what the chain makes of a single one in each channel. A block reaches
/// from one pixel before four times its pixel of the input to two behind, and one pixel of the input
/// from 5 before to 5 behind: with any other shift the kernel would be 4×4.
fn compose(chain: &dyn UpChain, channels: i64) -> Result<Conv2d> {
    let like = (tch::Kind::Float, tch::Device::Cpu);
    let middle = PROBE / 2;
    let quiet = chain.forward(&Tensor::f_zeros([1, channels, PROBE, PROBE], like)?)?;
    let ones = Tensor::f_eye(channels, like)?.f_view([channels, channels, 1, 1])?;
    let ones = ones.f_constant_pad_nd([middle; 4])?;
    let answers = chain.forward(&ones)?.f_sub(&quiet)?;
    // From the block before the middle's to the one behind: the last tap first.
    let first = BLOCK * (middle - 1) - 1;
    let length = BLOCK * 3;
    let answers = answers
        .f_narrow(2, first, length)?
        .f_narrow(3, first, length)?
        .f_reshape([channels, 3, 3, BLOCK, 3, BLOCK])?;
    let weight = answers
        .f_flip([2, 4])?
        .f_permute([3, 5, 1, 0, 2, 4])?
        .f_reshape([BLOCK * BLOCK * 3, channels, 3, 3])?;
    let at = BLOCK * middle - 1;
    let bias = quiet.f_narrow(2, at, BLOCK)?.f_narrow(3, at, BLOCK)?;
    let bias = bias.f_permute([0, 2, 3, 1])?.f_reshape([-1])?;
    Ok(Conv2d::new(weight, bias, 1))
}
