// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values and codes against the slow reference.

use super::{
    Colorimetry, Dice, Matrix, Mix, Owned, PixelFormat, Range, Siting, Split, for_all, moved,
    reference,
};
use crate::pixel::codes;

#[test]
fn unpacked_values_are_those_of_the_reference() {
    for_all(&Matrix::ALL, |picture, _| {
        let frame = picture.unpacked();
        for y in 0..picture.height {
            for (x, pixel) in frame.row(y).as_chunks::<3>().0.iter().enumerate() {
                let expected = reference::rgb(picture, x, y);
                for (value, expected) in pixel.iter().zip(expected) {
                    let off = (f64::from(*value) - expected).abs();
                    assert!(
                        off < 1e-6,
                        "{} {:?} {x} {y}",
                        picture.format,
                        picture.colorimetry
                    );
                }
            }
        }
    });
}

#[test]
fn packed_codes_are_the_nearest_to_the_reference() {
    for_all(&Matrix::ALL, |picture, dice| {
        let blurred = picture.unpacked();
        let sharp = moved(&blurred, dice);
        let strength = if dice.byte() < 128 { 1.0 } else { 0.375 };
        let mix = Mix {
            strength,
            split: Split::None,
        };
        let output = picture.packed(&blurred, &sharp, &mix);
        reference::pack(
            picture,
            &blurred,
            &sharp,
            strength.into(),
            |plane, index, exact| {
                let code = f64::from(output.planes[plane].0[index]);
                let nearest = (exact + 0.5).floor().clamp(0.0, 255.0);
                // In f32 a sum next to a half may fall on its other side.
                let tie = ((exact + 0.5) - (exact + 0.5).round()).abs() < 1e-3;
                let near = if tie { 1.0 } else { 0.0 };
                let of = (
                    picture.format,
                    picture.colorimetry,
                    picture.width,
                    picture.height,
                );
                assert!(
                    (code - nearest).abs() <= near,
                    "{of:?} {plane} {index} {exact} {code}"
                );
            },
        );
    });
}

#[test]
fn full_range_values_are_the_correctly_rounded_quotients() {
    for format in [PixelFormat::Rgb, PixelFormat::Gray8, PixelFormat::Bgrx] {
        let siting = Siting {
            h_cosited: false,
            v_cosited: false,
        };
        let colorimetry = Colorimetry {
            matrix: Matrix::Bt601,
            range: Range::Full,
            siting,
        };
        for code in 0..=255_u8 {
            let mut picture = Owned::random(format, (2, 2), colorimetry, &mut Dice(1));
            picture = picture.filled(code);
            let expected = f32::from(code) / 255.0;
            assert!(
                picture
                    .unpacked()
                    .data()
                    .iter()
                    .all(|value| *value == expected)
            );
        }
    }
}

#[test]
fn halves_are_rounded_up() {
    let mut output = [0; 9];
    let differences = [0.5, -0.5, 1.5, -1.5, 0.499, -0.501, -99.0, 300.0, 250.5];
    codes::add(&[4, 4, 4, 4, 4, 4, 4, 4, 4], &differences, 8, &mut output);
    assert_eq!(output, [5, 4, 6, 3, 4, 3, 0, 255, 255]);
}

#[test]
fn a_constant_correction_moves_every_colour_by_its_codes() {
    for_all(&[Matrix::Bt709], |picture, _| {
        // Grey in the middle of the range, so that nothing is limited.
        let picture = picture.filled(128);
        let blurred = picture.unpacked();
        let mut sharp = blurred.clone();
        sharp
            .data_mut()
            .iter_mut()
            .for_each(|value| *value += 10.0 / 255.0);
        let moved = picture.packed(&blurred, &sharp, &Mix::default()).unpacked();
        for (moved, sharp) in moved.data().iter().zip(sharp.data()) {
            assert!((moved - sharp).abs() < 0.51 / 219.0);
        }
    });
}
