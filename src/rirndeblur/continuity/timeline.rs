// SPDX-License-Identifier: MIT OR Apache-2.0
//! What came before: the facts that turn an event or a frame into a row of the table.
//!
//! Time is measured from the last frame that entered the network's memory, not from the last
//! that arrived. So a frame passed untouched moves nothing, and after a run of them the gap rule
//! answers for the whole run. DISCONT and RESYNC on such a frame are not lost: they count for the
//! next frame that is fed.
//!
//! A reset where nothing is remembered is no reset: it comes back as [`Past::Keep`] and is not
//! counted. Thus the STREAM_START, CAPS and SEGMENT of one playlist step count once.

use super::memory::Memory;
use super::{Arrival, CapsChange, Decision, Happening, Motion, Past, decide};

/// The parts of a segment that place frames in time.
///
/// `stop` and `position` are left out: a segment that differs in them alone is no jump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SegmentFacts {
    /// Rate of playback, negative in reverse.
    pub(crate) rate: f64,
    /// Rate already applied upstream.
    pub(crate) applied_rate: f64,
    /// First time stamp, in nanoseconds.
    pub(crate) start: u64,
    /// Running time of the segment's begin.
    pub(crate) base: u64,
    /// Offset into the segment.
    pub(crate) offset: u64,
    /// Stream time of `start`.
    pub(crate) time: Option<u64>,
    /// Flag TRICKMODE_KEY_UNITS.
    pub(crate) key_units: bool,
}

/// The parts of a buffer that matter, times in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BufferFacts {
    /// Presentation time.
    pub(crate) pts: Option<u64>,
    /// Duration.
    pub(crate) duration: Option<u64>,
    /// Flag DISCONT.
    pub(crate) discont: bool,
    /// Flag RESYNC.
    pub(crate) resync: bool,
    /// Flag GAP, CORRUPTED or DECODE_ONLY: it will not be fed.
    pub(crate) untouched: bool,
}

/// Follows one stream and turns raw facts into decisions.
///
/// All methods are called from the streaming thread, in the order of the stream. FLUSH_START and
/// the rows that need no facts go to [`decide`] directly.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    memory: Memory,
    /// What `memory` would be if the last frame had passed untouched.
    passed: Memory,
    segment: Option<SegmentFacts>,
    stream_id: Option<String>,
    interval: Option<u64>,
    has_caps: bool,
    enabled: bool,
}

impl Timeline {
    /// The state at READY to PAUSED; `enabled` as the property is then.
    pub(crate) fn new(enabled: bool) -> Self {
        Self {
            memory: Memory::EMPTY,
            passed: Memory::EMPTY,
            segment: None,
            stream_id: None,
            interval: None,
            has_caps: false,
            enabled,
        }
    }

    /// STREAM_START with this stream-id.
    pub(crate) fn stream_start(&mut self, id: &str) -> Decision {
        let other = self.stream_id.as_deref().is_some_and(|old| old != id);
        if self.stream_id.as_deref() != Some(id) {
            self.stream_id = Some(id.to_owned());
            // Another stream brings its own segment, which is its first.
            self.segment = None;
        }
        self.settle(Happening::StreamStart { other })
    }

    /// CAPS, with the frame interval they give (`None` where the rate is 0/1 or unknown).
    ///
    /// The first caps change nothing, whatever `change` says.
    pub(crate) fn caps(&mut self, change: CapsChange, interval: Option<u64>) -> Decision {
        let first = !std::mem::replace(&mut self.has_caps, true);
        self.interval = interval;
        let change = if first { CapsChange::Equal } else { change };
        self.settle(Happening::Caps(change))
    }

    /// SEGMENT.
    pub(crate) fn segment(&mut self, segment: SegmentFacts) -> Decision {
        let old = self.segment.replace(segment);
        let jump = old.is_some_and(|old| old != segment);
        self.settle(Happening::Segment { jump })
    }

    /// SEGMENT_DONE.
    pub(crate) fn segment_done(&mut self) -> Decision {
        self.settle(Happening::SegmentDone)
    }

    /// FLUSH_STOP. Caps and stream-id outlive it, the segment does not.
    pub(crate) fn flush_stop(&mut self) -> Decision {
        self.segment = None;
        self.settle(Happening::FlushStop)
    }

    /// EOS.
    pub(crate) fn eos(&mut self) -> Decision {
        self.settle(Happening::Eos)
    }

