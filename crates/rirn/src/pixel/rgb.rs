// SPDX-License-Identifier: MIT OR Apache-2.0
//! RGB formats: components are read and corrected as they are, without a matrix.

use super::codes;
use super::color::Level;
use super::correction::{Correction, PlaneWriter};
use super::picture::{Picture, PictureMut};
use crate::frame::Frame;

/// Fills `frame`, which has the picture's size.
pub(super) fn unpack(picture: &Picture<'_>, frame: &mut Frame) {
    let layout = picture.format().layout();
    let level = Level::luma(picture.colorimetry().range, layout.bits);
    let table = codes::table(level, (0.0, 1.0));
    for y in 0..picture.height() {
        let values = frame.row_mut(y);
        for (channel, component) in layout.components.iter().enumerate() {
            let row = picture.row(component.plane, y);
            codes::decode(row, *component, &table, &mut values[channel..], 3);
        }
    }
}

/// Writes `input` plus the correction; the pictures agree.
pub(super) fn pack(
    input: &Picture<'_>,
    mut correction: Correction<'_>,
    output: &mut PictureMut<'_>,
) {
    let layout = input.format().layout();
    let level = Level::luma(input.colorimetry().range, layout.bits);
    correction.scale(level.scale);
    let mut writer = PlaneWriter::new(layout, input.width());
    let (first_row, first_column) = (correction.first_row(), correction.first_column());
    for y in 0..input.height() {
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
