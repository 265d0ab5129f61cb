// SPDX-License-Identifier: MIT OR Apache-2.0
//! Late frames. They are judged when they come in and again on the worker when their turn comes:
//! frames of other elements on the device may have been before them.

use super::LatePolicy;
use super::imp::RirnDeblur;
use super::lateness::{Late, Lateness};
use super::locks::lock;
use super::running::Wanted;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use std::sync::{Arc, Mutex, OnceLock};

/// When a frame is shown, for the one who tells of it after the frame has gone on.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) pts: Option<gst::ClockTime>,
    pub(super) duration: Option<gst::ClockTime>,
}

impl Shown {
    pub(super) fn of(buffer: &gst::BufferRef) -> Self {
        Self {
            pts: buffer.pts(),
            duration: buffer.duration(),
        }
    }
}

/// The second judgement of one frame.
pub(super) struct Turn {
    lateness: Arc<Mutex<Lateness>>,
    /// Running time; none: it is not judged.
    time: Option<u64>,
    found: Arc<OnceLock<Late>>,
}

impl Turn {
    /// What the worker asks.
    pub(super) fn question(&self) -> Wanted {
        let (lateness, found) = (Arc::clone(&self.lateness), Arc::clone(&self.found));
        let time = self.time;
        Box::new(move || {
            let late = lock(&lateness).judge(time);
            late.is_none_or(|late| found.set(late).is_err())
        })
    }

    /// The frame has left the worker, or has not gone there. Says whether and how it was late.
    pub(super) fn end(self) -> Option<Late> {
        let late = self.found.get().copied();
        if late.is_none() {
            lock(&self.lateness).let_through(self.time);
        }
        late
    }
}

impl RirnDeblur {
    /// Whether a buffer is dropped because it is late.
    pub(super) fn drops_late(&self, buffer: &gst::BufferRef) -> bool {
        let drops = lock(&self.settings).late_policy == LatePolicy::Drop && self.is_late(buffer);
        if drops {
            lock(&self.counters).dropped();
        }
        drops
    }

    /// Judges a buffer that comes in, and counts and posts it if it is late.
    pub(super) fn is_late(&self, buffer: &gst::BufferRef) -> bool {
        let time = self.judged_time(buffer);
        let late = lock(&self.lateness).judge(time);
        if let Some(late) = late {
            self.count_late(Shown::of(buffer), late);
        }
        late.is_some()
    }

    /// The second judgement of a buffer that was not late at the first.
    pub(super) fn turn(&self, buffer: &gst::BufferRef) -> Turn {
        Turn {
            lateness: Arc::clone(&self.lateness),
            time: self.judged_time(buffer),
            found: Arc::default(),
        }
    }

    /// Counts and posts a late frame.
    pub(super) fn count_late(&self, shown: Shown, late: Late) {
        lock(&self.counters).late();
        self.tell_late(shown, late);
    }

    /// Running time of a buffer, if it is to be judged.
    fn judged_time(&self, buffer: &gst::BufferRef) -> Option<u64> {
        if !self.obj().is_qos() {
            return None;
        }
        let segment = self.obj().segment();
        let segment = segment.downcast_ref::<gst::ClockTime>()?;
        let time = segment.to_running_time(buffer.pts());
        time.map(gst::ClockTime::nseconds)
    }
}
