// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rows about time: holes measured, directions, frames that are not fed.

use super::*;

#[test]
fn the_first_frame_resets_nothing_whatever_its_flags() {
    let mut timeline = stream(1.0);
    let first = BufferFacts {
        discont: true,
        resync: true,
        ..frame(3_600_000)
    };
    assert_eq!(timeline.buffer(first, MAX_GAP), KEEP);
}

#[test]
fn a_hole_is_measured_from_the_end_of_the_last_frame() {
    // 40 + 500 is the last that is kept.
    assert_eq!(fed(1.0, &[0]).buffer(frame(540), MAX_GAP), KEEP);
    assert_eq!(
        fed(1.0, &[0]).buffer(frame(541), MAX_GAP),
        drain(Reason::Gap)
    );
    assert_eq!(fed(1.0, &[0]).buffer(frame(541), None), KEEP);
    assert_eq!(fed(1.0, &[0]).buffer(frame(541), Some(u64::MAX)), KEEP);
    assert_eq!(
        fed(1.0, &[0]).buffer(frame(41), Some(0)),
        drain(Reason::Gap)
    );
}

#[test]
fn a_frame_without_duration_lasts_one_interval_or_nothing() {
    let bare = BufferFacts {
        duration: None,
        ..frame(0)
    };
    let mut with_rate = stream(1.0);
    assert_eq!(with_rate.buffer(bare, MAX_GAP), KEEP);
    assert_eq!(with_rate.buffer(frame(540), MAX_GAP), KEEP);

    let mut without = stream(1.0);
    assert_eq!(without.caps(CapsChange::Equal, None), KEEP);
    assert_eq!(without.buffer(bare, MAX_GAP), KEEP);
    assert_eq!(without.buffer(frame(501), MAX_GAP), drain(Reason::Gap));
}

#[test]
fn a_hole_is_measured_in_running_time() {
    // 1 s of the video is 500 ms at double speed and 2 s at half.
    assert_eq!(fed(2.0, &[0]).buffer(frame(1040), MAX_GAP), KEEP);
    assert_eq!(
        fed(2.0, &[0]).buffer(frame(1041), MAX_GAP),
        drain(Reason::Gap)
    );
    assert_eq!(fed(0.5, &[0]).buffer(frame(290), MAX_GAP), KEEP);
    assert_eq!(
        fed(0.5, &[0]).buffer(frame(291), MAX_GAP),
        drain(Reason::Gap)
    );
}

#[test]
fn equal_and_overlapping_times_are_kept_and_falling_ones_not() {
    assert_eq!(fed(1.0, &[80]).buffer(frame(80), MAX_GAP), KEEP);
    assert_eq!(fed(1.0, &[80]).buffer(frame(100), MAX_GAP), KEEP);
    assert_eq!(
        fed(1.0, &[80]).buffer(frame(79), MAX_GAP),
        drain(Reason::Backward)
    );
    assert_eq!(
        fed(1.0, &[80]).buffer(frame(79), None),
        drain(Reason::Backward)
    );
}

#[test]
fn reverse_playback_turns_the_sign() {
    let falling = || fed(-1.0, &[2000, 1960, 1920]);
    // The frame before 1920 ends there, so it may begin 540 ms earlier.
    assert_eq!(falling().buffer(frame(1920), MAX_GAP), KEEP);
    assert_eq!(falling().buffer(frame(1380), MAX_GAP), KEEP);
    assert_eq!(falling().buffer(frame(1379), MAX_GAP), drain(Reason::Gap));
    assert_eq!(
        falling().buffer(frame(1921), MAX_GAP),
        drain(Reason::Backward)
    );
    assert_eq!(fed(-2.0, &[2000]).buffer(frame(960), MAX_GAP), KEEP);
    assert_eq!(
        fed(-2.0, &[2000]).buffer(frame(959), MAX_GAP),
        drain(Reason::Gap)
    );
}

#[test]
fn frames_without_time_are_kept_unless_discont() {
    let untimed = BufferFacts::default();
    let jump = BufferFacts {
        discont: true,
        ..untimed
    };
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(timeline.buffer(untimed, MAX_GAP), KEEP);
    // Nobody knows how much time the untimed frame stood for.
    assert_eq!(timeline.buffer(frame(5000), MAX_GAP), KEEP);
    assert_eq!(timeline.buffer(jump, MAX_GAP), drain(Reason::Discont));
    assert_eq!(timeline.buffer(untimed, MAX_GAP), KEEP);

    // Before what was known already is back all the same.
    let mut back = fed(1.0, &[1000]);
    assert_eq!(back.buffer(untimed, MAX_GAP), KEEP);
    assert_eq!(back.buffer(frame(999), MAX_GAP), drain(Reason::Backward));
}

