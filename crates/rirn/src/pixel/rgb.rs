// SPDX-License-Identifier: MIT OR Apache-2.0
//! RGB formats: components are read and corrected as they are, without a matrix.

use super::bands::Rows;
use super::codes;
use super::color::Level;
use super::correction::{Correction, PlaneWriter};
use super::picture::{Picture, PictureMut};
use super::wide::wide;

/// Fills rows of a frame.
pub(super) fn unpack(
    picture: &Picture<'_>,
    rows: &mut dyn Iterator<Item = usize>,
    into: &mut Rows<'_>,
) {
    let layout = picture.format().layout();
    let level = Level::luma(picture.colorimetry().range, layout.sample.bits);
    let meaning = codes::Values::new(level, (0.0, 1.0), layout.sample);
    let mut colours = [(); 3].map(|()| vec![0.0; picture.width()]);
    for y in rows {
        for (colour, component) in colours.iter_mut().zip(layout.components) {
            codes::decode(
                picture.row(component.plane, y),
                *component,
                &meaning,
                colour,
            );
        }
        let [red, green, blue] = &colours;
        join_colours(red, green, blue, into.row_mut(y));
    }
}

/// Writes `input` plus the correction; the pictures agree.
pub(super) fn pack(
    input: &Picture<'_>,
    mut correction: Correction<'_>,
    output: &mut PictureMut<'_>,
) {
    let layout = input.format().layout();
    let level = Level::luma(input.colorimetry().range, layout.sample.bits);
    correction.scale(level.scale);
    if layout.planes.len() == 1 {
        pack_packed(input, correction, output);
    } else {
        pack_planar(input, correction, output);
    }
}

/// All colours in one plane; the correction is in codes.
fn pack_packed(input: &Picture<'_>, mut correction: Correction<'_>, output: &mut PictureMut<'_>) {
    let mut writer = PlaneWriter::new(input, &correction);
    let (first_row, first_column) = (correction.first_row(), correction.first_column());
    for y in output.rows() {
        let (before, after) = (input.row(0, y), output.row_mut(0, y));
        if y < first_row {
            after.copy_from_slice(before);
            continue;
        }
        let differences = correction.row(y);
        differences[..3 * first_column].fill(0.0);
        writer.add_pixels(differences, before, after);
    }
}

/// A plane for each colour; the correction is in codes.
fn pack_planar(input: &Picture<'_>, mut correction: Correction<'_>, output: &mut PictureMut<'_>) {
    let planes = input.format().plane_count();
    let mut writer = PlaneWriter::new(input, &correction);
    let [mut red, mut green, mut blue] = [(); 3].map(|()| vec![0.0; input.width()]);
    let (first_row, first_column) = (correction.first_row(), correction.first_column());
    for y in output.rows() {
        let differences = correction.row(y);
        differences[..3 * first_column].fill(0.0);
        split_colours(differences, &mut red, &mut green, &mut blue);
        for plane in 0..planes {
            let (before, after) = (input.row(plane, y), output.row_mut(plane, y));
            if y < first_row {
                after.copy_from_slice(before);
            } else {
                writer.add_components(plane, &[&red, &green, &blue], before, after);
            }
        }
    }
}

wide! {
    /// A row of each colour to pixels `[width, 3]`.
    pub(super) fn join_colours(red: &[f32], green: &[f32], blue: &[f32], pixels: &mut [f32]) {
        let colours = red.iter().zip(green.iter().zip(blue));
        for (pixel, (red, (green, blue))) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(colours) {
            *pixel = [*red, *green, *blue];
        }
    }
}

wide! {
    /// Pixels `[width, 3]` to a row of each colour.
    fn split_colours(pixels: &[f32], red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
        let colours = red.iter_mut().zip(green.iter_mut().zip(blue));
        for ([r, g, b], (red, (green, blue))) in pixels.as_chunks::<3>().0.iter().zip(colours) {
            (*red, *green, *blue) = (*r, *g, *b);
        }
    }
}
