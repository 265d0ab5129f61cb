// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known about the network's memory: which frame entered it last, and how far from that
//! one another frame lies.

use super::Motion;

/// The last frame fed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    /// Newest time stamp known, of this frame or of one before it.
    pts: Option<u64>,
    /// How long this frame lasts.
    length: u64,
    /// `pts` is this frame's own; else a hole after it cannot be measured.
    timed: bool,
}

/// The network's memory as far as time and flags go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// The frame to measure from.
    pub(super) last: Option<Last>,
    /// Nothing was fed since the memory was forgotten.
    pub(super) fresh: bool,
    /// DISCONT was set on a frame passed untouched since `last`.
    pub(super) discont: bool,
    /// The same for RESYNC.
    pub(super) resync: bool,
}

impl Memory {
    /// Nothing is remembered.
    pub(super) const EMPTY: Self = Self {
        last: None,
        fresh: true,
        discont: false,
        resync: false,
    };

    /// The memory after a frame was fed.
    pub(super) fn fed(&self, pts: Option<u64>, length: u64) -> Self {
        let known = self.last.and_then(|last| last.pts);
        Self {
            last: Some(Last {
                pts: pts.or(known),
                length,
                timed: pts.is_some(),
            }),
            fresh: false,
            ..Self::EMPTY
        }
    }

    /// Where a frame at `pts` of this length lies, seen from the last one fed; in stream time.
    ///
    /// Forward the hole begins where the last frame ends; in reverse it begins where this one
    /// ends, since this one is the earlier. Frames that overlap, or share a PTS, touch.
    pub(super) fn motion(&self, pts: Option<u64>, length: u64, reverse: bool) -> Motion {
        let Some(last) = self.last else {
            return Motion::First;
        };
        let (Some(pts), Some(last_pts)) = (pts, last.pts) else {
            return Motion::Unknown;
        };
        let (earlier, later, between) = if reverse {
            (pts, last_pts, length)
        } else {
            (last_pts, pts, last.length)
        };
        if later < earlier {
            return Motion::Back;
        }
        if !last.timed {
            return Motion::Unknown;
        }
        Motion::Hole(later.saturating_sub(earlier.saturating_add(between)))
    }
}
