// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`Deblurrer`](super::Deblurrer) gives for a frame and for a warm-up.

use super::notes::StepNote;
use super::pictures::PackedPicture;
use crate::frame::Frame;
use std::time::Duration;

/// What a frame that was pushed has become.
#[derive(Debug)]
pub struct Output {
    /// The deblurred frame, before any clamp. Neither it nor a picture is there where the frame was
    /// given up or passed; the notes hold [`StepNote::Exhausted`], [`StepNote::Passed`] or [`StepNote::NotFinite`] then.
    pub sharp: Option<Frame>,
    /// The deblurred picture, instead of `sharp`, where the frame came as a picture.
    pub picture: Option<PackedPicture>,
    /// Whether the notes hold [`StepNote::Diverged`].
    pub diverged: bool,
    /// What happened beside, in order; empty as a rule.
    pub notes: Vec<StepNote>,
    /// Where memory ran out, LibTorch's own words, for a log.
    pub report: Option<String>,
    /// Time on the worker, from the frame to the frame, with all that was tried.
    pub taken: Duration,
}

/// What has become of a frame that was offered.
#[derive(Debug)]
pub enum Pushed {
    /// It was taken in; with it comes the oldest frame whose future is complete, if any.
    Taken(Option<Output>),
    /// It was not wanted any more when its turn came; the past knows nothing of it.
    Declined,
}

/// What a warm-up has found out.
#[derive(Debug)]
pub struct WarmUp {
    /// Estimated time of a frame; none if memory ran out in the smallest tiles.
    pub taken: Option<Duration>,
    /// [`StepNote::Tiled`] and [`StepNote::Exhausted`], where memory ran out.
    pub notes: Vec<StepNote>,
    /// LibTorch's own words for that.
    pub report: Option<String>,
}

impl Pushed {
    /// The frame that came out.
    pub(super) fn output(self) -> Option<Output> {
        match self {
            Self::Taken(output) => output,
            Self::Declined => None,
        }
    }
}
