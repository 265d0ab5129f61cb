// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the three steps of a block of tiles work on: the maps of a call, the block itself, and the
//! order of its tiles. The steps are [`super::forward`], [`super::multiply`] and [`super::back`],
//! each written once over vectors. [`super::isa`] makes the forms that run, one per instruction
//! set, and everything in the steps is inlined into those.

use super::layer::Layer;
use crate::ops::conv::job::Source;

/// Numbers between pixels up to which the processor foresees by itself which lines come next.
pub(super) const NEAR: usize = 64;

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
    /// A pixel of the widest source, outside of the map.
    pub(super) zeros: *const f32,
    /// The two parts of [`Layer::scratch`].
    pub(super) input: *mut f32,
    pub(super) products: *mut f32,
}

impl Block<'_> {
    /// Row and column of the first pixel of the block's first tile.
    pub(super) fn corner(&self) -> (usize, usize) {
        let edge = self.layer.edge;
        let across = self.maps.width.div_ceil(edge);
        (self.first / across * edge, self.first % across * edge)
    }
}

impl Maps<'_> {
    /// Row and column of the first pixel of the next tile.
    #[inline(always)]
    pub(super) fn after(&self, (y, x): (usize, usize), edge: usize) -> (usize, usize) {
        if x + edge < self.width {
            (y, x + edge)
        } else {
            (y + edge, 0)
        }
    }
}
