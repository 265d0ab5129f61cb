// SPDX-License-Identifier: MIT OR Apache-2.0
//! Claims that hold for every stream.

use super::*;
use proptest::prelude::*;

/// One call of the tracker.
#[derive(Clone, Debug)]
enum Call {
    Stream(u8),
    Caps(u8, Option<u64>),
    Segment(SegmentFacts),
    Buffer(BufferFacts, Option<u64>),
    Gap(Option<u64>, Option<u64>, Option<u64>),
    Enabled(bool),
    Failed(bool),
    Other(u8),
}

/// Times near both ends and in between.
fn time() -> impl Strategy<Value = u64> {
    prop_oneof![0..2000 * MS, any::<u64>(), u64::MAX - 3..=u64::MAX]
}

fn maybe() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(time())
}

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(1.0),
        Just(-1.0),
        Just(0.0),
        Just(f64::NAN),
        any::<f64>(),
        0.1..8.0
    ]
}

fn facts() -> impl Strategy<Value = BufferFacts> {
    (maybe(), maybe(), any::<[bool; 3]>()).prop_map(|(pts, duration, flags)| BufferFacts {
        pts,
        duration,
        discont: flags[0],
        resync: flags[1],
        untouched: flags[2],
    })
}

fn segments() -> impl Strategy<Value = SegmentFacts> {
    (rate(), time(), any::<bool>()).prop_map(|(rate, start, key_units)| SegmentFacts {
        start,
        key_units,
        ..segment(rate)
    })
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        1 => (0..3_u8).prop_map(Call::Stream),
        1 => (0..3_u8, maybe()).prop_map(|(change, interval)| Call::Caps(change, interval)),
        1 => segments().prop_map(Call::Segment),
        8 => (facts(), maybe()).prop_map(|(facts, gap)| Call::Buffer(facts, gap)),
        2 => (maybe(), maybe(), maybe()).prop_map(|(pts, length, gap)| Call::Gap(pts, length, gap)),
        1 => any::<bool>().prop_map(Call::Enabled),
        1 => any::<bool>().prop_map(Call::Failed),
        3 => (0..4_u8).prop_map(Call::Other),
    ]
}

fn make(timeline: &mut Timeline, call: &Call) -> Decision {
    match *call {
        Call::Stream(id) => timeline.stream_start(["a", "b", "c"][usize::from(id)]),
        Call::Caps(0, interval) => timeline.caps(CapsChange::Equal, interval),
        Call::Caps(1, interval) => timeline.caps(CapsChange::Size, interval),
        Call::Caps(_, interval) => timeline.caps(CapsChange::Other, interval),
        Call::Segment(segment) => timeline.segment(segment),
        Call::Buffer(facts, max_gap) => timeline.buffer(facts, max_gap),
        Call::Gap(pts, length, max_gap) => timeline.gap_event(pts, length, max_gap),
        Call::Enabled(on) => timeline.enabled(on),
        Call::Failed(waiting) => timeline.failed(Happening::Diverged, waiting),
        Call::Other(0) => timeline.flush_stop(),
        Call::Other(1) => timeline.eos(),
        Call::Other(2) => timeline.user_reset(),
        Call::Other(_) => timeline.segment_done(),
    }
}

/// Frames that touch, at this rate, each of its own length.
fn contiguous(rate: f64, start: u64, lengths: &[u64]) -> Vec<BufferFacts> {
    let mut pts = start;
    let mut frames = Vec::new();
    for &length in lengths {
        if rate < 0.0 {
            pts -= length;
        }
        frames.push(BufferFacts {
            pts: Some(pts),
            duration: Some(length),
            discont: length % 3 == 0,
            ..BufferFacts::default()
        });
        if rate > 0.0 {
            pts += length;
        }
    }
    frames
}

proptest! {
    #[test]
    fn nothing_panics_and_no_reset_follows_a_reset(
        calls in proptest::collection::vec(call(), 0..60),
    ) {
        let mut timeline = Timeline::new(true);
        // Whether a frame was fed since the last reset, by the widest reading.
        let mut fed = false;
        for call in &calls {
            let decision = make(&mut timeline, call);
            let reset = matches!(decision.past, Past::Reset(_));
            if !matches!(call, Call::Failed(_)) {
                prop_assert!(fed || !reset, "{call:?} reset an empty memory");
            }
            let waiting = matches!(call, Call::Failed(true));
            fed = (fed && !reset)
                || matches!(call, Call::Buffer(facts, _) if !facts.untouched)
                || (waiting && fed);
        }
    }

    #[test]
    fn touching_frames_never_reset_in_either_direction(
        lengths in proptest::collection::vec(0..10_000_u64, 1..80),
        rate in prop_oneof![0.1..16.0, -16.0..-0.1],
        start in 1_000_000_u64..u64::MAX / 2,
    ) {
        let mut timeline = stream(rate);
        for facts in contiguous(rate, start, &lengths) {
            prop_assert_eq!(timeline.buffer(facts, Some(0)), KEEP);
        }
    }

    #[test]
    fn a_hole_resets_exactly_beyond_max_gap(
        start in 0..u64::MAX / 4,
        hole in 0..2000_u64,
        max_gap in 0..2000_u64,
    ) {
        let mut timeline = stream(1.0);
        let first = BufferFacts { pts: Some(start), duration: Some(7), ..BufferFacts::default() };
        let second = BufferFacts { pts: Some(start + 7 + hole), ..first };
        prop_assert_eq!(timeline.buffer(first, Some(max_gap)), KEEP);
        let wanted = if hole > max_gap { drain(Reason::Gap) } else { KEEP };
        prop_assert_eq!(timeline.buffer(second, Some(max_gap)), wanted);
    }

    #[test]
    fn a_frame_not_fed_leaves_no_trace_in_time(
        late in proptest::collection::vec(time(), 0..20),
        next in 0..2000_u64,
    ) {
        let mut disturbed = fed(1.0, &[1000]);
        for pts in late {
            let facts = BufferFacts { pts: Some(pts), untouched: true, ..BufferFacts::default() };
            prop_assert_eq!(disturbed.buffer(facts, MAX_GAP), KEEP);
        }
        let wanted = fed(1.0, &[1000]).buffer(frame(next), MAX_GAP);
        prop_assert_eq!(disturbed.buffer(frame(next), MAX_GAP), wanted);
    }
}
