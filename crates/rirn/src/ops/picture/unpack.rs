// SPDX-License-Identifier: MIT OR Apache-2.0
//! Planes to a frame.

use super::{Planes, chroma, length, samples};
use crate::error::Result;
use crate::pixel::{Axis, Family, Level, ToRgb};
use tch::Tensor;

/// The picture as a frame `[1, 3, height, width]`, float32 within [0, 1], channels last, on the
/// device of the planes.
pub(crate) fn unpack(picture: &Planes) -> Result<Tensor> {
    let shape = picture.shape;
    let layout = shape.format.layout();
    let [height, width] = picture.size();
    let luma = Level::luma(shape.colorimetry.range, layout.sample.bits);
    let full = |components| {
        let parts = picture.parts(components);
        samples::values(&parts, (layout.sample, luma), width, -1)
    };
    let mut colours = match layout.family {
        Family::Rgb => full(0..3)?,
        Family::Gray => full(0..1)?,
        Family::Yuv => to_rgb(picture, &full(0..1)?.f_squeeze_dim(-1)?)?,
    };
    // Only codes of full range cannot lie outside.
    if layout.family == Family::Yuv || luma.zero != 0.0 {
        colours = colours.f_clamp_(0.0, 1.0)?;
    }
    if layout.family == Family::Gray {
        colours = colours
            .f_expand([height, width, 3], false)?
            .f_contiguous()?;
    }
    Ok(colours.f_unsqueeze(0)?.f_permute([0, 3, 1, 2])?)
}

/// Luma `[height, width]` and the chroma of the picture to red, green, blue, `[height, width, 3]`.
fn to_rgb(picture: &Planes, luma: &Tensor) -> Result<Tensor> {
    let shape = picture.shape;
    let layout = shape.format.layout();
    let [height, width] = picture.size();
    let level = Level::chroma(shape.colorimetry.range, layout.sample.bits);
    let (horizontal, vertical) = Axis::both(layout.chroma, shape.colorimetry.siting);
    let count = length(shape.width.div_ceil(layout.chroma.horizontal));
    let values = samples::values(&picture.parts(1..3), (layout.sample, level), count, 0)?;
    let tall = chroma::up(&values, 1, vertical, height)?;
    let wide = chroma::up(&tall, 2, horizontal, width)?;
    let (u, v) = (wide.f_get(0)?, wide.f_get(1)?);
    let share = |x: &Tensor, share: f32| x.f_mul_scalar(f64::from(share));
    let matrix = ToRgb::new(shape.colorimetry.matrix);
    let colours = [
        share(&v, matrix.red_v)?.f_add_(luma)?,
        share(&u, matrix.green_u)?
            .f_add_(luma)?
            .f_add_(&share(&v, matrix.green_v)?)?,
        share(&u, matrix.blue_u)?.f_add_(luma)?,
    ];
    Ok(Tensor::f_stack(&colours, -1)?)
}
