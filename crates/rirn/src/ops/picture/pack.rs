// SPDX-License-Identifier: MIT OR Apache-2.0
//! A correction back into planes.

use super::{Planes, chroma, length, samples};
use crate::error::Result;
use crate::pixel::{Axis, Family, Level, Mix, ToYuv};
use std::ops::Range;
use tch::{Kind, Tensor};

/// The bytes of `input + strength * (sharp - blurred)`, plane after plane and row after row, as
/// [`crate::pixel::pack`] has it; a byte more at the end is 1 where all of `sharp` is finite, and
/// else 0, and the picture means nothing. `blurred` is what [`super::unpack`] gave for `input`.
pub(crate) fn pack(input: &Planes, blurred: &Tensor, sharp: &Tensor, mix: &Mix) -> Result<Tensor> {
    let mut differences = sharp.f_clamp(0.0, 1.0)?.f_sub_(blurred)?;
    if mix.gain() != 1.0 {
        let _ = differences.f_mul_scalar_(mix.gain())?;
    }
    let count = length(input.shape.bytes());
    let options = (Kind::Uint8, sharp.device());
    let bytes = Tensor::f_empty([count + 1], options)?;
    bytes
        .f_narrow(0, 0, count)?
        .f_copy_(&input.bytes.f_narrow(0, 0, count)?)?;
    let output = Planes::new(input.shape, &bytes)?;
    let sample = input.shape.format.layout().sample;
    for (components, differences) in in_codes(input, &differences.f_squeeze_dim(0)?)? {
        let is_chroma = components.start > 0;
        let differences = leave_alone(input, is_chroma, &differences, mix)?;
        let ground = ground(input, is_chroma, mix);
        samples::add(&output.parts(components), sample, ground, &differences)?;
    }
    bytes.f_narrow(0, count, 1)?.f_copy_(&finite(sharp)?)?;
    Ok(bytes)
}

/// Whether all of a frame is finite: one look at all values, and some at two.
fn finite(frame: &Tensor) -> Result<Tensor> {
    let (least, most) = frame.f_aminmax(None, false)?;
    Ok(Tensor::f_stack(&[least, most], 0)?.f_isfinite()?.f_all()?)
}

/// Differences of red, green, blue `[3, height, width]` to those of components of one size each, in codes
/// and on their grid, `[components, rows, columns]`.
fn in_codes(picture: &Planes, rgb: &Tensor) -> Result<Vec<(Range<usize>, Tensor)>> {
    let shape = picture.shape;
    let layout = shape.format.layout();
    let level = Level::luma(shape.colorimetry.range, layout.sample.bits);
    if layout.family == Family::Rgb {
        return Ok(vec![(0..3, rgb.f_mul_scalar(level.scale)?)]);
    }
    let to_yuv = ToYuv::new(shape.colorimetry, layout.sample.bits);
    let [of_red, of_green, of_blue] = to_yuv.luma.map(f64::from);
    let luma = rgb
        .f_narrow(0, 0, 1)?
        .f_mul_scalar(of_red)?
        .f_add_(&rgb.f_narrow(0, 1, 1)?.f_mul_scalar(of_green)?)?
        .f_add_(&rgb.f_narrow(0, 2, 1)?.f_mul_scalar(of_blue)?)?;
    let mut all = vec![(0..1, luma.f_mul_scalar(level.scale)?)];
    if layout.family == Family::Yuv {
        let (horizontal, vertical) = Axis::both(layout.chroma, shape.colorimetry.siting);
        let red_and_blue = rgb.f_slice(0, 0, 3, 2)?.f_sub(&luma)?;
        let narrow = chroma::down(&red_and_blue, 2, horizontal)?;
        let v_and_u = chroma::down(&narrow, 1, vertical)?;
        let codes = |place: i64, codes: f32| v_and_u.f_get(place)?.f_mul_scalar(f64::from(codes));
        let u_and_v = [codes(1, to_yuv.u)?, codes(0, to_yuv.v)?];
        all.push((1..3, Tensor::f_stack(&u_and_v, 0)?));
    }
    Ok(all)
}

/// The differences of luma or chroma without those on the untouched side of the split.
fn leave_alone(
    picture: &Planes,
    is_chroma: bool,
    differences: &Tensor,
    mix: &Mix,
) -> Result<Tensor> {
    let layout = picture.shape.format.layout();
    let (across, down) = match is_chroma {
        true => (layout.chroma.horizontal, layout.chroma.vertical),
        false => (1, 1),
    };
    let columns = mix.first_column(picture.shape.width).div_ceil(across);
    let rows = mix.first_row(picture.shape.height).div_ceil(down);
    if (columns, rows) == (0, 0) {
        return Ok(differences.shallow_clone());
    }
    let mut kept = differences.f_empty_like()?;
    kept.f_copy_(differences)?;
    let zero = |part: Tensor| part.shallow_clone().f_zero_().map(|_| ());
    zero(kept.f_narrow(2, 0, length(columns))?)?;
    zero(kept.f_narrow(1, 0, length(rows))?)?;
    Ok(kept)
}

/// The code that takes the picture's place where the correction itself is shown.
fn ground(picture: &Planes, is_chroma: bool, mix: &Mix) -> Option<f64> {
    let (layout, range) = (
        picture.shape.format.layout(),
        picture.shape.colorimetry.range,
    );
    mix.shows_difference().then(|| match is_chroma {
        true => Level::chroma(range, layout.sample.bits).zero,
        false => Level::luma(range, layout.sample.bits).middle(),
    })
}
