// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where sums go: into the output, or after ReLU and as bfloat16 into a strip from which a second layer
//! reads.

use crate::ops::conv::finish::Output;

/// Where the sums of a layer go.
pub(super) enum Sink<'a> {
    /// Pixels are counted over the whole map.
    Map {
        output: &'a Output<'a>,
        /// The layer's bias, to whole tiles.
        bias: *const f32,
    },
    /// Pixels are counted along the row.
    Strip(Strip),
}

/// A row of the map between two layers.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    /// The first pixel.
    pub(super) to: *mut u16,
    /// Channels, and numbers from one pixel to the next.
    pub(super) channels: usize,
    /// The layer's bias, to whole tiles.
    pub(super) bias: *const f32,
}

/// A block whose sums are there and have not been taken into the sink yet.
#[derive(Clone, Copy)]
pub(super) struct Pending<'a> {
    pub(super) sink: &'a Sink<'a>,
    pub(super) sums: *const f32,
    /// Tiles side by side.
    pub(super) tiles: usize,
    /// The first channel.
    pub(super) channel: usize,
    /// The first pixel that is left.
    pub(super) first: usize,
    /// Pixels that are left.
    pub(super) count: usize,
}
