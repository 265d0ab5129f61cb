// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every axis is covered, and every pixel once.

use super::{Span, TilePlan, cut};
use crate::frame::Frame;
use proptest::prelude::*;

/// Everything that an axis promises, whatever its length and the settings.
fn check(length: usize, edge: usize, overlap: usize) -> Result<(), TestCaseError> {
    let spans = cut(length, edge, overlap);
    let mut sums = vec![0.0_f32; length];
    let padded = |span: &Span| span.weights.len().next_multiple_of(4);
    for span in &spans {
        prop_assert_eq!(span.begin % 4, 0);
        prop_assert_eq!(padded(span), padded(&spans[0]));
        for (sum, weight) in sums[span.begin..].iter_mut().zip(&span.weights) {
            prop_assert!((0.0..=1.0).contains(weight));
            *sum += weight;
        }
    }
    let off = sums.iter().map(|sum| (sum - 1.0).abs());
    prop_assert!(off.fold(0.0, f32::max) < 1e-5);
    if edge == 0 || length <= edge {
        prop_assert_eq!(spans.len(), 1);
    } else {
        prop_assert!(padded(&spans[0]) <= edge);
        let wished = overlap.min((edge / 4 - 1) / 2 * 4);
        for pair in spans.windows(2) {
            let shared = pair[0].begin + pair[0].weights.len() - pair[1].begin;
            prop_assert!(shared >= wished, "{shared} pixels of {wished}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_axis_is_covered_once_by_tiles_of_one_size(
        length in 16_usize..=4096, edge in 64_usize..=1024, overlap in 0_usize..=256,
    ) {
        check(length, edge / 4 * 4, overlap)?;
    }

    #[test]
    fn shares_rise_and_fall_without_a_step(
        length in 65_usize..=2048, edge in 64_usize..=512, overlap in 8_usize..=64,
    ) {
        for span in cut(length, edge, overlap) {
            for pair in span.weights.windows(2) {
                // The steepest ramp is that of the smallest overlap.
                prop_assert!((pair[1] - pair[0]).abs() <= 1.01 / 8.0);
            }
            let ends = [(span.begin, span.weights[0]),
                (length - span.begin - span.weights.len(), span.weights[span.weights.len() - 1])];
            for (beyond, weight) in ends {
                prop_assert!(beyond == 0 || weight <= 0.51 / 8.0);
            }
        }
    }
}

#[test]
fn the_ends_of_the_ranges_are_covered_too() {
    for length in [
        16, 17, 63, 64, 65, 67, 68, 127, 129, 8191, 8193, 16383, 16384,
    ] {
        for edge in [0, 64, 68, 128, 8188, 8192] {
            for overlap in [0, 1, 31, 32, 256] {
                check(length, edge, overlap).expect("the axis is covered");
            }
        }
    }
}

#[test]
fn two_tiles_change_places_linearly() {
    let spans = cut(104, 64, 24);
    let begins: Vec<_> = spans.iter().map(|span| span.begin).collect();
    assert_eq!(begins, [0, 40]);
    for (t, weight) in spans[0].weights[40..].iter().enumerate() {
        assert!((weight - (1.0 - (t as f32 + 0.5) / 24.0)).abs() < 1e-6);
    }
}

#[test]
fn tiles_with_room_for_it_have_rims_that_are_not_used() {
    let spans = cut(960, 320, 32);
    let begins: Vec<_> = spans.iter().map(|span| span.begin).collect();
    assert_eq!(begins, [0, 224, 448, 672]);
    let (left, right) = (&spans[0].weights, &spans[1].weights);
    assert_eq!(left[..240], [1.0; 240]);
    for (t, weight) in left[240..272].iter().enumerate() {
        assert!((weight - (1.0 - (t as f32 + 0.5) / 32.0)).abs() < 1e-6);
    }
    assert_eq!(left[272..], [0.0; 16]);
    assert_eq!(right[..16], [0.0; 16]);
    // Without an overlap nothing is computed twice.
    assert!(
        cut(960, 320, 0)
            .iter()
            .all(|span| span.weights.len() == 320)
    );
}

#[test]
fn blended_tiles_of_a_frame_are_the_frame() {
    let (height, width) = (150, 203);
    let value = |y: usize, x: usize| (y * 7 + x * 3) as f32 / 2000.0;
    let plan = TilePlan::new(height, width, 64, 16);
    assert_eq!(
        (plan.rows.len(), plan.columns.len(), plan.len()),
        (3, 4, 12)
    );
    let mut frame = Frame::new(height, width);
    for (index, rect) in plan.rects().enumerate() {
        let pixels = (0..rect.height * rect.width)
            .map(|i| value(rect.top + i / rect.width, rect.left + i % rect.width));
        let data = pixels.flat_map(|value| [value; 3]).collect();
        let tile = Frame::from_data(rect.height, rect.width, data).expect("the size fits");
        plan.blend(index, &tile, &mut frame);
    }
    for (i, found) in frame.data().iter().enumerate() {
        let expected = value(i / 3 / width, i / 3 % width);
        assert!((found - expected).abs() < 1e-5, "value {i}");
    }
}