    /// GAP event. It counts with its own length, and with all the time since the last frame fed,
    /// so that many short gaps in a row are one long one. `max_gap` as in [`Timeline::buffer`].
    pub(crate) fn gap_event(
        &mut self,
        pts: Option<u64>,
        duration: Option<u64>,
        max_gap: Option<u64>,
    ) -> Decision {
        let length = duration.unwrap_or(0);
        // The edge that playback reaches last.
        let edge = if self.is_reverse() {
            pts
        } else {
            pts.map(|pts| pts.saturating_add(length))
        };
        let since = match self.motion(edge, 0) {
            Motion::Hole(hole) => hole,
            _ => 0,
        };
        self.settle(Happening::GapEvent {
            hole: since.max(self.running(length)),
            max_gap: max_gap.unwrap_or(u64::MAX),
        })
    }

    /// A frame came in. The decision is carried out before the frame is used.
    ///
    /// `max_gap` is the longest hole that keeps the past; `None` and `u64::MAX` allow any. The
    /// frame counts as fed unless it is flagged or `enabled` is false. Frames that QoS drops never
    /// come here, so the gap rule answers for them.
    pub(crate) fn buffer(&mut self, facts: BufferFacts, max_gap: Option<u64>) -> Decision {
        let length = self.length(facts.duration);
        let untouched = facts.untouched || !self.enabled;
        let discont = facts.discont || self.memory.discont;
        let resync = facts.resync || self.memory.resync;
        let decision = self.settle(Happening::Buffer(Arrival {
            motion: self.motion(facts.pts, length),
            max_gap: max_gap.unwrap_or(u64::MAX),
            discont,
            resync,
            key_units: self.segment.is_some_and(|segment| segment.key_units),
            untouched,
        }));
        self.passed = Memory {
            discont,
            resync,
            ..self.memory
        };
        self.memory = if untouched {
            self.passed
        } else {
            self.passed.fed(facts.pts, length)
        };
        decision
    }

    /// The frame that [`Timeline::buffer`] was asked about last was not fed after all. `cut` tells
    /// that it began another shot, whose memory is still empty then.
    pub(crate) fn not_fed(&mut self, cut: bool) {
        self.memory = if cut { Memory::EMPTY } else { self.passed };
    }

    /// Signal `reset`, asked before the next buffer. Frames that wait finish with the old memory;
    /// the hole behind them is still looked at, for the line's sake.
    pub(crate) fn user_reset(&mut self) -> Decision {
        let last = self.memory.last;
        let decision = self.settle(Happening::UserReset);
        self.memory.last = last;
        decision
    }

    /// `enabled` is now this. Setting what it was already changes nothing.
    pub(crate) fn enabled(&mut self, enabled: bool) -> Decision {
        if std::mem::replace(&mut self.enabled, enabled) == enabled {
            return Decision::KEEP;
        }
        self.settle(Happening::Enabled(enabled))
    }

    /// The frame that [`Timeline::buffer`] was asked about last begins another shot. It is the
    /// first of the new memory, so the next frame is measured from it.
    pub(crate) fn scene_cut(&self) -> Decision {
        decide(Happening::SceneCut)
    }

    /// A step went wrong: NotFinite, EngineError, Diverged or TilingChanged.
    ///
    /// `waiting` tells that frames wait in the line: they begin the new memory, so the next frame
    /// is still measured from them. A step has run, so there always is something to forget.
    pub(crate) fn failed(&mut self, what: Happening, waiting: bool) -> Decision {
        if !waiting {
            self.forget();
        }
        decide(what)
    }

    /// Asks the table, and forgets if it says so.
    fn settle(&mut self, what: Happening) -> Decision {
        let decision = decide(what);
        if decision.past == Past::Keep {
            return decision;
        }
        let was_fresh = self.memory.fresh;
        self.forget();
        if was_fresh {
            return Decision::keep(decision.line);
        }
        decision
    }

    fn forget(&mut self) {
        self.memory = Memory::EMPTY;
    }

    /// Where a frame lies, the hole in running time.
    fn motion(&self, pts: Option<u64>, length: u64) -> Motion {
        match self.memory.motion(pts, length, self.is_reverse()) {
            Motion::Hole(hole) => Motion::Hole(self.running(hole)),
            other => other,
        }
    }

    fn length(&self, duration: Option<u64>) -> u64 {
        duration.or(self.interval).unwrap_or(0)
    }

    fn rate(&self) -> f64 {
        self.segment.map_or(1.0, |segment| segment.rate)
    }

    fn is_reverse(&self) -> bool {
        self.rate() < 0.0
    }

    /// A span of stream time as running time.
    fn running(&self, span: u64) -> u64 {
        let speed = self.rate().abs();
        // Normal speed stays exact; a rate that GStreamer forbids (0, NaN) is read as normal.
        if speed == 1.0 || !speed.is_finite() || speed == 0.0 {
            return span;
        }
        (span as f64 / speed) as u64
    }
}
