// SPDX-License-Identifier: MIT OR Apache-2.0
//! PSNR of 8-bit RGB pictures: 10·log10(255² / MSE), the mean over all pixels and all three
//! channels. Equal to scikit-image's `peak_signal_noise_ratio(data_range=255)`; the sum of squares
//! is exact. Pictures that are equal have no PSNR and count as [`IDENTICAL`].

use crate::data::RgbImage;

use super::error::{EvalError, check_sizes};

/// What two equal pictures count as, in dB. One value that differs by one level in a frame of
/// 1280×720 pixels makes 112.5 dB, so this is no upper bound.
pub const IDENTICAL: f64 = 100.0;

/// PSNR of two pictures of one size in dB; [`IDENTICAL`] if they are equal.
///
/// # Errors
/// [`EvalError::Sizes`] if their sizes differ.
pub fn psnr(one: &RgbImage, other: &RgbImage) -> Result<f64, EvalError> {
    check_sizes(one, other)?;
    let pairs = one.as_raw().iter().zip(other.as_raw());
    let squares: u64 = pairs
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .map(|difference| difference * difference)
        .sum();
    if squares == 0 {
        return Ok(IDENTICAL);
    }
    let mse = squares as f64 / one.as_raw().len() as f64;
    Ok(10.0 * (255.0_f64 * 255.0 / mse).log10())
}

#[cfg(test)]
mod tests {
    use super::{IDENTICAL, psnr};
    use crate::data::RgbImage;
    use crate::eval::EvalError;

    #[test]
    fn a_difference_of_known_size_has_the_psnr_of_the_formula() {
        let black = RgbImage::new(4, 3);
        let mut other = black.clone();
        assert_eq!(psnr(&black, &other).unwrap(), IDENTICAL);
        // One value of 36 off by 6: the mean of squares is 1.
        other.get_pixel_mut(2, 1)[1] = 6;
        let expected = 20.0 * 255.0_f64.log10();
        assert!((psnr(&black, &other).unwrap() - expected).abs() < 1e-12);
        let white = RgbImage::from_pixel(4, 3, image::Rgb([255; 3]));
        assert_eq!(psnr(&black, &white).unwrap(), 0.0);
    }

    #[test]
    fn pictures_of_two_sizes_are_not_compared() {
        let refused = psnr(&RgbImage::new(4, 3), &RgbImage::new(3, 4));
        assert!(matches!(refused, Err(EvalError::Sizes { .. })));
    }
}
