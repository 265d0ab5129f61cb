// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 3: layers, and the builder that makes them.
//!
//! A network is written down once, as calls to [`Builder`]; where the tensors come from is the
//! [`Source`]'s business. The same code therefore lists a network's tensors without allocating one
//! ([`Outline`]), loads them from a file, or makes variables to train. While it builds, the
//! builder keeps account of every convolution ([`LayerRow`]), which is what parameters and
//! multiply-adds are counted from.

mod builder;
mod conv;
mod dense_block;
mod folded;
mod res_block;

pub use builder::{Builder, LayerKind, LayerRow, Outline, Source};
pub(crate) use conv::{Conv, ConvTranspose};
pub(crate) use dense_block::DenseBlock;
pub(crate) use folded::{Chain, FoldedDown, FoldedUp};
pub(crate) use res_block::ResBlock;

use crate::error::Result;
use tch::Tensor;

/// `x` through convolutions without activations, one after the other.
pub(crate) fn chain(layers: &[Conv], x: &Tensor) -> Result<Tensor> {
    layers
        .iter()
        .try_fold(x.shallow_clone(), |x, layer| layer.forward(&x))
}
