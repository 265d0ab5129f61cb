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
mod tests;
