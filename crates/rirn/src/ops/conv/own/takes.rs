// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which calls the own kernels can take, and their tensors as maps.

use super::map::{Map, map, mapped, shape};
use super::{Layer, index, is_wanted, steps_along};
use crate::error::Result;
use crate::ops::conv::input::joined;
use crate::ops::conv::simd::Isa;
use tch::{Device, Kind, Tensor};

/// The tensors of a call as the kernels read them.
pub(super) struct Mapped {
    parts: Vec<Tensor>,
    residual: Option<Tensor>,
}

impl Mapped {
    /// Nothing where only LibTorch can do the call.
    pub(super) fn of(
        layer: Layer<'_>,
        parts: &[&Tensor],
        residual: Option<&Tensor>,
    ) -> Result<Option<Self>> {
        let tensors = [layer.weight, layer.bias].into_iter().chain(residual);
        let plain = tensors.chain(parts.iter().copied()).all(is_plain);
        if !(is_wanted() && plain && fits(layer, parts, residual)) {
            return Ok(None);
        }
        let parts = match is_read_apart(parts, layer) {
            true => parts.iter().map(|x| mapped(x)).collect::<Result<_>>()?,
            false => vec![mapped(&joined(parts)?)?],
        };
        let residual = residual.map(mapped).transpose()?;
        Ok(Some(Self { parts, residual }))
    }

    /// Input and residual; nothing where a tensor cannot be read.
    pub(super) fn maps(&self) -> Option<(Vec<Map<'_>>, Option<Map<'_>>)> {
        let parts = self.parts.iter().map(map).collect::<Option<_>>()?;
        match &self.residual {
            None => Some((parts, None)),
            Some(residual) => Some((parts, Some(map(residual)?))),
        }
    }

    /// Channels of each part of the input.
    pub(super) fn channels(&self) -> Vec<usize> {
        self.parts.iter().map(channels).collect()
    }
}

/// Whether a tensor is one of numbers that the kernels can read, and nobody asks for gradients.
pub(super) fn is_plain(x: &Tensor) -> bool {
    x.device() == Device::Cpu && x.f_kind().is_ok_and(|k| k == Kind::Float) && !x.requires_grad()
}

/// Whether several tensors are read where they lie. The kernels read channels in vectors, and the last
/// one of each tensor may be partly empty: a join takes fewer. It is made where it saves more than half
/// of them. Measured with vectors of eight and two threads: at half of them (four tensors of 4
/// channels) 3×3 takes a seventh less time without the join, 1×1 half.
pub(in crate::ops::conv) fn is_read_apart(parts: &[&Tensor], layer: Layer<'_>) -> bool {
    let lanes = match Isa::best(index(layer.weight.size()[0])) {
        Isa::Avx512 => 16,
        _ => 8,
    };
    let apart: usize = parts.iter().map(|x| channels(x).div_ceil(lanes)).sum();
    let join: usize = parts.iter().map(|x| channels(x)).sum();
    apart <= 2 * join.div_ceil(lanes)
}

/// Channels of a map.
fn channels(x: &Tensor) -> usize {
    shape(x).map_or(0, |[_, channels, ..]| index(channels))
}

/// Whether the sizes are those of a convolution of one picture that has an own kernel.
fn fits(layer: Layer<'_>, parts: &[&Tensor], residual: Option<&Tensor>) -> bool {
    let first = parts.first().and_then(|x| shape(x));
    let (Some([out, input, kernel, across]), Some([1, _, height, width])) =
        (shape(layer.weight), first)
    else {
        return false;
    };
    let is_like_first =
        |x: &&Tensor| matches!(shape(x), Some([1, n, h, w]) if n > 0 && (h, w) == (height, width));
    if !parts.iter().all(is_like_first) {
        return false;
    }
    let channels: i64 = parts.iter().map(|x| x.size()[1]).sum();
    let stride = layer.stride;
    let is_square = kernel == across && kernel % 2 == 1;
    if !(is_square
        && matches!(stride, 1 | 2)
        && [out, input, height, width].iter().all(|&side| side > 0))
    {
        return false;
    }
    let [height, width] = [height, width].map(|side| steps_along(side, stride));
    channels == input && residual.is_none_or(|r| shape(r) == Some([1, out, height, width]))
}

/// Whether the second layer can read what the first gives, and the sizes are those of an end.
pub(super) fn follows(
    [first, second]: [Layer<'_>; 2],
    size: [i64; 2],
    residual: Option<&Tensor>,
) -> bool {
    let Some([out, input, kernel, across]) = shape(second.weight) else {
        return false;
    };
    let [height, width] = size;
    let tensors = [second.weight, second.bias].into_iter().chain(residual);
    tensors.into_iter().all(is_plain)
        && (first.stride, second.stride) == (1, 1)
        && (kernel == across && kernel % 2 == 1 && out > 0)
        && Some(&input) == first.weight.size().first()
        && residual.is_none_or(|r| shape(r) == Some([1, out, height, width]))
}
