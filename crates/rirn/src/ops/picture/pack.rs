// SPDX-License-Identifier: MIT OR Apache-2.0
//! A correction back into planes.

use super::{Planes, chroma, length, samples};
use crate::error::Result;
use crate::pixel::{Axis, Family, Level, Mix, ToYuv};
use tch::{Kind, Tensor};

/// The bytes of `input + strength * (sharp - blurred)`, plane after plane and row after row, as
/// [`crate::pixel::pack`] has it; a byte more at the end is 1 where all of `sharp` is finite, and
/// else 0, and the picture means nothing. `blurred` is what [`super::unpack`] gave for `input`.
pub(crate) fn pack(input: &Planes, blurred: &Tensor, sharp: &Tensor, mix: &Mix) -> Result<Tensor> {
    let mut differences = sharp.f_clamp(0.0, 1.0)?.f_sub_(blurred)?;
    let differences = differences.f_mul_scalar_(mix.gain())?.f_squeeze_dim(0)?;
    let differences = in_codes(input, &differences)?;
    let layout = input.shape.format.layout();
    let planes: Vec<_> = input.planes.iter().map(copy).collect::<Result<_>>()?;
    for (index, component) in layout.components.iter().enumerate() {
        let (before, after) = (&input.planes[component.plane], &planes[component.plane]);
        let differences = leave_alone(input, index, &differences[index], mix)?;
        let count = differences.size()[1];
        let ground = match ground(input, index, mix) {
            Some(code) => differences.f_full_like(code)?,
            None => samples::codes(before, *component, layout.sample, count)?,
        };
        samples::add(after, *component, layout.sample, &ground, &differences)?;
    }
    let mut bytes: Vec<_> = planes
        .iter()
        .map(|plane| plane.f_view([-1]))
        .collect::<std::result::Result<_, _>>()?;
    bytes.push(
        sharp
            .f_isfinite()?
            .f_all()?
            .f_to_kind(Kind::Uint8)?
            .f_view([1])?,
    );
    Ok(Tensor::f_cat(&bytes, 0)?)
}

/// Differences of red, green, blue `[3, height, width]` to those of each component, in codes and on
/// its grid.
fn in_codes(picture: &Planes, rgb: &Tensor) -> Result<Vec<Tensor>> {
    let shape = picture.shape;
    let layout = shape.format.layout();
    let level = Level::luma(shape.colorimetry.range, layout.sample.bits);
    let [red, green, blue] = [rgb.f_get(0)?, rgb.f_get(1)?, rgb.f_get(2)?];
    if layout.family == Family::Rgb {
        let scaled = [red, green, blue].map(|colour| colour.f_mul_scalar(level.scale));
        return Ok(scaled.into_iter().collect::<std::result::Result<_, _>>()?);
    }
    let to_yuv = ToYuv::new(shape.colorimetry, layout.sample.bits);
    let [of_red, of_green, of_blue] = to_yuv.luma.map(f64::from);
    let luma = red
        .f_mul_scalar(of_red)?
        .f_add_(&green.f_mul_scalar(of_green)?)?
        .f_add_(&blue.f_mul_scalar(of_blue)?)?;
    let mut all = vec![luma.f_mul_scalar(level.scale)?];
    if layout.family == Family::Yuv {
        let (horizontal, vertical) = Axis::both(layout.chroma, shape.colorimetry.siting);
        for (colour, codes) in [(blue, to_yuv.u), (red, to_yuv.v)] {
            let full = colour.f_sub(&luma)?.f_mul_scalar_(f64::from(codes))?;
            let narrow = chroma::down(&full, 1, horizontal)?;
            all.push(chroma::down(&narrow, 0, vertical)?);
        }
    }
    Ok(all)
}

/// The differences of a component without those on the untouched side of the split.
fn leave_alone(
    picture: &Planes,
    component: usize,
    differences: &Tensor,
    mix: &Mix,
) -> Result<Tensor> {
    let layout = picture.shape.format.layout();
    let is_chroma = layout.family == Family::Yuv && component > 0;
    let (across, down) = match is_chroma {
        true => (layout.chroma.horizontal, layout.chroma.vertical),
        false => (1, 1),
    };
    let columns = mix.first_column(picture.shape.width).div_ceil(across);
    let rows = mix.first_row(picture.shape.height).div_ceil(down);
    if (columns, rows) == (0, 0) {
        return Ok(differences.shallow_clone());
    }
    let kept = copy(differences)?;
    let zero = |part: Tensor| part.shallow_clone().f_zero_().map(|_| ());
    zero(kept.f_narrow(1, 0, length(columns))?)?;
    zero(kept.f_narrow(0, 0, length(rows))?)?;
    Ok(kept)
}

fn copy(x: &Tensor) -> Result<Tensor> {
    let mut copy = x.f_empty_like()?;
    copy.f_copy_(x)?;
    Ok(copy)
}

/// The code that takes the picture's place where the correction itself is shown.
fn ground(picture: &Planes, component: usize, mix: &Mix) -> Option<f64> {
    let (layout, range) = (
        picture.shape.format.layout(),
        picture.shape.colorimetry.range,
    );
    let is_chroma = layout.family == Family::Yuv && component > 0;
    mix.shows_difference().then(|| match is_chroma {
        true => Level::chroma(range, layout.sample.bits).zero,
        false => Level::luma(range, layout.sample.bits).middle(),
    })
}
