// SPDX-License-Identifier: MIT OR Apache-2.0
//! A convolution with ReLU and one behind it, together.
//!
//! On CPUs with matrix tiles in one pass ([`OwnPair`]).
//!
//! In half precision on CUDA, where no ReLU is at the end: cuDNN adds a bias only where a ReLU
//! follows; elsewhere LibTorch does it in a pass of its own, which takes nearly half as long as the
//! convolution. So the first convolution gets a further channel that is 1 everywhere, and the
//! second adds its bias to the pixel in the middle through it. Exact, for a middle tap never meets
//! the padding. The channels become a multiple of 16, which cuDNN likes better than 20, 40 or 80
//! anyway.

use super::own::{End, OwnPair};
use super::{Conv2d, cuda, finish};
use crate::cancel;
use crate::error::Result;
use std::cell::RefCell;
use tch::{Kind, Tensor};

/// Channels between the two are a multiple of this.
const MULTIPLE: i64 = 16;

/// Both convolutions made ready, when they are first needed.
#[derive(Default)]
pub(crate) struct Pair {
    carried: RefCell<Option<Carried>>,
    own: OwnPair,
}

struct Carried {
    version: i64,
    first: Conv2d,
    /// `[out, channels between, k, k]`
    second: Tensor,
}

impl Pair {
    /// `second` of the ReLU of `first` of `x`, then the residual added, then perhaps ReLU; nothing where the
    /// layers are to be run one by one.
    pub(crate) fn run(
        &self,
        first: &Conv2d,
        second: &Conv2d,
        x: &Tensor,
        residual: Option<&Tensor>,
        relu: bool,
    ) -> Result<Option<Tensor>> {
        cancel::check()?;
        let layers = [first.layer(), second.layer()];
        if let Some(y) = self.own.run(layers, &[x], End { residual, relu })? {
            return Ok(Some(y));
        }
        let is_half = matches!(x.f_kind()?, Kind::Half | Kind::BFloat16);
        if relu || !is_half || !cuda::takes(x) {
            return Ok(None);
        }
        let (Some(one), Some(other)) = (first.version()?, second.version()?) else {
            return Ok(None);
        };
        let version = one + other;
        let mut carried = self.carried.borrow_mut();
        let ready = match carried.take() {
            Some(ready) if ready.version == version => ready,
            _ => Carried::new(first, second, version)?,
        };
        let carried = carried.insert(ready);
        let between = carried.first.run(x, None, true)?;
        finish(carried.second_of(&between)?, residual, false).map(Some)
    }
}

impl Carried {
    fn new(first: &Conv2d, second: &Conv2d, version: i64) -> Result<Self> {
        let channels = first.weight.size()[0];
        let more = (channels / MULTIPLE + 1) * MULTIPLE - channels;
        let weight = first
            .weight
            .f_constant_pad_nd([0, 0, 0, 0, 0, 0, 0, more])?;
        let bias = first.bias.f_constant_pad_nd([0, more])?;
        let _one = bias.f_narrow(0, channels, 1)?.f_fill_(1.0)?;
        let wide = second.weight.f_constant_pad_nd([0, 0, 0, 0, 0, more])?;
        let middle = wide.size()[2] / 2;
        let mut carrier = wide
            .f_select(3, middle)?
            .f_select(2, middle)?
            .f_select(1, channels)?;
        carrier.f_copy_(&second.bias)?;
        Ok(Self {
            version,
            first: Conv2d::new(in_order(&weight)?, bias, first.stride),
            second: in_order(&wide)?,
        })
    }

    fn second_of(&self, between: &Tensor) -> Result<Tensor> {
        let padding = self.second.size()[2] / 2;
        let none = None::<&Tensor>;
        let y = between.f_conv2d(&self.second, none, [1, 1], [padding; 2], [1, 1], 1)?;
        Ok(y)
    }
}

/// A weight in channels-last memory.
fn in_order(weight: &Tensor) -> Result<Tensor> {
    let last = weight.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    Ok(last.f_permute([0, 3, 1, 2])?)
}

#[cfg(test)]
mod tests {
    use super::Carried;
    use crate::ops::conv::Conv2d;
    use crate::ops::noise::Noise;

    #[test]
    fn the_pair_is_the_two_convolutions() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(9);
        let conv = |noise: &mut Noise, out: i64, channels: i64, kernel: i64| {
            let weight = noise.tensor(&[out, channels, kernel, kernel]);
            Conv2d::new(weight, noise.tensor(&[out]), 1)
        };
        for (channels, kernel) in [(1, 3), (16, 1), (20, 3), (31, 3)] {
            let (first, second) = (
                conv(&mut noise, channels, 5, 3),
                conv(&mut noise, 7, channels, kernel),
            );
            let pair = Carried::new(&first, &second, 0).expect("a pair");
            assert_eq!(pair.second.size()[1] % 16, 0);
            let x = noise.map(5, (9, 6));
            let between = first.run(&x, None, true).expect("it runs");
            let exact = second.run(&between, None, false).expect("it runs");
            let between = pair.first.run(&x, None, true).expect("it runs");
            let found = pair.second_of(&between).expect("it runs");
            let off = (found - &exact).abs().max() / exact.abs().max();
            assert!(off.double_value(&[]) < 1e-5, "{channels} {kernel}");
        }
    }
}
