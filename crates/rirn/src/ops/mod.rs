// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 2: tensor operations as the networks need them.
//!
//! All maps are `[batch, channels, height, width]` in channels-last memory, which oneDNN and cuDNN
//! compute 1.2 to 3 times faster than the planar order (`docs/STRUCTURE.md`). The binding has no
//! memory-format argument, so tensors begin their life as `[batch, height, width, channels]` and
//! are permuted; convolutions, concatenations and element-wise operations keep the order.

pub(crate) mod bands;
pub(crate) mod blocks;
pub(crate) mod conv;
pub(crate) mod gates;
#[cfg(test)]
pub(crate) mod noise;
mod pad;
pub(crate) mod passes;
pub(crate) mod picture;
mod pointwise;
pub(crate) mod products;
pub(crate) mod replay;
pub(crate) mod seen;
pub(crate) mod spare;
pub(crate) mod threads;

pub(crate) use pad::pad_to_multiple;
pub(crate) use pointwise::{blend, gelu};

use crate::error::Result;
use tch::{Device, Kind, Tensor};

/// Joins channels, the first tensor's first.
pub(crate) fn cat(tensors: &[&Tensor]) -> Result<Tensor> {
    match passes::join(tensors)? {
        Some(joined) => Ok(joined),
        None => Ok(Tensor::f_cat(tensors, 1)?),
    }
}

/// `a` ⊙ `b`, in the memory of `a` unless somebody asks for gradients: the activation that made `a`
/// then needs its result on the way back.
pub(crate) fn mul(mut a: Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(if a.requires_grad() {
        a.f_mul(b)?
    } else {
        a.f_mul_(b)?
    })
}

/// Splits the channels of `x` into groups of these sizes, from the first on; views, no copies.
pub(crate) fn split<const N: usize>(x: &Tensor, sizes: [i64; N]) -> Result<[Tensor; N]> {
    let mut begin = 0;
    let mut groups = [const { None }; N];
    for (group, size) in groups.iter_mut().zip(sizes) {
        *group = Some(x.f_narrow(1, begin, size)?);
        begin += size;
    }
    Ok(groups.map(|group| group.expect("there is a size for every group")))
}

/// A map of zeros `[batch, channels, height, width]` in channels-last memory.
pub(crate) fn zeros(size: [i64; 4], kind: Kind, device: Device) -> Result<Tensor> {
    let [batch, channels, height, width] = size;
    let zeros = Tensor::f_zeros([batch, height, width, channels], (kind, device))?;
    Ok(zeros.f_permute([0, 3, 1, 2])?)
}

/// Whether `x` lies in channels-last memory (maps of one channel or one pixel always do).
#[cfg(test)]
pub(crate) fn is_channels_last(x: &Tensor) -> bool {
    x.permute([0, 2, 3, 1]).is_contiguous()
}
