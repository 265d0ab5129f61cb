// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formats with luma: grey, and luma with two colour differences.
//!
//! Corrections go the linear way: the RGB difference becomes a difference of luma and of colour
//! differences by the matrix. Codes that stand for no RGB colour survive, as nothing is converted
//! there and back.

use super::bands::Rows;
use super::chroma::{Downsampler, Upsampler};
use super::codes::{self, Values};
use super::color::{Level, ToRgb, ToYuv};
use super::correction::{Correction, PlaneWriter};
use super::format::Sample;
use super::picture::{Picture, PictureMut};
use super::rgb::join_colours;
use super::wide::wide;

/// Beyond every value that a code can have: the matrix sees luma and chroma as they are coded,
/// only the RGB result is limited.
const UNLIMITED: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// Fills rows of a frame from a grey picture: luma three times.
pub(super) fn unpack_gray(
    picture: &Picture<'_>,
    rows: &mut dyn Iterator<Item = usize>,
    into: &mut Rows<'_>,
) {
    let layout = picture.format().layout();
    let level = Level::luma(picture.colorimetry().range, layout.sample.bits);
    let meaning = Values::new(level, (0.0, 1.0), layout.sample);
    let luma = layout.components[0];
    let mut values = vec![0.0; picture.width()];
    for y in rows {
        codes::decode(picture.row(luma.plane, y), luma, &meaning, &mut values);
        join_colours(&values, &values, &values, into.row_mut(y));
    }
}

/// Fills rows of a frame from a YUV picture.
pub(super) fn unpack(
    picture: &Picture<'_>,
    rows: &mut dyn Iterator<Item = usize>,
    into: &mut Rows<'_>,
) {
    let layout = picture.format().layout();
    let (width, colorimetry) = (picture.width(), picture.colorimetry());
    let Sample { bits, .. } = layout.sample;
    let [of_luma, of_chroma] = [Level::luma, Level::chroma]
        .map(|level| Values::new(level(colorimetry.range, bits), UNLIMITED, layout.sample));
    let to_rgb = ToRgb::new(colorimetry.matrix);
    let [luma, u, v] = [0, 1, 2].map(|component| layout.components[component]);
    let mut luma_row = vec![0.0; width];
    let [mut u, mut v] =
        [u, v].map(|c| Upsampler::new(c, layout.chroma, colorimetry.siting, width));
    for y in rows {
        codes::decode(picture.row(luma.plane, y), luma, &of_luma, &mut luma_row);
        let u = u.row(picture, y, &of_chroma);
        let v = v.row(picture, y, &of_chroma);
        write_rgb(&luma_row, u, v, to_rgb, into.row_mut(y));
    }
}

wide! {
    /// One row of luma and colour differences to RGB within `[0, 1]`.
    fn write_rgb(y: &[f32], u: &[f32], v: &[f32], to_rgb: ToRgb, values: &mut [f32]) {
        let ToRgb {
            red_v,
            green_u,
            green_v,
            blue_u,
        } = to_rgb;
        let pixels = values.as_chunks_mut::<3>().0;
        for (pixel, (y, (u, v))) in pixels.iter_mut().zip(y.iter().zip(u.iter().zip(v))) {
            pixel[0] = (y + red_v * v).clamp(0.0, 1.0);
            pixel[1] = (y + green_u * u + green_v * v).clamp(0.0, 1.0);
            pixel[2] = (y + blue_u * u).clamp(0.0, 1.0);
        }
    }
}

/// Writes grey `input` plus the luma of the correction; the pictures agree.
pub(super) fn pack_gray(
    input: &Picture<'_>,
    mut correction: Correction<'_>,
    output: &mut PictureMut<'_>,
) {
    let layout = input.format().layout();
    let [red, green, blue] = ToYuv::new(input.colorimetry(), layout.sample.bits).luma;
    correction.scale(Level::luma(input.colorimetry().range, layout.sample.bits).scale);
    let mut writer = PlaneWriter::new(input, &correction);
    let mut luma = vec![0.0; input.width()];
    let (first_row, first_column) = (correction.first_row(), correction.first_column());
    for y in output.rows() {
        let (before, after) = (input.row(0, y), output.row_mut(0, y));
        if y < first_row {
            after.copy_from_slice(before);
            continue;
        }
        let pixels = correction.row(y).as_chunks::<3>().0;
        for (luma, [r, g, b]) in luma.iter_mut().zip(pixels) {
            *luma = red * r + green * g + blue * b;
        }
        luma[..first_column].fill(0.0);
        writer.add_components(0, &[&luma], before, after);
    }
}

/// Writes YUV `input` plus the correction; the pictures agree.
pub(super) fn pack(
    input: &Picture<'_>,
    mut correction: Correction<'_>,
    output: &mut PictureMut<'_>,
) {
    let layout = input.format().layout();
    let (size, colorimetry) = ((input.width(), input.height()), input.colorimetry());
    let to_yuv = ToYuv::new(colorimetry, layout.sample.bits);
    let mut writer = PlaneWriter::new(input, &correction);
    let mut luma = vec![0.0; size.0];
    let [mut u, mut v] =
        [(); 2].map(|()| Downsampler::new(layout.chroma, colorimetry.siting, size));
    let (first_row, first_column) = (correction.first_row(), correction.first_column());
    let chroma_column = first_column.div_ceil(layout.chroma.horizontal);
    let rows = output.rows();
    // The first row of chroma may take a share of the luma row above it.
    for y in rows.start.saturating_sub(u.looks_back())..rows.end {
        split_luma(
            correction.row(y),
            to_yuv,
            &mut luma,
            u.line_mut(),
            v.line_mut(),
        );
        luma[..first_column].fill(0.0);
        let chroma = u.push(y).zip(v.push(y)).map(|(u, v)| {
            u[..chroma_column].fill(0.0);
            v[..chroma_column].fill(0.0);
            (&*u, &*v)
        });
        if y < rows.start {
            continue;
        }
        for (plane, plane_layout) in layout.planes.iter().enumerate() {
            let covered = plane_layout.step.vertical;
            let row = y / covered;
            // A row of samples is on the side of the split that its first luma row is on.
            let touched = row * covered >= first_row;
            let (before, after) = (input.row(plane, row), output.row_mut(plane, row));
            match chroma {
                _ if !touched => after.copy_from_slice(before),
                Some((u, v)) => writer.add_components(plane, &[&luma, u, v], before, after),
                None if covered == 1 => writer.add_components(plane, &[&luma], before, after),
                // The chroma row takes further luma rows before it is complete.
                None => {}
            }
        }
    }
}

wide! {
    /// One row of RGB differences to differences of luma, U and V, in codes.
    fn split_luma(rgb: &[f32], to_yuv: ToYuv, luma: &mut [f32], u: &mut [f32], v: &mut [f32]) {
        let ToYuv {
            luma: [red, green, blue],
            y: y_codes,
            u: u_codes,
            v: v_codes,
        } = to_yuv;
        let pixels = rgb.as_chunks::<3>().0;
        for (([r, g, b], y), (u, v)) in pixels.iter().zip(luma).zip(u.iter_mut().zip(v)) {
            let luma = red * r + green * g + blue * b;
            *y = y_codes * luma;
            *u = u_codes * (b - luma);
            *v = v_codes * (r - luma);
        }
    }
}
