// SPDX-License-Identifier: MIT OR Apache-2.0
//! Luma of rows against the codes as the reference reads them.

use super::for_all;
use super::reference::{code, levels, places};
use crate::pixel::{Family, Luma, Matrix};

#[test]
fn luma_is_that_of_the_codes_and_only_in_the_rows_asked_for() {
    let mut luma = Luma::default();
    for_all(&[Matrix::Bt2020], |picture, _| {
        let view = picture.view();
        let (height, width) = (view.height(), view.width());
        luma.values_mut().fill(7.0);
        luma.read(&view, (0..height).step_by(2)).expect("room");
        assert_eq!((luma.height(), luma.width()), (height, width));
        let places = places(view.format().name());
        let (zero, scale) = levels(picture.colorimetry.range, places.bits)[0];
        let value = |component, x, y| {
            let code = code(picture, &places, (component, x, y));
            ((code - zero) / scale).clamp(0.0, 1.0)
        };
        for (x, y) in (0..height)
            .step_by(2)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
        {
            let expected = match view.format().family() {
                Family::Rgb => {
                    0.299 * value(0, x, y) + 0.587 * value(1, x, y) + 0.114 * value(2, x, y)
                }
                _ => value(0, x, y),
            };
            let found = f64::from(luma.values()[y * width + x]);
            assert!((found - expected).abs() < 1e-6, "{}", view.format());
        }
    });
}
