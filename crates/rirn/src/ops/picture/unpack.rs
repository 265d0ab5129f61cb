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
    let [_, width] = picture.size();
    let luma = Level::luma(shape.colorimetry.range, layout.sample.bits);
    let full = |index: usize| {
        let component = layout.components[index];
        let plane = &picture.planes[component.plane];
        samples::values(plane, component, (layout.sample, luma), width)
    };
    let colours = match layout.family {
        Family::Rgb => [full(0)?, full(1)?, full(2)?],
        Family::Gray => {
            let luma = full(0)?;
            [luma.shallow_clone(), luma.shallow_clone(), luma]
        }
        Family::Yuv => to_rgb(picture, full(0)?)?,
    };
    let frame = Tensor::f_stack(&colours, -1)?.f_clamp_(0.0, 1.0)?;
    Ok(frame.f_unsqueeze(0)?.f_permute([0, 3, 1, 2])?)
}

/// Luma and the chroma of the picture to red, green, blue, `[height, width]` each.
fn to_rgb(picture: &Planes, luma: Tensor) -> Result<[Tensor; 3]> {
    let shape = picture.shape;
    let layout = shape.format.layout();
    let [height, width] = picture.size();
    let level = Level::chroma(shape.colorimetry.range, layout.sample.bits);
    let (horizontal, vertical) = Axis::both(layout.chroma, shape.colorimetry.siting);
    let difference = |index: usize| -> Result<Tensor> {
        let component = layout.components[index];
        let plane = &picture.planes[component.plane];
        let count = length(shape.width.div_ceil(layout.chroma.horizontal));
        let values = samples::values(plane, component, (layout.sample, level), count)?;
        let tall = chroma::up(&values, 0, vertical, height)?;
        chroma::up(&tall, 1, horizontal, width)
    };
    let (u, v) = (difference(1)?, difference(2)?);
    let share = |x: &Tensor, share: f32| x.f_mul_scalar(f64::from(share));
    let matrix = ToRgb::new(shape.colorimetry.matrix);
    Ok([
        luma.f_add(&share(&v, matrix.red_v)?)?,
        luma.f_add(&share(&u, matrix.green_u)?)?
            .f_add_(&share(&v, matrix.green_v)?)?,
        luma.f_add(&share(&u, matrix.blue_u)?)?,
    ])
}
