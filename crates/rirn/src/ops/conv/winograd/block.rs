// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the three steps of a block of tiles work on: the maps of a call, the block itself, and the
//! order of its tiles. The steps are [`super::forward`], [`super::multiply`] and [`super::back`],
//! each written once over vectors. [`super::isa`] makes the forms that run, one per instruction
//! set, and everything in the steps is inlined into those.

use super::layer::Layer;
use crate::ops::conv::job::Source;
use std::ops::Range;

/// The maps of a call, checked against the layer.
pub(super) struct Maps<'a> {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) sources: &'a [Source<'a>],
    pub(super) residual: Option<Source<'a>>,
    /// What the output is at least: zero with ReLU, else minus infinity.
    pub(super) low: f32,
    pub(super) output: *mut f32,
    pub(super) output_stride: usize,
}

/// A block: some tiles of a call, in the order of rows, and memory for them.
pub(super) struct Block<'a> {
    pub(super) layer: &'a Layer,
    pub(super) maps: &'a Maps<'a>,
    pub(super) weights: *const f32,
    pub(super) bias: *const f32,
    pub(super) first: usize,
    pub(super) count: usize,
    /// The first pixel of each row of each tile, for this block and for the next one as far as
    /// the same thread goes on with it.
    pub(super) rows: [&'a [usize]; 2],
    /// A pixel of the widest source, outside of the map.
    pub(super) zeros: *const f32,
    /// The three parts of [`Layer::scratch`].
    pub(super) strip: *mut f32,
    pub(super) input: *mut f32,
    pub(super) products: *mut f32,
}

/// Tiles of a block that follow each other in a row of the map.
pub(super) struct Run {
    /// The first of them, counted in the block.
    pub(super) tile: usize,
    pub(super) count: usize,
    /// Row and column of its first pixel.
    pub(super) y: usize,
    pub(super) x: usize,
}

impl Block<'_> {
    /// The block's tiles, row by row.
    pub(super) fn runs(&self) -> impl Iterator<Item = Run> {
        let edge = self.layer.edge;
        let across = self.maps.width.div_ceil(edge);
        let mut tile = 0;
        std::iter::from_fn(move || {
            let (y, x) = self.maps.corner(self.first + tile, edge);
            let run = Run {
                tile,
                count: (self.count - tile).min(across - x / edge),
                y,
                x,
            };
            tile += run.count;
            (run.count > 0).then_some(run)
        })
    }
}

impl Maps<'_> {
    /// Row and column of the first pixel of a tile.
    #[inline(always)]
    pub(super) fn corner(&self, tile: usize, edge: usize) -> (usize, usize) {
        let across = self.width.div_ceil(edge);
        (tile / across * edge, tile % across * edge)
    }

    /// The first pixel of each row of each tile.
    pub(super) fn rows(&self, tiles: Range<usize>, edge: usize) -> Vec<usize> {
        let first = |tile| {
            let (y, x) = self.corner(tile, edge);
            (y..y + edge).map(move |y| y * self.width + x)
        };
        tiles.flat_map(first).collect()
    }
}
