// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`TilePlan`]: how a frame is cut into tiles that overlap, and how they are put together again.
//!
//! No tensors here. Rows and columns are cut independently. All tiles of an axis are as long as
//! each other once padded to a multiple of [`GRID`], so that the kernels for one shape serve all
//! of them, and begin at multiples of it, so that a tile is padded only where the frame is. Across
//! an overlap the weight of one tile falls linearly while that of its neighbour rises. Where the size of
//! tiles has room for it they reach farther than that: what a network makes of a tile's rim, without
//! what lies behind it, is not used.

use crate::frame::Frame;

/// Tiles begin at multiples of this many pixels; networks pad to the same.
const GRID: usize = 4;

/// How far tiles reach beyond an overlap at most, in pixels.
const RIM: usize = 16;

/// The smallest edge of a tile in pixels; what is smaller is taken as this.
pub(super) const LEAST_TILE: usize = 64;

/// A part of one axis.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    /// First pixel.
    begin: usize,
    /// Share of each pixel of the span in the result; over all spans the shares of a pixel sum up
    /// to 1.
    weights: Vec<f32>,
}

/// Where a tile lies in its frame, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

/// The tiles of a frame, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TilePlan {
    rows: Vec<Span>,
    columns: Vec<Span>,
}

impl TilePlan {
    /// Tiles of at most `edge` pixels (0 is the whole frame, else [`LEAST_TILE`] at least, rounded
    /// down to the grid) that share at least `overlap` pixels with each neighbour, less than half
    /// a tile.
    pub(super) fn new(height: usize, width: usize, edge: usize, overlap: usize) -> Self {
        Self {
            rows: cut(height, edge, overlap),
            columns: cut(width, edge, overlap),
        }
    }

    /// Number of tiles, at least 1.
    pub(super) fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Whether one tile is the whole frame.
    pub(super) fn is_whole(&self) -> bool {
        self.len() == 1
    }

    /// All tiles.
    pub(super) fn rects(&self) -> impl Iterator<Item = Rect> {
        self.spans().map(|(rows, columns)| Rect {
            top: rows.begin,
            left: columns.begin,
            height: rows.weights.len(),
            width: columns.weights.len(),
        })
    }

    /// Adds the picture of tile `index` to the frame, each pixel with its share.
    pub(super) fn blend(&self, index: usize, tile: &Frame, frame: &mut Frame) {
        let Some((rows, columns)) = self.spans().nth(index) else {
            return;
        };
        for (y, down) in rows.weights.iter().enumerate() {
            let to = &mut frame.row_mut(rows.begin + y)[3 * columns.begin..];
            let pixels = to.chunks_exact_mut(3).zip(tile.row(y).chunks_exact(3));
            for ((to, from), across) in pixels.zip(&columns.weights) {
                let share = down * across;
                for (to, from) in to.iter_mut().zip(from) {
                    *to += share * from;
                }
            }
        }
    }

    fn spans(&self) -> impl Iterator<Item = (&Span, &Span)> {
        let columns = &self.columns;
        let row = move |rows| columns.iter().map(move |columns| (rows, columns));
        self.rows.iter().flat_map(row)
    }
}

/// The spans of an axis of `length` pixels.
fn cut(length: usize, edge: usize, overlap: usize) -> Vec<Span> {
    // In units of the grid from here on.
    let whole = length.div_ceil(GRID);
    let edge = edge.max(LEAST_TILE) / GRID * usize::from(edge > 0);
    if edge == 0 || whole <= edge {
        let weights = vec![1.0; length];
        return vec![Span { begin: 0, weights }];
    }
    let wished = overlap;
    let overlap = overlap.div_ceil(GRID).min((edge - 1) / 2);
    let count = (whole - overlap).div_ceil(edge - overlap);
    // As many tiles could be smaller: less is computed twice. Without an overlap they meet hard.
    let shared = overlap + 2 * RIM / GRID * usize::from(overlap > 0);
    let edge = edge.min((whole + (count - 1) * shared).div_ceil(count));
    let begin = |index: usize| {
        // The last one ends with the frame; between them they spread evenly.
        GRID * ((whole - edge) * index / (count - 1))
    };
    let bounds: Vec<_> = (0..count)
        .map(|index| (begin(index), (begin(index) + GRID * edge).min(length)))
        .collect();
    weigh(&bounds, wished)
}

