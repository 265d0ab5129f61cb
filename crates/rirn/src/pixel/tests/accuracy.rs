// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values and codes against the slow reference.

use super::{
    Colorimetry, Dice, Family, Frame, Matrix, Mix, Owned, Picture, PixelFormat, Range, Siting,
    Split, for_all, moved, reference, unpack,
};
use crate::pixel::codes;
use crate::pixel::format::Sample;

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

/// Asserts that every code of `output` is the nearest one to the exact sum of `ground` and
/// `corrections`, which belong to the samples of the reference.
fn check_codes(output: &Owned, ground: &[f64], corrections: &[f64]) {
    let bits = reference::places(output.format.name()).bits;
    let top = f64::from((1_u32 << bits) - 1);
    // In f32 a sum next to a half may fall on its other side.
    let blunt = (1e-6 * top).max(1e-3);
    let exact = ground
        .iter()
        .zip(corrections)
        .map(|(code, more)| code + more);
    let places = reference::samples(output).into_iter();
    for ((code, exact), place) in reference::codes(output).iter().zip(exact).zip(places) {
        let nearest = (exact + 0.5).floor().clamp(0.0, top);
        let tie = ((exact + 0.5) - (exact + 0.5).round()).abs() < blunt;
        let near = if tie { 1.0 } else { 0.0 };
        let (format, size) = (output.format, (output.width, output.height));
        assert!(
            (code - nearest).abs() <= near,
            "{format} {size:?} {:?} {place:?} {exact} {code}",
            output.colorimetry
        );
    }
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
        let corrections = reference::corrections(picture, &blurred, &sharp, strength.into());
        check_codes(&output, &reference::codes(picture), &corrections);
    });
}

#[test]
fn the_difference_view_is_four_times_the_correction_around_mid_grey() {
    for_all(&[Matrix::Bt709, Matrix::Bt2020], |picture, dice| {
        let blurred = picture.unpacked();
        let sharp = moved(&blurred, dice);
        let strength = if dice.byte() < 128 { 1.0 } else { 0.25 };
        let mix = Mix {
            strength,
            split: Split::Difference,
        };
        let output = picture.packed(&blurred, &sharp, &mix);
        let bits = reference::places(picture.format.name()).bits;
        let [(zero, scale), (neutral, _)] = reference::levels(picture.colorimetry.range, bits);
        let has_chroma = picture.format.family() == Family::Yuv;
        let samples = reference::samples(picture).into_iter();
        let ground: Vec<_> = samples
            .map(|(component, ..)| match component {
                1.. if has_chroma => neutral,
                _ => (zero + scale / 2.0).round(),
            })
            .collect();
        let four_times = 4.0 * f64::from(strength);
        let corrections = reference::corrections(picture, &blurred, &sharp, four_times);
        check_codes(&output, &ground, &corrections);
        let kept = [picture, &output].map(|p| reference::without_codes(p).rows());
        assert_eq!(kept[0], kept[1], "{}", picture.format);
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
fn deep_full_range_values_are_the_correctly_rounded_quotients() {
    let siting = Siting {
        h_cosited: false,
        v_cosited: false,
    };
    let colorimetry = Colorimetry {
        matrix: Matrix::Bt601,
        range: Range::Full,
        siting,
    };
    for (format, bits) in [(PixelFormat::Gbr10, 10), (PixelFormat::Gray16, 16)] {
        for word in 0..=u16::MAX {
            let bytes = word.to_le_bytes();
            let planes = (0..format.plane_count()).map(|_| (&bytes[..], 2));
            let picture = Picture::new(format, 1, 1, colorimetry, planes).unwrap();
            let mut frame = Frame::default();
            unpack(&picture, &mut frame).unwrap();
            // Bits above the code are no part of it.
            let code = f64::from(u32::from(word) % (1 << bits));
            let expected = (code / f64::from((1_u32 << bits) - 1)) as f32;
            assert_eq!(frame.data(), [expected; 3], "{format} {word}");
        }
    }
}

const BYTE: Sample = Sample {
    bytes: 1,
    bits: 8,
    shift: 0,
    high_first: false,
};

#[test]
fn halves_are_rounded_up() {
    let mut output = [0; 9];
    let differences = [0.5, -0.5, 1.5, -1.5, 0.499, -0.501, -99.0, 300.0, 250.5];
    codes::add(&[4; 9], &differences, BYTE, &mut output);
    assert_eq!(output, [5, 4, 6, 3, 4, 3, 0, 255, 255]);
}

#[test]
fn halves_of_words_are_rounded_up_and_foreign_bits_stay() {
    let differences = [0.5, -0.5, 1.5, -1.5, 0.499, -0.501, -99.0, 3000.0, 1018.5];
    let expected = [5_u16, 4, 6, 3, 4, 3, 0, 1023, 1023];
    for (shift, foreign) in [(0, 0xa400_u16), (6, 0x0029)] {
        for high_first in [false, true] {
            let sample = Sample {
                bytes: 2,
                bits: 10,
                shift,
                high_first,
            };
            let word = |code| code << shift | foreign;
            let words = |codes: [u16; 9]| match high_first {
                true => codes.map(|code| word(code).to_be_bytes()),
                false => codes.map(|code| word(code).to_le_bytes()),
            };
            let input = words([4; 9]);
            let mut output = [0; 18];
            codes::add(input.as_flattened(), &differences, sample, &mut output);
            assert_eq!(output, words(expected).as_flattened(), "{sample:?}");
        }
    }
}

#[test]
fn a_constant_correction_moves_every_colour_by_its_codes() {
    for_all(&[Matrix::Bt709], |picture, _| {
        // Near the middle of the range, so that nothing is limited. Two such bytes are a middling
        // code of 10, 12 and 16 bits too, at either end of a word.
        let picture = picture.filled(0x76);
        let blurred = picture.unpacked();
        let mut sharp = blurred.clone();
        sharp
            .data_mut()
            .iter_mut()
            .for_each(|value| *value += 10.0 / 255.0);
        let moved = picture.packed(&blurred, &sharp, &Mix::default()).unpacked();
        let bits = reference::places(picture.format.name()).bits;
        let [(_, scale), _] = reference::levels(Range::Limited, bits);
        for (moved, sharp) in moved.data().iter().zip(sharp.data()) {
            let off = f64::from(moved - sharp).abs();
            assert!(off < 0.55 / scale, "{} {off}", picture.format);
        }
    });
}
