// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows of codes to rows of values, and corrections back into codes.
//!
//! The only file that knows how a sample is stored. Rows of values are plain `f32` slices; samples
//! of a component are some samples apart. Words come as pairs of bytes: a row may begin at any address.

use super::color::{Level, top_code};
use super::format::{Component, Sample};
use super::wide::wide;

/// A sample of more than 8 bits as it lies in memory.
type Word = [u8; 2];

/// The order of a word's bytes. A constant of the loops, which have no room for questions.
const LOW_FIRST: bool = false;
const HIGH_FIRST: bool = true;

#[inline(always)]
fn from_word<const ORDER: bool>(word: Word) -> u16 {
    match ORDER {
        LOW_FIRST => u16::from_le_bytes(word),
        HIGH_FIRST => u16::from_be_bytes(word),
    }
}

#[inline(always)]
fn to_word<const ORDER: bool>(bits: u16) -> Word {
    match ORDER {
        LOW_FIRST => bits.to_le_bytes(),
        HIGH_FIRST => bits.to_be_bytes(),
    }
}

/// Which value a code stands for: `(code - zero) / scale` within bounds.
///
/// Computed, for a division in vectors takes no longer than a table. Zero and scale are whole numbers
/// below 2^24, so only the quotient is rounded.
#[derive(Debug)]
pub(super) struct Values {
    sample: Sample,
    mask: u16,
    zero: f32,
    scale: f32,
    bounds: (f32, f32),
}

impl Values {
    /// The correctly rounded quotient; `bounds` limits it.
    pub(super) fn new(level: Level, bounds: (f64, f64), sample: Sample) -> Self {
        Self {
            sample,
            mask: mask(sample),
            zero: level.zero as f32,
            scale: level.scale as f32,
            bounds: (bounds.0 as f32, bounds.1 as f32),
        }
    }

    #[inline(always)]
    fn of_code(&self, code: f32) -> f32 {
        let value = (code - self.zero) / self.scale;
        value.clamp(self.bounds.0, self.bounds.1)
    }

    #[inline(always)]
    fn of_word<const ORDER: bool>(&self, word: Word) -> f32 {
        let code = (from_word::<ORDER>(word) & self.mask) >> self.sample.shift;
        self.of_code(f32::from(code))
    }
}

/// The bits of a word that are the code.
fn mask(sample: Sample) -> u16 {
    (u16::MAX >> (16 - sample.bits)) << sample.shift
}

wide! {
    /// Reads the samples of `component` in `row`; stops with the shorter of the two.
    pub(super) fn decode(
        row: &[u8],
        component: Component,
        meaning: &Values,
        values: &mut [f32],
    ) {
        if meaning.sample.bytes == 1 {
            let value = |byte: u8| meaning.of_code(f32::from(byte));
            decode_samples(row, component, value, values);
        } else if meaning.sample.high_first {
            let value = |word: Word| meaning.of_word::<HIGH_FIRST>(word);
            decode_samples(row.as_chunks().0, component, value, values);
        } else {
            let value = |word: Word| meaning.of_word::<LOW_FIRST>(word);
            decode_samples(row.as_chunks().0, component, value, values);
        }
    }
}

/// [`decode`] for samples of one type.
#[inline(always)]
fn decode_samples<T: Copy>(
    row: &[T],
    component: Component,
    value_of: impl Fn(T) -> f32,
    values: &mut [f32],
) {
    // The steps that occur become constants, so that the loops have neither divisions nor checks.
    let row = &row[component.offset..];
    match component.step {
        1 => {
            for (value, code) in values.iter_mut().zip(row) {
                *value = value_of(*code);
            }
        }
        2 => decode_steps::<T, 2>(row, value_of, values),
        3 => decode_steps::<T, 3>(row, value_of, values),
        4 => decode_steps::<T, 4>(row, value_of, values),
        step => {
            for (value, code) in values.iter_mut().zip(row.iter().step_by(step)) {
                *value = value_of(*code);
            }
        }
    }
}

#[inline(always)]
fn decode_steps<T: Copy, const STEP: usize>(
    row: &[T],
    value_of: impl Fn(T) -> f32,
    values: &mut [f32],
) {
    let (steps, rest) = row.as_chunks::<STEP>();
    for (value, step) in values.iter_mut().zip(steps) {
        *value = value_of(step[0]);
    }
    // The row starts at its first sample, so the last step may be cut short.
    if let (Some(value), Some(code)) = (values.get_mut(steps.len()), rest.first()) {
        *value = value_of(*code);
    }
}