/// Gives every pixel of every span its share: ramps over what the span has in common with its
/// neighbours, without the rims beyond the `wished` overlap, divided by their sum, so that it is 1 also
/// where three spans meet.
fn weigh(bounds: &[(usize, usize)], wished: usize) -> Vec<Span> {
    let rim = |shared: usize| match wished {
        0 => 0,
        _ => (shared.saturating_sub(wished) / 2).min(RIM),
    };
    let ramp = |index: usize| {
        let (begin, end) = bounds[index];
        let before = index.checked_sub(1).map_or(begin, |index| bounds[index].1);
        let after = bounds.get(index + 1).map_or(end, |bounds| bounds.0);
        let side = |distance, shared| share(distance, shared, rim(shared));
        let height = |pixel: usize| {
            let up = side(pixel - begin, before - begin);
            up.min(side(end - 1 - pixel, end - after))
        };
        let weights = (begin..end).map(height).collect();
        Span { begin, weights }
    };
    let mut spans: Vec<_> = (0..bounds.len()).map(ramp).collect();
    let sums = sums(&spans);
    for span in &mut spans {
        for (weight, sum) in span.weights.iter_mut().zip(&sums[span.begin..]) {
            *weight /= sum;
        }
    }
    spans
}

/// What the weights of each pixel of an axis sum up to, over all spans.
fn sums(spans: &[Span]) -> Vec<f32> {
    let length = spans
        .last()
        .map_or(0, |span| span.begin + span.weights.len());
    let mut sums = vec![0.0; length];
    for span in spans {
        for (sum, weight) in sums[span.begin..].iter_mut().zip(&span.weights) {
            *sum += weight;
        }
    }
    sums
}

/// The height of a ramp over `length` pixels at its pixel `distance`: 1 behind its end, and already in
/// the `rim` before it, 0 in the rim at its beginning.
#[allow(clippy::cast_precision_loss)]
fn share(distance: usize, length: usize, rim: usize) -> f32 {
    match distance.checked_sub(rim) {
        None => 0.0,
        Some(distance) if distance >= length - 2 * rim => 1.0,
        Some(distance) => (distance as f32 + 0.5) / (length - 2 * rim) as f32,
    }
}

/// Top, left, height and width of every tile, for the fuzzer.
#[cfg(feature = "testing")]
#[must_use]
pub fn tile_rects(height: usize, width: usize, edge: usize, overlap: usize) -> Vec<[usize; 4]> {
    let plan = TilePlan::new(height, width, edge, overlap);
    let rects = plan.rects();
    rects
        .map(|rect| [rect.top, rect.left, rect.height, rect.width])
        .collect()
}

/// What the shares of each pixel of an axis sum up to, for the fuzzer.
#[cfg(feature = "testing")]
#[must_use]
pub fn axis_sums(length: usize, edge: usize, overlap: usize) -> Vec<f32> {
    sums(&cut(length, edge, overlap))
}

/// A frame put together from tiles of ones, for the fuzzer: the sum of the shares of each pixel.
#[cfg(feature = "testing")]
#[must_use]
pub fn blended_ones(height: usize, width: usize, edge: usize, overlap: usize) -> Frame {
    let plan = TilePlan::new(height, width, edge, overlap);
    let mut frame = Frame::new(height, width);
    for (index, rect) in plan.rects().enumerate() {
        let mut tile = Frame::new(rect.height, rect.width);
        tile.data_mut().fill(1.0);
        plan.blend(index, &tile, &mut frame);
    }
    frame
}

#[cfg(test)]
mod tests {
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
}
