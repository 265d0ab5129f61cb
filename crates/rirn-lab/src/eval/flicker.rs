// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Flicker`]: how much the error of a video changes from one frame to the next.
//!
//! Mean absolute difference of (output − truth) between neighbouring frames in grey levels, over
//! all values and all pairs of neighbours. An error that stands still does not flicker, however
//! large it is; the blurred input's own figure stands beside it.

use crate::data::RgbImage;

use super::error::{EvalError, check_sizes};

/// The flicker of the frames so far; keeps one frame's errors.
#[derive(Debug, Default)]
pub struct Flicker {
    /// Output − truth of the frame before.
    before: Vec<i16>,
    sum: f64,
    pairs: usize,
}

impl Flicker {
    /// Takes the next frame and its truth.
    ///
    /// # Errors
    /// [`EvalError::Sizes`] if the sizes of the two, or of this frame and the one before, differ.
    pub fn add(&mut self, output: &RgbImage, truth: &RgbImage) -> Result<(), EvalError> {
        check_sizes(output, truth)?;
        let values = output.as_raw().iter().zip(truth.as_raw());
        let errors = values.map(|(output, truth)| i16::from(*output) - i16::from(*truth));
        if self.before.is_empty() {
            self.before = errors.collect();
            return Ok(());
        }
        if self.before.len() != output.as_raw().len() {
            let (width, height) = output.dimensions();
            return Err(EvalError::SizeChanged { width, height });
        }
        let mut sum = 0_u64;
        for (before, error) in self.before.iter_mut().zip(errors) {
            sum += u64::from(before.abs_diff(error));
            *before = error;
        }
        self.sum += sum as f64 / self.before.len() as f64;
        self.pairs += 1;
        Ok(())
    }

    /// Grey levels; 0 for fewer than two frames.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.pairs.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Flicker;
    use crate::data::RgbImage;
    use image::Rgb;

    /// The flicker of grey frames: level of the output and of the truth.
    fn flicker(frames: &[(u8, u8)]) -> f64 {
        let grey = |level| RgbImage::from_pixel(2, 2, Rgb([level; 3]));
        let mut flicker = Flicker::default();
        for (output, truth) in frames {
            flicker.add(&grey(*output), &grey(*truth)).unwrap();
        }
        flicker.mean()
    }

    #[test]
    fn an_error_that_stands_still_does_not_flicker() {
        assert_eq!(flicker(&[]), 0.0);
        assert_eq!(flicker(&[(0, 255)]), 0.0);
        assert_eq!(flicker(&[(10, 30), (110, 130), (0, 20)]), 0.0);
    }

    #[test]
    fn changes_of_the_error_count_with_their_size_and_not_their_sign() {
        // Errors 0, 3, -1, 255: changes 3, 4, 256.
        let frames = [(7, 7), (10, 7), (6, 7), (255, 0)];
        assert_eq!(flicker(&frames), (3.0 + 4.0 + 256.0) / 3.0);
    }

    #[test]
    fn a_frame_of_another_size_is_refused() {
        let mut flicker = Flicker::default();
        let (one, other) = (RgbImage::new(2, 2), RgbImage::new(2, 3));
        flicker.add(&one, &one).unwrap();
        assert!(flicker.add(&other, &other).is_err());
    }
}
