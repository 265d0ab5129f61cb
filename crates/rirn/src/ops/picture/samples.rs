// SPDX-License-Identifier: MIT OR Apache-2.0
//! Samples of components in planes: codes out of bytes or words, and back between the bits that
//! belong to nobody. Components of one size are taken together: on a GPU each operation on a small map
//! costs as much as one on a map thrice as large.

use super::length;
use crate::error::Result;
use crate::pixel::{Component, Level, Sample, top_code};
use tch::{Kind, Tensor};

/// Components of one size, each with its plane.
pub(super) type Parts<'a> = [(&'a Tensor, Component)];

/// The samples of a component, `[rows, count]`, as whole numbers; a view.
fn words((plane, component): (&Tensor, Component), sample: Sample, count: i64) -> Result<Tensor> {
    let plane = match sample.bytes {
        1 => plane.shallow_clone(),
        _ => plane.f_view_dtype(Kind::Int16)?,
    };
    let (offset, step) = (length(component.offset), length(component.step));
    let end = offset + (count - 1) * step + 1;
    Ok(plane.f_slice(1, offset, end, step)?)
}

/// Those of several, side by side along dimension `dim`.
fn all_words(parts: &Parts<'_>, sample: Sample, count: i64, dim: i64) -> Result<Tensor> {
    let words = parts.iter().map(|part| words(*part, sample, count));
    let words: Vec<_> = words.collect::<Result<_>>()?;
    let words = match &words[..] {
        [one] => one.f_unsqueeze(dim)?,
        several => Tensor::f_stack(several, dim)?,
    };
    in_order(words, sample)
}

/// Words with the bytes in the machine's order, or those in the sample's: turned around where the two differ.
fn in_order(words: Tensor, sample: Sample) -> Result<Tensor> {
    if sample.bytes == 1 || sample.high_first == cfg!(target_endian = "big") {
        return Ok(words);
    }
    let words = words.f_contiguous()?.f_unsqueeze(-1)?;
    let bytes = words.f_view_dtype(Kind::Uint8)?.f_flip([-1])?;
    Ok(bytes.f_view_dtype(Kind::Int16)?.f_squeeze_dim(-1)?)
}

/// The bits of a word that are the code.
fn mask(sample: Sample) -> i64 {
    i64::from(u16::MAX >> (16 - sample.bits)) << sample.shift
}

/// How many steps of the word one code is.
fn unit(sample: Sample) -> i64 {
    1 << sample.shift
}

/// What the codes of components stand for, float32 `[rows, count]` for each, side by side along
/// dimension `dim`.
pub(super) fn values(
    parts: &Parts<'_>,
    (sample, level): (Sample, Level),
    count: i64,
    dim: i64,
) -> Result<Tensor> {
    let codes = codes(&all_words(parts, sample, count, dim)?, sample)?;
    let mut codes = codes.f_to_kind(Kind::Float)?;
    if level.zero != 0.0 {
        let _ = codes.f_sub_scalar_(level.zero)?;
    }
    Ok(codes.f_div_scalar_(level.scale)?)
}

/// The codes in words: bytes as they are, else float32.
fn codes(words: &Tensor, sample: Sample) -> Result<Tensor> {
    if sample.bytes == 1 {
        return Ok(words.shallow_clone());
    }
    // Whole steps of a word below 2^16: exact in float32.
    let codes = words.f_to_kind(Kind::Int)?.f_bitwise_and(mask(sample))?;
    let mut codes = codes.f_to_kind(Kind::Float)?;
    Ok(codes.f_div_scalar_(unit(sample))?)
}

/// Adds `differences` `[components, rows, count]` to the codes of components, or to the code `ground` in their
/// place, and writes what comes of it, rounded to nearest, halves up, and limited to what the bits
/// hold.
pub(super) fn add(
    parts: &Parts<'_>,
    sample: Sample,
    ground: Option<f64>,
    differences: &Tensor,
) -> Result<()> {
    let count = differences.size()[2];
    let before = all_words(parts, sample, count, 0)?;
    let mut sum = match ground {
        Some(code) => differences.f_add_scalar(code)?,
        None => differences.f_add(&codes(&before, sample)?)?,
    };
    let mut sum = sum.f_add_scalar_(0.5)?;
    // What is not negative is rounded down on its way to whole numbers.
    let sum = sum.f_clamp_(0.0, top_code(sample.bits))?;
    let written = match sample.bytes {
        1 => sum,
        _ => {
            let kept = before.f_to_kind(Kind::Int)?.f_bitwise_and(!mask(sample))?;
            let mut codes = sum.f_to_kind(Kind::Int)?;
            let codes = codes.f_mul_scalar_(unit(sample))?;
            // A word of 16 bits, whatever its sign.
            let words = kept.f_bitwise_or_tensor(&codes)?.f_to_kind(Kind::Int16)?;
            in_order(words, sample)?
        }
    };
    for (place, part) in parts.iter().enumerate() {
        let mut to = words(*part, sample, count)?;
        to.f_copy_(&written.f_get(length(place))?)?;
    }
    Ok(())
}
