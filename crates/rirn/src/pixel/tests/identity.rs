// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must come out of `pack` bit by bit as it went in.

use super::{Family, Matrix, Mix, Owned, Split, for_all, moved, reference};
use crate::frame::Frame;

const SPLITS: [f32; 5] = [0.0, 0.3, 0.5, 0.77, 1.0];

#[test]
fn unchanged_pixels_are_bit_identical_in_every_format() {
    for_all(&Matrix::ALL, |picture, _| {
        // Random bytes: far outside the nominal range and the RGB cube as well.
        let frame = picture.unpacked();
        let output = picture.packed(&frame, &frame, &Mix::default());
        assert_eq!(output.rows(), picture.rows(), "{}", picture.format);
    });
}

#[test]
fn a_correction_stays_in_the_neighbourhood_of_its_pixel() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        let (at_x, at_y) = (dice.next() as usize % picture.width, picture.height / 2);
        let mut sharp = blurred.clone();
        sharp.row_mut(at_y)[3 * at_x..3 * at_x + 3].fill(0.5);
        let output = picture.packed(&blurred, &sharp, &Mix::default());
        let is_yuv = picture.format.family() == Family::Yuv;
        let [before, after] = [picture, &output].map(reference::codes);
        let pairs = before.iter().zip(&after);
        for ((component, x, y), (before, after)) in reference::samples(picture).iter().zip(pairs) {
            // Chroma is shared with neighbours.
            let is_elsewhere = (*x, *y) != (at_x, at_y) && !(is_yuv && *component > 0);
            assert!(!is_elsewhere || before == after, "{}", picture.format);
        }
    });
}

#[test]
fn strength_zero_changes_nothing() {
    for_all(&[Matrix::Bt601], |picture, dice| {
        let blurred = picture.unpacked();
        let mix = Mix {
            strength: 0.0,
            split: Split::None,
        };
        let output = picture.packed(&blurred, &moved(&blurred, dice), &mix);
        assert_eq!(output.rows(), picture.rows());
    });
}

#[test]
fn alpha_padding_and_unused_bits_are_kept() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        let output = picture.packed(&blurred, &moved(&blurred, dice), &Mix::default());
        let [before, after] = [picture, &output].map(|p| reference::without_codes(p).rows());
        assert_eq!(before, after, "{}", picture.format);
    });
}

#[test]
fn stride_padding_is_not_written() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        let output = picture.packed(&blurred, &moved(&blurred, dice), &Mix::default());
        for (plane, (bytes, stride)) in output.planes.iter().enumerate() {
            let (row, rows) = picture
                .format
                .plane_size(plane, picture.width, picture.height)
                .unwrap();
            let mut padding = bytes
                .chunks(*stride)
                .take(rows - 1)
                .flat_map(|line| &line[row..]);
            assert!(padding.all(|byte| *byte == 0xa5));
        }
    });
}

/// Whether a sample is left alone: `first` is its first luma column or row.
fn is_before(first: usize, position: f32, length: usize) -> bool {
    first < (f64::from(position) * length as f64).round() as usize
}

/// Checks each code of `output`: untouched where `keeps(x, y)` of its first luma pixel says so,
/// and elsewhere what it is without a split.
fn check_split(
    picture: &Owned,
    output: &Owned,
    whole: &Owned,
    keeps: impl Fn(usize, usize) -> bool,
) {
    let places = reference::places(picture.format.name());
    let [before, split, whole] = [picture, output, whole].map(reference::codes);
    let samples = reference::samples(picture).into_iter().enumerate();
    for (index, (component, x, y)) in samples {
        let (across, down) = places.covered(component);
        let kept = keeps(x * across, y * down);
        let expected = if kept { before[index] } else { whole[index] };
        assert_eq!(
            split[index], expected,
            "{} component {component} {x} {y}",
            picture.format
        );
    }
}

#[test]
fn a_vertical_split_keeps_the_columns_on_its_left() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        let sharp = moved(&blurred, dice);
        let whole = picture.packed(&blurred, &sharp, &Mix::default());
        for position in SPLITS {
            let mix = Mix {
                strength: 1.0,
                split: Split::Vertical(position),
            };
            let output = picture.packed(&blurred, &sharp, &mix);
            let keeps = |x, _| is_before(x, position, picture.width);
            check_split(picture, &output, &whole, keeps);
        }
    });
}

#[test]
fn a_horizontal_split_keeps_the_rows_above() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        let sharp = moved(&blurred, dice);
        let whole = picture.packed(&blurred, &sharp, &Mix::default());
        for position in SPLITS {
            let mix = Mix {
                strength: 1.0,
                split: Split::Horizontal(position),
            };
            let output = picture.packed(&blurred, &sharp, &mix);
            let keeps = |_, y| is_before(y, position, picture.height);
            check_split(picture, &output, &whole, keeps);
        }
    });
}

#[test]
fn a_pixel_with_a_non_finite_difference_takes_no_correction() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        let mut sharp = moved(&blurred, dice);
        let mut expected = sharp.clone();
        for pixel in (0..sharp.data().len() / 3).filter(|pixel| pixel % 3 == 0) {
            let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][pixel / 3 % 3];
            sharp.data_mut()[3 * pixel + pixel / 9 % 3] = wild;
            let kept = 3 * pixel..3 * pixel + 3;
            expected.data_mut()[kept.clone()].copy_from_slice(&blurred.data()[kept]);
        }
        let mix = Mix::default();
        let output = picture.packed(&blurred, &sharp, &mix);
        assert_eq!(
            output.rows(),
            picture.packed(&blurred, &expected, &mix).rows()
        );
    });
}

#[test]
fn a_network_that_gives_only_nan_leaves_the_picture_as_it_is() {
    for_all(&[Matrix::Bt709], |picture, _| {
        let blurred = picture.unpacked();
        let nan = vec![f32::NAN; blurred.data().len()];
        let sharp = Frame::from_data(picture.height, picture.width, nan).unwrap();
        let output = picture.packed(&blurred, &sharp, &Mix::default());
        assert_eq!(output.rows(), picture.rows());
    });
}
