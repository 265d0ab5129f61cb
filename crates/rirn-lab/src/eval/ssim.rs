// SPDX-License-Identifier: MIT OR Apache-2.0
//! SSIM of 8-bit RGB pictures: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from
//! error visibility to structural similarity", 2004, equation 13.
//!
//! Gaussian window with σ = 1.5 and 11×11 pixels (truncated at 3.5 σ), K1 = 0.01, K2 = 0.03,
//! population covariance, mean over all pixels whose window lies inside the picture and over the
//! three channels. Equal to scikit-image's `structural_similarity(gaussian_weights=True,
//! sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2)`. The window is
//! separable: one row of results at a time, first down the columns, then along the row, in double
//! precision. Rows are computed in parallel and summed in order, so that the result does not
//! depend on the number of threads.

use rayon::prelude::*;

use crate::data::RgbImage;

use super::error::{EvalError, check_sizes};

/// Width and height of the window in pixels: the smallest picture.
pub const WINDOW: u32 = 11;

const TAPS: usize = WINDOW as usize;
const SIGMA: f64 = 1.5;
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);
const CHANNELS: usize = 3;

/// Weighted sums over the window: x, y, x² + y², xy.
const SUMS: usize = 4;

/// SSIM of two pictures of one size, 1 if they are equal.
///
/// # Errors
/// [`EvalError::Sizes`] if their sizes differ, [`EvalError::SmallerThanWindow`] if no window lies
/// inside them.
pub fn ssim(one: &RgbImage, other: &RgbImage) -> Result<f64, EvalError> {
    check_sizes(one, other)?;
    let (width, height) = one.dimensions();
    if width < WINDOW || height < WINDOW {
        return Err(EvalError::SmallerThanWindow { width, height });
    }
    let weights = weights();
    let length = width as usize * CHANNELS;
    let values = length - (TAPS - 1) * CHANNELS;
    let rows = height as usize - (TAPS - 1);
    let of_rows: Vec<f64> = (0..rows)
        .into_par_iter()
        .map_init(
            || Row::new(length, values),
            |row, y| {
                let from = y * length..(y + TAPS) * length;
                row.down(&one.as_raw()[from.clone()], &other.as_raw()[from], &weights);
                row.along(&weights);
                row.sum()
            },
        )
        .collect();
    Ok(of_rows.iter().sum::<f64>() / (rows * values) as f64)
}

/// The window's weights along one axis; their sum is 1.
fn weights() -> [f64; TAPS] {
    let middle = (TAPS / 2) as f64;
    let values = std::array::from_fn::<f64, TAPS, _>(|tap| {
        let distance = (tap as f64 - middle) / SIGMA;
        (-0.5 * distance * distance).exp()
    });
    let sum: f64 = values.iter().sum();
    values.map(|value| value / sum)
}

/// Memory for one row of results.
struct Row {
    /// Sums down the columns, for all values of a row.
    columns: [Vec<f64>; SUMS],
    /// Sums over the window, for those values whose window lies inside.
    windows: [Vec<f64>; SUMS],
}

impl Row {
    fn new(length: usize, values: usize) -> Self {
        Self {
            columns: std::array::from_fn(|_| vec![0.0; length]),
            windows: std::array::from_fn(|_| vec![0.0; values]),
        }
    }

    /// Sums down the columns of as many rows as the window is high.
    fn down(&mut self, one: &[u8], other: &[u8], weights: &[f64; TAPS]) {
        let [xs, ys, squares, products] = &mut self.columns;
        let length = xs.len();
        for sums in [&mut *xs, ys, squares, products] {
            sums.fill(0.0);
        }
        let rows = one.chunks_exact(length).zip(other.chunks_exact(length));
        for ((one, other), weight) in rows.zip(weights) {
            for index in 0..length {
                let (x, y) = (f64::from(one[index]), f64::from(other[index]));
                xs[index] += weight * x;
                ys[index] += weight * y;
                squares[index] += weight * (x * x + y * y);
                products[index] += weight * (x * y);
            }
        }
    }

    /// Sums of the columns' sums along the row; the same channel lies every three values.
    fn along(&mut self, weights: &[f64; TAPS]) {
        for (sums, columns) in self.windows.iter_mut().zip(&self.columns) {
            sums.fill(0.0);
            for (tap, weight) in weights.iter().enumerate() {
                let shifted = &columns[tap * CHANNELS..];
                for (sum, value) in sums.iter_mut().zip(shifted) {
                    *sum += weight * value;
                }
            }
        }
    }

    /// Sum of the similarity of all windows of the row.
    fn sum(&self) -> f64 {
        let [xs, ys, squares, products] = &self.windows;
        let windows = xs.iter().zip(ys).zip(squares.iter().zip(products));
        windows
            .map(|((x, y), (square, product))| {
                let (means, covariance) = (x * y, product - x * y);
                let (powers, variances) = (x * x + y * y, square - (x * x + y * y));
                (2.0 * means + C1) * (2.0 * covariance + C2) / ((powers + C1) * (variances + C2))
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{C1, ssim, weights};
    use crate::data::RgbImage;
    use crate::eval::EvalError;
    use image::Rgb;

    #[test]
    fn the_window_is_a_gaussian_of_eleven_weights() {
        let weights = weights();
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!((weights[5] - 0.266_011_72).abs() < 1e-8);
        assert!((weights[0] - 0.001_028_38).abs() < 1e-8);
        assert_eq!(weights[0], weights[10]);
    }

    #[test]
    fn pictures_without_structure_differ_by_their_levels_only() {
        let grey = |level| RgbImage::from_pixel(13, 11, Rgb([level; 3]));
        let expected = (2.0 * 100.0 * 150.0 + C1) / (100.0 * 100.0 + 150.0 * 150.0 + C1);
        assert!((ssim(&grey(100), &grey(150)).unwrap() - expected).abs() < 1e-9);
    }

    #[test]
    fn a_picture_smaller_than_the_window_is_refused_with_its_size() {
        let small = RgbImage::new(10, 11);
        let refused = ssim(&small, &small).unwrap_err();
        assert!(matches!(
            refused,
            EvalError::SmallerThanWindow {
                width: 10,
                height: 11
            }
        ));
        assert!(refused.to_string().contains("10x11"), "{refused}");
        assert_eq!(
            ssim(&RgbImage::new(11, 11), &RgbImage::new(11, 11)).unwrap(),
            1.0
        );
    }
}
