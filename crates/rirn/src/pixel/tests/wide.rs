// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both forms of the loops give the same bits, and a quotient is what a table of it would hold.

use super::{Matrix, Mix, for_all, moved};
use crate::pixel::codes::{Values, decode};
use crate::pixel::wide::tests::PLAIN;
use crate::pixel::{Level, PixelFormat, Range};

/// What `work` gives in the form for every processor.
fn plain<T>(work: impl FnOnce() -> T) -> T {
    PLAIN.set(true);
    let result = work();
    PLAIN.set(false);
    result
}

#[test]
fn both_forms_give_the_same_bits() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let blurred = picture.unpacked();
        assert_eq!(blurred, plain(|| picture.unpacked()));
        let mut sharp = moved(&blurred, dice);
        if dice.next().is_multiple_of(5) {
            let at = dice.next() as usize % sharp.data().len();
            sharp.data_mut()[at] = f32::INFINITY;
        }
        let pack = || picture.packed(&blurred, &sharp, &Mix::default()).rows();
        assert_eq!(pack(), plain(pack), "{}", picture.format);
    });
}

#[test]
fn values_are_rounded_once() {
    let (formats, unlimited) = ([PixelFormat::I420, PixelFormat::Nv12], f64::INFINITY);
    for (format, range) in formats.into_iter().zip([Range::Full, Range::Limited]) {
        let layout = format.layout();
        for level in [Level::luma(range, 8), Level::chroma(range, 8)] {
            let meaning = Values::new(level, (-unlimited, unlimited), layout.sample);
            let codes: Vec<u8> = (0..=255).collect();
            let mut values = [f32::NAN; 256];
            decode(&codes, layout.components[0], &meaning, &mut values);
            for (code, value) in values.iter().enumerate() {
                let exact = (code as f64 - level.zero) / level.scale;
                assert_eq!(value.to_bits(), (exact as f32).to_bits(), "{code}");
            }
        }
    }
}
