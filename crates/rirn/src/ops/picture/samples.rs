// SPDX-License-Identifier: MIT OR Apache-2.0
//! Samples of a component in a plane: codes out of bytes or words, and back between the bits that
//! belong to nobody.

use super::length;
use crate::error::Result;
use crate::pixel::{Component, Level, Sample, top_code};
use tch::{Kind, Tensor};

/// The samples of `component`, `[rows, count]`, as whole numbers; a view where they are bytes.
fn words(plane: &Tensor, component: Component, sample: Sample, count: i64) -> Result<Tensor> {
    let plane = match sample.bytes {
        1 => plane.shallow_clone(),
        _ => plane.f_view_dtype(Kind::Int16)?,
    };
    let (offset, step) = (length(component.offset), length(component.step));
    let end = offset + (count - 1) * step + 1;
    Ok(plane.f_slice(1, offset, end, step)?)
}

/// The bits of a word that are the code.
fn mask(sample: Sample) -> i64 {
    i64::from(u16::MAX >> (16 - sample.bits)) << sample.shift
}

/// How many steps of the word one code is.
fn unit(sample: Sample) -> i64 {
    1 << sample.shift
}

/// The codes of `component` as float32 `[rows, count]`.
pub(super) fn codes(
    plane: &Tensor,
    component: Component,
    sample: Sample,
    count: i64,
) -> Result<Tensor> {
    let words = words(plane, component, sample, count)?;
    if sample.bytes == 1 {
        return Ok(words.f_to_kind(Kind::Float)?);
    }
    // Whole steps of a word below 2^16: exact in float32.
    let codes = words.f_to_kind(Kind::Int)?.f_bitwise_and(mask(sample))?;
    let mut codes = codes.f_to_kind(Kind::Float)?;
    Ok(codes.f_div_scalar_(unit(sample))?)
}

/// What the codes of `component` stand for, float32 `[rows, count]`.
pub(super) fn values(
    plane: &Tensor,
    component: Component,
    (sample, level): (Sample, Level),
    count: i64,
) -> Result<Tensor> {
    let mut codes = codes(plane, component, sample, count)?;
    let mut centred = codes.f_sub_scalar_(level.zero)?;
    Ok(centred.f_div_scalar_(level.scale)?)
}

/// Writes the codes `ground` plus `differences`, rounded to nearest, halves up, and limited to what
/// the bits hold, over the samples of `component` in `plane`.
pub(super) fn add(
    plane: &Tensor,
    component: Component,
    sample: Sample,
    ground: &Tensor,
    differences: &Tensor,
) -> Result<()> {
    let mut sum = ground.f_add(differences)?;
    let mut sum = sum.f_add_scalar_(0.5)?;
    let mut sum = sum.f_clamp_(0.0, top_code(sample.bits))?;
    let codes = sum.f_floor_()?;
    let count = codes.size()[1];
    let mut words = words(plane, component, sample, count)?;
    if sample.bytes == 1 {
        words.f_copy_(&codes)?;
        return Ok(());
    }
    let kept = words.f_to_kind(Kind::Int)?.f_bitwise_and(!mask(sample))?;
    let mut codes = codes.f_to_kind(Kind::Int)?;
    let codes = codes.f_mul_scalar_(unit(sample))?;
    // A word of 16 bits, whatever its sign.
    words.f_copy_(&kept.f_bitwise_or_tensor(&codes)?.f_to_kind(Kind::Int16)?)?;
    Ok(())
}
