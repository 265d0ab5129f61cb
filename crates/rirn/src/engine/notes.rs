// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happened to a frame beside being deblurred.

/// Something that a step had to do to go on, in the order in which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepNote {
    /// Memory ran out: the past was forgotten and the same frame tried again in tiles of at most
    /// `size` pixels, a multiple of 64, at least 128.
    Tiled {
        /// Edge of a tile in pixels.
        size: usize,
    },
    /// Memory ran out even in the smallest tiles, or for the frame itself: it was given up, the past
    /// forgotten.
    Exhausted,
    /// No step was made for the frame, because memory ran out less than five seconds ago, or for a
    /// frame that the network would see beside it.
    Passed,
    /// A value was not finite in half precision: the network of the engine computes in float32
    /// from now on. The past was forgotten and the same frame tried again. Also told, once, to
    /// every other [`super::Deblurrer`] of that engine.
    Widened,
    /// The network gave a value that is not finite: the frame was given up, the past forgotten.
    NotFinite,
    /// The states had grown out of bounds: the past was forgotten after this frame.
    Diverged,
}

impl StepNote {
    /// Whether the network's memory was forgotten.
    #[must_use]
    pub fn forgets(self) -> bool {
        !matches!(self, Self::Passed)
    }
}

/// Notes of a frame while they are collected.
#[derive(Default)]
pub(super) struct Told {
    pub(super) notes: Vec<StepNote>,
    /// LibTorch's own words for the last time that memory ran out.
    pub(super) report: Option<String>,
}
