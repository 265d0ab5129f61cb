// SPDX-License-Identifier: MIT OR Apache-2.0
//! The frames that a network sees at once, and the line of frames that wait for their future.
//!
//! Before the first frame stand repeats of it, behind the last one repeats of the last
//! (`docs/NETWORKS.md`), so that N frames in give N frames out.

use crate::error::Result;
use crate::networks::Profile;
use crate::ops::cat;
use std::collections::VecDeque;
use tch::Tensor;

/// A sliding window over frames `[1, 3, height, width]`.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The newest frame is the last; up to `Profile::window` of them.
    frames: VecDeque<Tensor>,
    /// How many of the newest frames have not been the centre yet.
    waiting: usize,
}

impl Window {
    /// Adds the next frame. Gives the window of the frame whose future is now complete, if any.
    pub(super) fn push(&mut self, frame: Tensor, profile: &Profile) -> Result<Option<Tensor>> {
        if self.frames.is_empty() {
            for _ in 0..profile.look_behind {
                self.frames.push_back(frame.shallow_clone());
            }
        }
        self.waiting += 1;
        self.append(frame, profile)
    }

    /// As if the last frame came again: gives the window of the next frame that still waits, or
    /// nothing when none does.
    pub(super) fn drain(&mut self, profile: &Profile) -> Result<Option<Tensor>> {
        while self.waiting > 0 {
            let Some(last) = self.frames.back().map(Tensor::shallow_clone) else {
                break;
            };
            if let Some(window) = self.append(last, profile)? {
                return Ok(Some(window));
            }
        }
        Ok(None)
    }

    fn append(&mut self, frame: Tensor, profile: &Profile) -> Result<Option<Tensor>> {
        self.frames.push_back(frame);
        while self.frames.len() > profile.window() {
            self.frames.pop_front();
        }
        if self.frames.len() < profile.window() {
            return Ok(None);
        }
        self.waiting = self.waiting.saturating_sub(1);
        if profile.window() == 1 {
            return Ok(self.frames.pop_back());
        }
        let frames: Vec<_> = self.frames.iter().collect();
        Ok(Some(cat(&frames)?))
    }
}