wide! {
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
}

#[inline(always)]
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

wide! {
    /// Puts pixels `[width, 3]` into steps of `step` values, 3 or 4, the colours at `offsets`, 0
    /// elsewhere.
    pub(super) fn place_pixels(values: &[f32], step: usize, offsets: [usize; 3], row: &mut [f32]) {
        // Spelt out, so that the orders that exist become constants of the loop.
        match (step, offsets) {
            (3, [2, 1, 0]) => place_colours::<3>(values, [2, 1, 0], row),
            (4, [0, 1, 2]) => place_colours::<4>(values, [0, 1, 2], row),
            (4, [2, 1, 0]) => place_colours::<4>(values, [2, 1, 0], row),
            (4, [1, 2, 3]) => place_colours::<4>(values, [1, 2, 3], row),
            (4, [3, 2, 1]) => place_colours::<4>(values, [3, 2, 1], row),
            (4, _) => place_colours::<4>(values, offsets, row),
            _ => place_colours::<3>(values, offsets, row),
        }
    }
}

// Left to itself the compiler keeps one copy for all orders, which takes three times as long.
#[inline(always)]
fn place_colours<const STEP: usize>(values: &[f32], offsets: [usize; 3], row: &mut [f32]) {
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

wide! {
    /// Writes the codes of `input` plus `differences`, in codes, to `output`: the sum is rounded to
    /// the nearest code, halves up, and limited to what the sample's bits hold.
    ///
    /// A difference of 0 leaves a code exactly as it is, whichever code it is. Bits of a word that
    /// are no code are those of `input`.
    pub(super) fn add(input: &[u8], differences: &[f32], sample: Sample, output: &mut [u8]) {
        if sample.bytes == 1 {
            add_bytes(input, differences, sample.bits, output);
        } else {
            let (input, output) = (input.as_chunks().0, output.as_chunks_mut().0);
            match sample.high_first {
                LOW_FIRST => add_words::<LOW_FIRST>(input, differences, sample, output),
                HIGH_FIRST => add_words::<HIGH_FIRST>(input, differences, sample, output),
            }
        }
    }
}

#[inline(always)]
fn add_bytes(input: &[u8], differences: &[f32], bits: u32, output: &mut [u8]) {
    let top = top_code(bits) as f32;
    for (code, (before, difference)) in output.iter_mut().zip(input.iter().zip(differences)) {
        *code = sum(f32::from(*before), *difference, top) as u8;
    }
}

#[inline(always)]
fn add_words<const ORDER: bool>(
    input: &[Word],
    differences: &[f32],
    sample: Sample,
    output: &mut [Word],
) {
    let (top, mask, shift) = (top_code(sample.bits) as f32, mask(sample), sample.shift);
    for (word, (before, difference)) in output.iter_mut().zip(input.iter().zip(differences)) {
        let before = from_word::<ORDER>(*before);
        let code = sum(f32::from((before & mask) >> shift), *difference, top) as u16;
        *word = to_word::<ORDER>(before & !mask | code << shift);
    }
}

/// Code plus difference as a whole number, in the lowest 23 bits.
#[inline(always)]
fn sum(code: f32, difference: f32, top: f32) -> u32 {
    let sum = (code + difference + 0.5).clamp(0.0, top);
    // Rounding down by hand: a cast saturates, and that keeps the loop from vectors.
    let near = sum + WHOLE;
    let too_high = u32::from(near - WHOLE > sum);
    near.to_bits().wrapping_sub(too_high)
}

/// Sets the first `count` samples of `component` in a row to `code`; bits of a word that are no
/// code stay.
pub(super) fn fill(row: &mut [u8], component: Component, sample: Sample, count: usize, code: u16) {
    let (offset, step) = (component.offset, component.step);
    if sample.bytes == 1 {
        let places = row[offset..].iter_mut().step_by(step).take(count);
        places.for_each(|place| *place = code as u8);
        return;
    }
    let (mask, bits) = (mask(sample), code << sample.shift);
    let words = row.as_chunks_mut::<2>().0;
    for place in words[offset..].iter_mut().step_by(step).take(count) {
        *place = match sample.high_first {
            LOW_FIRST => to_word::<LOW_FIRST>(from_word::<LOW_FIRST>(*place) & !mask | bits),
            HIGH_FIRST => to_word::<HIGH_FIRST>(from_word::<HIGH_FIRST>(*place) & !mask | bits),
        };
    }
}
