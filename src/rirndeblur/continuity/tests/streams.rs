// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rows that need more than one event: jumps, resets counted once, what a reset leaves behind.

use super::*;

#[test]
fn key_units_drain_the_line_at_every_frame() {
    let mut timeline = Timeline::new(true);
    let facts = SegmentFacts {
        key_units: true,
        ..segment(1.0)
    };
    assert_eq!(timeline.segment(facts), KEEP);
    assert_eq!(timeline.buffer(frame(0), MAX_GAP), DRAIN);
    assert_eq!(timeline.buffer(frame(400), MAX_GAP), DRAIN);
    assert_eq!(timeline.buffer(frame(1000), MAX_GAP), drain(Reason::Gap));
}

#[test]
fn a_flushing_seek_resets_once() {
    let mut timeline = fed(1.0, &[0, 40]);
    let flushed = Decision::reset(Line::Drop, Reason::Flush);
    assert_eq!(timeline.flush_stop(), flushed);
    // Also a rate change by flushing seek: the segment after a flush is a first one.
    assert_eq!(timeline.segment(segment(-2.0)), KEEP);
    assert_eq!(timeline.buffer(frame(5000), MAX_GAP), KEEP);
    assert_eq!(timeline.buffer(frame(4960), MAX_GAP), KEEP);
    assert_eq!(timeline.flush_stop(), flushed);
    assert_eq!(timeline.flush_stop(), Decision::keep(Line::Drop));
}

#[test]
fn only_a_segment_that_jumps_resets() {
    let now = segment(1.0);
    let others = [
        segment(2.0),
        SegmentFacts {
            applied_rate: 2.0,
            ..now
        },
        SegmentFacts { start: 1, ..now },
        SegmentFacts { base: 1, ..now },
        SegmentFacts { offset: 1, ..now },
        SegmentFacts { time: None, ..now },
        SegmentFacts {
            key_units: true,
            ..now
        },
    ];
    for other in others {
        let mut timeline = fed(1.0, &[0]);
        assert_eq!(timeline.segment(now), KEEP);
        assert_eq!(timeline.segment(other), drain(Reason::Segment), "{other:?}");
    }
    assert_eq!(fed(1.0, &[0]).segment_done(), drain(Reason::Segment));
}

#[test]
fn one_step_of_a_playlist_counts_once() {
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(timeline.stream_start("a"), KEEP);
    assert_eq!(timeline.stream_start("b"), drain(Reason::StreamStart));
    assert_eq!(timeline.caps(CapsChange::Size, Some(FRAME)), DRAIN);
    let next = SegmentFacts {
        base: 40 * MS,
        ..segment(1.0)
    };
    assert_eq!(timeline.segment(next), KEEP);
    assert_eq!(timeline.buffer(frame(0), MAX_GAP), KEEP);
}

#[test]
fn caps_reset_when_they_differ() {
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(timeline.caps(CapsChange::Equal, Some(FRAME)), KEEP);
    assert_eq!(
        timeline.caps(CapsChange::Size, Some(FRAME)),
        drain(Reason::Caps)
    );
    assert_eq!(timeline.buffer(frame(40), MAX_GAP), KEEP);
    assert_eq!(
        timeline.caps(CapsChange::Other, Some(FRAME)),
        drain(Reason::Caps)
    );
}

#[test]
fn data_after_eos_is_fresh() {
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(timeline.eos(), drain(Reason::Eos));
    assert_eq!(timeline.stream_start("a"), KEEP);
    assert_eq!(timeline.buffer(frame(0), MAX_GAP), KEEP);
    // EOS without any frame forgets nothing.
    assert_eq!(stream(1.0).eos(), DRAIN);
}

#[test]
fn switching_off_freezes_and_switching_on_resets() {
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(timeline.enabled(true), KEEP);
    assert_eq!(timeline.enabled(false), KEEP);
    assert_eq!(timeline.buffer(frame(9000), MAX_GAP), KEEP);
    assert_eq!(timeline.buffer(frame(0), MAX_GAP), KEEP);
    let on = Decision::reset(Line::Keep, Reason::Enabled);
    assert_eq!(timeline.enabled(true), on);
    assert_eq!(timeline.buffer(frame(7000), MAX_GAP), KEEP);
    // Begun switched off: nothing was remembered.
    let mut off = Timeline::new(false);
    assert_eq!(off.buffer(frame(0), MAX_GAP), KEEP);
    assert_eq!(off.enabled(true), KEEP);
}

#[test]
fn the_signal_resets_once_and_still_drains_at_a_hole() {
    let mut timeline = fed(1.0, &[0]);
    let user = Decision::reset(Line::Keep, Reason::User);
    assert_eq!(timeline.user_reset(), user);
    assert_eq!(timeline.user_reset(), KEEP);
    assert_eq!(timeline.buffer(frame(9000), MAX_GAP), DRAIN);
    assert_eq!(timeline.user_reset(), user);
}

#[test]
fn a_failed_step_resets_and_waiting_frames_are_measured_from() {
    let error = Decision::reset(Line::Keep, Reason::Error);
    let mut alone = fed(1.0, &[0]);
    assert_eq!(alone.failed(Happening::NotFinite, false), error);
    assert_eq!(alone.buffer(frame(9000), MAX_GAP), KEEP);
    let mut followed = fed(1.0, &[0, 40, 80]);
    assert_eq!(followed.failed(Happening::EngineError, true), error);
    assert_eq!(followed.buffer(frame(9000), MAX_GAP), drain(Reason::Gap));
}
