// SPDX-License-Identifier: MIT OR Apache-2.0
//! Subsampled chroma along one direction: up to the luma grid, down by averaging. Beyond an edge the
//! sample at the edge repeats.

use crate::error::Result;
use crate::pixel::Axis;
use tch::Tensor;

/// Samples of `x` along dimension `dim`, interpolated onto `length` luma samples.
pub(super) fn up(x: &Tensor, dim: i64, axis: Axis, length: i64) -> Result<Tensor> {
    if axis.factor == 1 {
        return Ok(x.shallow_clone());
    }
    let count = x.size()[usize::try_from(dim).unwrap_or_default()];
    let between = |odd: bool| -> Result<Tensor> {
        let (_, of_other) = axis.up(odd);
        if of_other == 0.0 {
            return Ok(x.shallow_clone());
        }
        let other = match odd {
            false => [x.f_narrow(dim, 0, 1)?, x.f_narrow(dim, 0, count - 1)?],
            true => [
                x.f_narrow(dim, 1, count - 1)?,
                x.f_narrow(dim, count - 1, 1)?,
            ],
        };
        Ok(x.f_lerp(&Tensor::f_cat(&other, dim)?, f64::from(of_other))?)
    };
    let pairs = [between(false)?, between(true)?];
    let mut size = x.size();
    size[usize::try_from(dim).unwrap_or_default()] = 2 * count;
    let full = Tensor::f_stack(&pairs, dim + 1)?.f_reshape(&size)?;
    Ok(full.f_narrow(dim, 0, length)?)
}

/// Averages the luma samples of `x` along dimension `dim` onto the chroma grid.
pub(super) fn down(x: &Tensor, dim: i64, axis: Axis) -> Result<Tensor> {
    if axis.factor == 1 {
        return Ok(x.shallow_clone());
    }
    let length = x.size()[usize::try_from(dim).unwrap_or_default()];
    let count = (length + 1) / 2;
    let even = x.f_slice(dim, 0, length, 2)?;
    let odd = x.f_slice(dim, 1, length, 2)?;
    let odd = match length % 2 {
        0 => odd,
        // The last pair is broken: its first sample stands for both.
        _ => Tensor::f_cat(&[odd, x.f_narrow(dim, length - 1, 1)?], dim)?,
    };
    // The three shares sum to 1.
    let [of_before, _, of_odd] = axis.down().map(f64::from);
    if of_before == 0.0 {
        return Ok(even.f_lerp(&odd, of_odd)?);
    }
    let first = x.f_narrow(dim, 0, 1)?;
    let before = Tensor::f_cat(&[first, odd.f_narrow(dim, 0, count - 1)?], dim)?;
    let beside = of_before + of_odd;
    let around = odd.f_lerp(&before, of_before / beside)?;
    Ok(even.f_lerp(&around, beside)?)
}
