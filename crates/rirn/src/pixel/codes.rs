// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows of 8-bit codes to rows of values, and corrections back into codes.
//!
//! The only file that knows how wide a sample is. Rows of values are plain `f32` slices; samples
//! of a component are some bytes apart, its values some values apart, hence the two steps.

use super::color::{Level, top_code};
use super::format::Component;

/// The value of every code.
pub(super) type Table = [f32; 256];

/// `(code - zero) / scale`, each rounded once from `f64`, which for a full range is the correctly
/// rounded quotient; `bounds` limits them.
pub(super) fn table(level: Level, bounds: (f64, f64)) -> Table {
    std::array::from_fn(|code| {
        let value = (code as f64 - level.zero) / level.scale;
        value.clamp(bounds.0, bounds.1) as f32
    })
}

/// Reads the samples of `component` in `row` into every `step`-th value from the first one on.
///
/// Stops with the shorter of the two.
pub(super) fn decode(
    row: &[u8],
    component: Component,
    table: &Table,
    values: &mut [f32],
    step: usize,
) {
    // The steps that occur become constants, so that the loops have neither divisions nor checks.
    let row = &row[component.offset..];
    match (component.step, step) {
        (1, 1) => {
            for (value, code) in values.iter_mut().zip(row) {
                *value = table[usize::from(*code)];
            }
        }
        (2, 1) => decode_steps::<2, 1>(row, table, values),
        (3, 3) => decode_steps::<3, 3>(row, table, values),
        (4, 3) => decode_steps::<4, 3>(row, table, values),
        (from, to) => {
            for (value, code) in values.iter_mut().step_by(to).zip(row.iter().step_by(from)) {
                *value = table[usize::from(*code)];
            }
        }
    }
}

fn decode_steps<const FROM: usize, const TO: usize>(row: &[u8], table: &Table, values: &mut [f32]) {
    let (codes, last_code) = row.as_chunks::<FROM>();
    let (values, last_value) = values.as_chunks_mut::<TO>();
    // Both start at their sample, so the last step may be cut short on either side.
    let mut codes = codes
        .iter()
        .map(|step| step[0])
        .chain(last_code.first().copied());
    for (value, code) in values.iter_mut().zip(&mut codes) {
        value[0] = table[usize::from(code)];
    }
    if let (Some(value), Some(code)) = (last_value.first_mut(), codes.next()) {
        *value = table[usize::from(code)];
    }
}

/// Puts `values` where the samples of `component` lie in a row of a plane.
///
/// Stops with the shorter of the two; what lies between the samples is left alone.
pub(super) fn place(values: &[f32], component: Component, row: &mut [f32]) {
    let row = &mut row[component.offset..];
    match component.step {
        1 => row
            .iter_mut()
            .zip(values)
            .for_each(|(place, value)| *place = *value),
        2 => place_steps::<2>(values, row),
        3 => place_steps::<3>(values, row),
        4 => place_steps::<4>(values, row),
        step => {
            let places = row.iter_mut().step_by(step);
            places
                .zip(values)
                .for_each(|(place, value)| *place = *value);
        }
    }
}

fn place_steps<const STEP: usize>(values: &[f32], row: &mut [f32]) {
    let (steps, rest) = row.as_chunks_mut::<STEP>();
    let whole = steps.len();
    for (step, value) in steps.iter_mut().zip(values) {
        step[0] = *value;
    }
    // The slice starts at its first sample, so the last step may be cut short.
    if let (Some(place), Some(value)) = (rest.first_mut(), values.get(whole)) {
        *place = *value;
    }
}

/// Puts pixels `[width, 3]` into steps of `STEP` values, the colours at `offsets`, 0 elsewhere.
// Left to itself the compiler keeps one copy for all orders, which takes three times as long.
#[inline(always)]
pub(super) fn place_pixels<const STEP: usize>(
    values: &[f32],
    offsets: [usize; 3],
    row: &mut [f32],
) {
    let pixels = row.as_chunks_mut::<STEP>().0;
    for (place, value) in pixels.iter_mut().zip(values.as_chunks::<3>().0) {
        let mut pixel = [0.0; STEP];
        for (offset, value) in offsets.iter().zip(value) {
            pixel[*offset % STEP] = *value;
        }
        *place = pixel;
    }
}

/// From here on an `f32` has no fraction, and its lowest bits are its lowest digits.
const WHOLE: f32 = 8_388_608.0;

/// Writes the codes of `input` plus `differences`, in codes, to `output`: the sum is rounded to
/// the nearest code, halves up, and limited to what `bits` bits hold.
///
/// A difference of 0 leaves a code exactly as it is, whichever code it is.
pub(super) fn add(input: &[u8], differences: &[f32], bits: u32, output: &mut [u8]) {
    let top = top_code(bits) as f32;
    for (code, (before, difference)) in output.iter_mut().zip(input.iter().zip(differences)) {
        let sum = (f32::from(*before) + difference + 0.5).clamp(0.0, top);
        // Rounding down by hand: a cast saturates, and that keeps the loop from vectors.
        let near = sum + WHOLE;
        let too_high = u32::from(near - WHOLE > sum);
        *code = near.to_bits().wrapping_sub(too_high) as u8;
    }
}
