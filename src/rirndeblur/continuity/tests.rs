// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table row by row, and streams that walk through it.

mod holes;
mod random;
mod streams;
mod table;

use super::*;

/// One millisecond.
const MS: u64 = 1_000_000;
/// The default of `max-gap`.
const MAX_GAP: Option<u64> = Some(500 * MS);
/// A frame interval of 25 pictures a second.
const FRAME: u64 = 40 * MS;

const KEEP: Decision = Decision::KEEP;
const DRAIN: Decision = Decision::keep(Line::Drain);

/// Drain the line, then forget.
fn drain(reason: Reason) -> Decision {
    Decision::reset(Line::Drain, reason)
}

/// A segment at this rate that starts at 0.
fn segment(rate: f64) -> SegmentFacts {
    SegmentFacts {
        rate,
        applied_rate: 1.0,
        start: 0,
        base: 0,
        offset: 0,
        time: Some(0),
        key_units: false,
    }
}

/// A frame of one interval at this time in milliseconds.
fn frame(ms: u64) -> BufferFacts {
    BufferFacts {
        pts: Some(ms * MS),
        duration: Some(FRAME),
        ..BufferFacts::default()
    }
}

/// A stream at this rate, with caps, before its first frame.
fn stream(rate: f64) -> Timeline {
    let mut timeline = Timeline::new(true);
    assert_eq!(timeline.stream_start("a"), KEEP);
    assert_eq!(timeline.caps(CapsChange::Other, Some(FRAME)), KEEP);
    assert_eq!(timeline.segment(segment(rate)), KEEP);
    timeline
}

/// The same after frames at these milliseconds, all of them kept.
fn fed(rate: f64, frames: &[u64]) -> Timeline {
    let mut timeline = stream(rate);
    for &ms in frames {
        assert_eq!(timeline.buffer(frame(ms), MAX_GAP), KEEP, "frame at {ms}");
    }
    timeline
}
