// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is to be added to a picture, row by row, and the way into its planes.

use super::codes;
use super::format::Layout;
use super::ground::Ground;
use super::mix::Mix;
use super::picture::{Picture, Shape};
use super::wide::wide;

/// The bits of an exponent; all of them are set where an `f32` is infinite or no number.
const EXPONENT: u32 = 0x7f80_0000;

/// The difference between the network's frame and its input, weakened by the mix.
#[derive(Debug)]
pub(super) struct Correction<'a> {
    /// All values of both frames, `[height, width, 3]`.
    blurred: &'a [f32],
    sharp: &'a [f32],
    /// The mix's strength times the unit that differences are wanted in.
    gain: f64,
    first_row: usize,
    first_column: usize,
    on_ground: bool,
    /// The row under way, as `[width, 3]`.
    row: Vec<f32>,
}

impl<'a> Correction<'a> {
    /// From frames of the picture's size.
    pub(super) fn new(blurred: &'a [f32], sharp: &'a [f32], shape: Shape, mix: &Mix) -> Self {
        Self {
            blurred,
            sharp,
            gain: mix.gain(),
            first_row: mix.first_row(shape.height),
            first_column: mix.first_column(shape.width),
            on_ground: mix.shows_difference(),
            row: vec![0.0; 3 * shape.width],
        }
    }

    /// Makes every difference `scale` times as large.
    pub(super) fn scale(&mut self, scale: f64) {
        self.gain *= scale;
    }

    /// First luma row that takes the correction.
    pub(super) fn first_row(&self) -> usize {
        self.first_row
    }

    /// First luma column that takes the correction.
    pub(super) fn first_column(&self) -> usize {
        self.first_column
    }

    /// Differences of row `y` as `[width, 3]`, whatever the split; every one finite.
    pub(super) fn row(&mut self, y: usize) -> &mut [f32] {
        let length = self.row.len();
        let [blurred, sharp] = [self.blurred, self.sharp].map(|all| &all[y * length..][..length]);
        let gain = self.gain as f32;
        if subtract(blurred, sharp, gain, &mut self.row) {
            drop_wild_pixels(blurred, sharp, &mut self.row);
        }
        &mut self.row
    }
}

wide! {
    /// Writes `gain * (sharp - blurred)`, and says whether some difference is not finite.
    fn subtract(blurred: &[f32], sharp: &[f32], gain: f32, differences: &mut [f32]) -> bool {
        let mut wild = 0_u32;
        for (difference, (b, s)) in differences.iter_mut().zip(blurred.iter().zip(sharp)) {
            *difference = gain * (s.clamp(0.0, 1.0) - b);
            // Asked once a row: without a branch the loop runs in vectors.
            wild |= u32::from((s - b).to_bits() & EXPONENT == EXPONENT);
        }
        wild != 0
    }
}

/// Takes the correction back from pixels with a non-finite difference. All three colours go: two
/// corrected and one left alone would be a colour of neither frame.
fn drop_wild_pixels(blurred: &[f32], sharp: &[f32], row: &mut [f32]) {
    let pixels = blurred
        .as_chunks::<3>()
        .0
        .iter()
        .zip(sharp.as_chunks::<3>().0);
    for (difference, (b, s)) in row.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
        if b.iter().zip(s).any(|(b, s)| !(s - b).is_finite()) {
            *difference = [0.0; 3];
        }
    }
}

/// Brings differences, in codes, into the order of a plane's row and adds them to it.
#[derive(Debug)]
pub(super) struct PlaneWriter {
    layout: &'static Layout,
    /// What they are added to, if not to the picture.
    ground: Option<Ground>,
    /// For each plane a row of it. What no component claims, padding and alpha, stays 0.
    rows: Vec<Vec<f32>>,
}

impl PlaneWriter {
    /// For rows of `picture` that take `correction`.
    pub(super) fn new(picture: &Picture<'_>, correction: &Correction<'_>) -> Self {
        let (layout, width) = (picture.format().layout(), picture.width());
        let planes = layout.planes.iter();
        let rows = planes
            .map(|plane| vec![0.0; width.div_ceil(plane.step.horizontal) * plane.samples])
            .collect();
        let ground = correction.on_ground.then(|| Ground::new(picture));
        Self {
            layout,
            ground,
            rows,
        }
    }

    /// Writes a row of an RGB format's only plane: `input` plus pixels, `[width, 3]`.
    pub(super) fn add_pixels(&mut self, values: &[f32], input: &[u8], output: &mut [u8]) {
        let Layout {
            components, sample, ..
        } = *self.layout;
        let input = match &mut self.ground {
            Some(ground) => ground.row(0, input),
            None => input,
        };
        let offsets = [0, 1, 2].map(|channel: usize| components[channel].offset);
        let placed = &mut self.rows[0];
        let step = components[0].step;
        if (step, offsets) == (3, [0, 1, 2]) {
            return codes::add(input, values, sample, output);
        }
        codes::place_pixels(values, step, offsets, placed);
        codes::add(input, placed, sample, output);
    }

    /// Writes a row of `plane`: `input` plus one row of values for each of the first components.
    /// Components of other planes are passed over; a plane without any is copied.
    pub(super) fn add_components(
        &mut self,
        plane: usize,
        values: &[&[f32]],
        input: &[u8],
        output: &mut [u8],
    ) {
        let Layout {
            components, sample, ..
        } = *self.layout;
        if components.iter().all(|component| component.plane != plane) {
            output.copy_from_slice(input);
            return;
        }
        let input = match &mut self.ground {
            Some(ground) => ground.row(plane, input),
            None => input,
        };
        let pairs = components.iter().zip(values);
        for (component, values) in pairs.filter(|(component, _)| component.plane == plane) {
            if component.step == 1 {
                codes::add(input, values, sample, output);
                return;
            }
            codes::place(values, *component, &mut self.rows[plane]);
        }
        codes::add(input, &self.rows[plane], sample, output);
    }
}