#[test]
fn discont_within_max_gap_is_kept_and_resync_is_not() {
    let discont = BufferFacts {
        discont: true,
        ..frame(300)
    };
    let resync = BufferFacts {
        resync: true,
        ..frame(40)
    };
    assert_eq!(fed(1.0, &[0]).buffer(discont, MAX_GAP), KEEP);
    assert_eq!(
        fed(1.0, &[0]).buffer(resync, MAX_GAP),
        drain(Reason::Discont)
    );
}

#[test]
fn untouched_frames_do_not_move_the_memory() {
    let mut timeline = fed(1.0, &[0]);
    for n in 1..=13 {
        let corrupted = BufferFacts {
            untouched: true,
            ..frame(n * 40)
        };
        assert_eq!(timeline.buffer(corrupted, MAX_GAP), KEEP);
    }
    // 40 to 560 were not fed: a hole of 520 ms.
    assert_eq!(timeline.buffer(frame(560), MAX_GAP), drain(Reason::Gap));
    assert_eq!(timeline.buffer(frame(600), MAX_GAP), KEEP);
}

#[test]
fn flags_of_an_untouched_frame_count_for_the_next_one() {
    let untouched = BufferFacts {
        untouched: true,
        ..frame(40)
    };
    let resync = BufferFacts {
        resync: true,
        ..untouched
    };
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(timeline.buffer(resync, MAX_GAP), KEEP);
    assert_eq!(timeline.buffer(untouched, MAX_GAP), KEEP);
    assert_eq!(timeline.buffer(frame(80), MAX_GAP), drain(Reason::Discont));
    assert_eq!(timeline.buffer(frame(120), MAX_GAP), KEEP);
}

#[test]
fn gap_events_add_up() {
    let mut timeline = fed(1.0, &[0]);
    assert_eq!(
        timeline.gap_event(Some(40 * MS), Some(300 * MS), MAX_GAP),
        DRAIN
    );
    assert_eq!(
        timeline.gap_event(Some(340 * MS), Some(200 * MS), MAX_GAP),
        DRAIN
    );
    assert_eq!(timeline.clone().buffer(frame(540), MAX_GAP), KEEP);
    let more = timeline.gap_event(Some(540 * MS), Some(MS), MAX_GAP);
    assert_eq!(more, drain(Reason::Gap));
    assert_eq!(
        timeline.gap_event(Some(541 * MS), Some(9000 * MS), MAX_GAP),
        DRAIN
    );
    assert_eq!(timeline.buffer(frame(9541), MAX_GAP), KEEP);

    let mut reverse = fed(-1.0, &[2000]);
    assert_eq!(
        reverse.gap_event(Some(1500 * MS), Some(500 * MS), MAX_GAP),
        DRAIN
    );
    let more = reverse.gap_event(Some(1499 * MS), Some(MS), MAX_GAP);
    assert_eq!(more, drain(Reason::Gap));

    // Without anything to measure from, the event's own length counts.
    let mut untimed = stream(1.0);
    assert_eq!(untimed.buffer(BufferFacts::default(), MAX_GAP), KEEP);
    assert_eq!(
        untimed.gap_event(Some(0), Some(501 * MS), MAX_GAP),
        drain(Reason::Gap)
    );
}

#[test]
fn a_frame_that_was_not_fed_after_all_is_not_measured_from() {
    let mut timeline = fed(1.0, &[0, 40]);
    timeline.not_fed(false);
    assert_eq!(timeline.buffer(frame(541), MAX_GAP), drain(Reason::Gap));
    let mut timeline = fed(1.0, &[0]);
    let jump = BufferFacts {
        discont: true,
        ..frame(40)
    };
    assert_eq!(timeline.buffer(jump, MAX_GAP), KEEP);
    timeline.not_fed(false);
    let passed = BufferFacts {
        untouched: true,
        ..jump
    };
    let mut untouched = fed(1.0, &[0]);
    assert_eq!(untouched.buffer(passed, MAX_GAP), KEEP);
    let next = timeline.buffer(frame(80), MAX_GAP);
    assert_eq!(next, untouched.buffer(frame(80), MAX_GAP));
}

#[test]
fn a_first_frame_of_a_shot_that_was_not_fed_leaves_nothing_to_forget() {
    let mut timeline = fed(1.0, &[0, 40]);
    timeline.not_fed(true);
    assert_eq!(timeline.buffer(frame(4_000), MAX_GAP), KEEP);
    assert_eq!(
        timeline.user_reset(),
        Decision::reset(Line::Keep, Reason::User)
    );
}
