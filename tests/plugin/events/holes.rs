// SPDX-License-Identifier: MIT OR Apache-2.0
//! Holes in time: time stamps, GAP events, DISCONT and RESYNC.

use crate::harness::{Rig, stat};
use crate::streams::{
    self, NEW, NEXT, PAST, asking_at, asking_with, forgets, grey, keeps, remembering, shade, time,
};
use gst::ClockTime;
use gst::prelude::*;

/// `max-gap` of an element without properties.
const MAX_GAP: ClockTime = ClockTime::from_mseconds(500);

/// The shortest time there is.
const NANO: ClockTime = ClockTime::from_nseconds(1);

fn gap(pts: ClockTime, duration: ClockTime) -> gst::Event {
    gst::event::Gap::builder(pts).duration(duration).build()
}

#[test]
fn a_hole_of_max_gap_keeps_the_past() {
    keeps(&mut remembering(), asking_at(time(NEXT) + MAX_GAP));
}

#[test]
fn a_hole_above_max_gap_forgets_the_past() {
    let asking = asking_at(time(NEXT) + MAX_GAP + NANO);
    forgets(&mut remembering(), asking, "gap");
}

#[test]
fn max_gap_acts_on_the_next_frame() {
    let long = ClockTime::from_mseconds(900);
    let mut rig = remembering();
    rig.element.set_property("max-gap", long.nseconds());
    keeps(&mut rig, asking_at(time(NEXT) + long));
    let mut rig = remembering();
    rig.element.set_property("max-gap", 0_u64);
    forgets(&mut rig, asking_at(time(NEXT) + NANO), "gap");
    let mut rig = remembering();
    rig.element.set_property("max-gap", u64::MAX);
    keeps(&mut rig, asking_at(ClockTime::from_seconds(86_400)));
}

#[test]
fn a_hole_is_measured_in_running_time() {
    // At double speed 1000 ms of the stream last 500 ms.
    for (more, is_kept) in [(ClockTime::ZERO, true), (NANO * 2, false)] {
        let mut rig = Rig::new(streams::mean(), &streams::small());
        streams::send_segment(&mut rig, &streams::segment(2.0, ClockTime::ZERO));
        let mut rig = streams::remember(rig);
        let asking = asking_at(time(NEXT) + MAX_GAP * 2 + more);
        match is_kept {
            true => keeps(&mut rig, asking),
            false => forgets(&mut rig, asking, "gap"),
        }
    }
}

#[test]
fn without_durations_the_frame_rate_tells_where_a_frame_ends() {
    for (more, is_kept) in [(ClockTime::ZERO, true), (NANO, false)] {
        let mut rig = Rig::new(streams::mean(), &streams::small());
        for index in 0..NEXT {
            let mut buffer = grey(PAST, index);
            buffer.make_mut().set_duration(ClockTime::NONE);
            rig.one(buffer);
        }
        let asking = asking_at(time(NEXT) + MAX_GAP + more);
        match is_kept {
            true => keeps(&mut rig, asking),
            false => forgets(&mut rig, asking, "gap"),
        }
    }
}

#[test]
fn time_going_back_forgets_the_past() {
    forgets(&mut remembering(), asking_at(time(1)), "backward");
}

#[test]
fn the_same_time_again_keeps_the_past() {
    keeps(&mut remembering(), asking_at(time(2)));
}

#[test]
fn frames_without_time_keep_the_past() {
    keeps(&mut remembering(), asking_at(ClockTime::NONE));
    let mut rig = Rig::new(streams::mean(), &streams::small());
    for _ in 0..3 {
        let mut buffer = grey(PAST, 0);
        buffer.make_mut().set_pts(ClockTime::NONE);
        rig.one(buffer);
    }
    keeps(&mut rig, asking_at(ClockTime::NONE));
}

#[test]
fn discont_with_a_time_within_max_gap_keeps_the_past() {
    keeps(&mut remembering(), asking_with(gst::BufferFlags::DISCONT));
    let mut asking = asking_with(gst::BufferFlags::DISCONT);
    asking.make_mut().set_pts(time(NEXT) + MAX_GAP);
    keeps(&mut remembering(), asking);
}

#[test]
fn discont_behind_a_hole_above_max_gap_forgets_the_past() {
    let mut asking = asking_with(gst::BufferFlags::DISCONT);
    asking.make_mut().set_pts(time(NEXT) + MAX_GAP + NANO);
    forgets(&mut remembering(), asking, "gap");
}

#[test]
fn discont_without_a_time_forgets_the_past() {
    let mut asking = asking_with(gst::BufferFlags::DISCONT);
    asking.make_mut().set_pts(ClockTime::NONE);
    forgets(&mut remembering(), asking, "discont");
}

#[test]
fn resync_forgets_the_past() {
    let asking = asking_with(gst::BufferFlags::RESYNC);
    forgets(&mut remembering(), asking, "discont");
}

#[test]
fn a_gap_event_up_to_max_gap_keeps_the_past() {
    let mut rig = remembering();
    streams::send(&mut rig, gap(time(NEXT), MAX_GAP));
    keeps(&mut rig, asking_at(time(NEXT) + MAX_GAP));
}

#[test]
fn a_gap_event_above_max_gap_forgets_the_past() {
    let mut rig = remembering();
    streams::send(&mut rig, gap(time(NEXT), MAX_GAP + NANO));
    assert_eq!(stat(&rig.element, "resets"), 1, "before the next frame");
    // The time of the frame itself would not tell.
    forgets(&mut rig, asking_at(time(NEXT)), "gap");
}

#[test]
fn many_short_gap_events_are_one_long_gap() {
    let mut rig = remembering();
    for index in 0..13 {
        streams::send(&mut rig, gap(time(NEXT + index), time(1)));
    }
    forgets(&mut rig, asking_at(time(NEXT + 13)), "gap");
}

#[test]
fn a_gap_event_leaves_below_the_element() {
    let mut rig = remembering();
    streams::send(&mut rig, gap(time(NEXT), time(1)));
    let events = std::iter::from_fn(|| rig.harness.try_pull_event());
    assert_eq!(events.last().map(|e| e.type_()), Some(gst::EventType::Gap));
}

#[test]
fn the_first_frame_after_a_jump_in_time_is_marked_discont() {
    for pts in [time(1), time(NEXT) + MAX_GAP + NANO] {
        let mut rig = remembering();
        let output = rig.one(asking_at(pts));
        assert_eq!(shade(&output), NEW);
        let flags = output.flags();
        assert!(
            flags.contains(gst::BufferFlags::DISCONT),
            "{pts}: {flags:?}"
        );
        let next = rig.one(asking_at(pts + time(1)));
        assert!(!next.flags().contains(gst::BufferFlags::DISCONT), "once");
    }
}
