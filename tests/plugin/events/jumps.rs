// SPDX-License-Identifier: MIT OR Apache-2.0
//! Flushes, segments, direction and speed of playback, EOS and changes of state.

use crate::harness::{Rig, stat};
use crate::streams::{
    self, NEW, NEXT, PAST, asking_at, asking_with, flush, forgets, grey, keeps, reason,
    remembering, segment, send, send_segment, shade, small, time,
};
use gst::ClockTime;
use gst::prelude::*;

#[test]
fn a_flush_forgets_the_past() {
    let mut rig = remembering();
    flush(&mut rig, ClockTime::ZERO);
    forgets(&mut rig, grey(NEW, NEXT), "flush");
}

#[test]
fn a_flushing_seek_forgets_the_past_once() {
    let mut rig = remembering();
    flush(&mut rig, ClockTime::from_seconds(7));
    let mut asking = asking_with(gst::BufferFlags::DISCONT);
    asking.make_mut().set_pts(ClockTime::from_seconds(7));
    forgets(&mut rig, asking, "flush");
}

#[test]
fn a_flush_before_any_frame_is_no_reset() {
    let mut rig = Rig::new(streams::mean(), &small());
    flush(&mut rig, ClockTime::ZERO);
    keeps(&mut streams::remember(rig), grey(NEW, NEXT));
}

#[test]
fn a_change_of_speed_by_a_flush_forgets_the_past() {
    let mut rig = remembering();
    send(&mut rig, gst::event::FlushStart::new());
    send(&mut rig, gst::event::FlushStop::new(true));
    send_segment(&mut rig, &segment(2.0, ClockTime::ZERO));
    forgets(&mut rig, grey(NEW, NEXT), "flush");
}

#[test]
fn an_instant_change_of_speed_keeps_the_past() {
    let mut rig = remembering();
    let flags = gst::SegmentFlags::empty();
    send(&mut rig, gst::event::InstantRateChange::new(1.5, flags));
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn the_same_segment_again_keeps_the_past() {
    let mut rig = remembering();
    send_segment(&mut rig, &segment(1.0, ClockTime::ZERO));
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn a_segment_that_differs_in_stop_and_position_keeps_the_past() {
    let mut rig = remembering();
    let mut update = segment(1.0, ClockTime::ZERO);
    update.set_stop(ClockTime::from_seconds(100));
    update.set_position(time(NEXT));
    send_segment(&mut rig, &update);
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn a_segment_that_jumps_without_a_flush_forgets_the_past() {
    let mut rig = remembering();
    send_segment(&mut rig, &segment(1.0, time(NEXT)));
    forgets(&mut rig, grey(NEW, NEXT), "segment");
}

#[test]
fn a_segment_with_another_base_forgets_the_past() {
    let mut rig = remembering();
    let mut looped = segment(1.0, ClockTime::ZERO);
    looped.set_base(time(NEXT));
    send_segment(&mut rig, &looped);
    forgets(&mut rig, grey(NEW, NEXT), "segment");
}

#[test]
fn segment_done_forgets_the_past() {
    let mut rig = remembering();
    send(&mut rig, gst::event::SegmentDone::new(time(NEXT)));
    forgets(&mut rig, grey(NEW, NEXT), "segment");
}

/// An element that has seen three frames in reverse, the last one at 1 s.
fn reversed() -> Rig {
    let mut rig = Rig::new(streams::mean(), &small());
    send_segment(&mut rig, &segment(-1.0, ClockTime::ZERO));
    for later in (0..NEXT).rev() {
        let mut buffer = grey(PAST, 0);
        let pts = ClockTime::SECOND + time(later);
        buffer.make_mut().set_pts(pts);
        rig.one(buffer);
    }
    rig
}

#[test]
fn reverse_playback_keeps_the_past_while_time_falls_evenly() {
    keeps(&mut reversed(), asking_at(ClockTime::SECOND - time(1)));
}

#[test]
fn reverse_playback_forgets_the_past_behind_a_hole_above_max_gap() {
    let hole = ClockTime::from_mseconds(500);
    let next = ClockTime::SECOND - time(1);
    keeps(&mut reversed(), asking_at(next - hole));
    let above = asking_at(next - hole - ClockTime::from_nseconds(1));
    forgets(&mut reversed(), above, "gap");
}

#[test]
fn reverse_playback_forgets_the_past_where_time_rises() {
    forgets(
        &mut reversed(),
        asking_at(ClockTime::SECOND + time(1)),
        "backward",
    );
}

#[test]
fn key_units_apart_forget_the_past_and_neighbours_keep_it() {
    let hole = ClockTime::from_mseconds(500);
    for (more, is_kept) in [(ClockTime::ZERO, true), (ClockTime::SECOND, false)] {
        let mut rig = Rig::new(streams::mean(), &small());
        let mut trick = segment(1.0, ClockTime::ZERO);
        trick.set_flags(gst::SegmentFlags::TRICKMODE | gst::SegmentFlags::TRICKMODE_KEY_UNITS);
        send_segment(&mut rig, &trick);
        let mut rig = streams::remember(rig);
        let asking = asking_at(time(NEXT) + hole + more);
        match is_kept {
            true => keeps(&mut rig, asking),
            false => forgets(&mut rig, asking, "gap"),
        }
    }
}

#[test]
fn after_eos_a_flush_begins_afresh() {
    let mut rig = remembering();
    send(&mut rig, gst::event::Eos::new());
    let refused = rig.harness.push(grey(NEW, NEXT));
    assert_eq!(refused, Err(gst::FlowError::Eos));
    assert_eq!(reason(&rig.element), "eos");
    flush(&mut rig, ClockTime::ZERO);
    forgets(&mut rig, grey(NEW, 0), "eos");
}

#[test]
fn after_eos_another_stream_begins_afresh() {
    let mut rig = remembering();
    send(&mut rig, gst::event::Eos::new());
    send(&mut rig, gst::event::StreamStart::new("another"));
    rig.harness.set_src_caps(small());
    forgets(&mut rig, grey(NEW, 0), "eos");
}

#[test]
fn eos_without_any_frame_goes_through() {
    let mut rig = Rig::new(streams::mean(), &small());
    send(&mut rig, gst::event::Eos::new());
    let events = std::iter::from_fn(|| rig.harness.try_pull_event());
    assert_eq!(events.last().map(|e| e.type_()), Some(gst::EventType::Eos));
    assert_eq!(stat(&rig.element, "resets"), 0);
}

#[test]
fn ready_and_back_begins_afresh_with_new_counters() {
    for through in [gst::State::Ready, gst::State::Null] {
        let mut rig = remembering();
        streams::restart(&mut rig, through, &small());
        assert_eq!(stat(&rig.element, "frames-in"), 0);
        assert_eq!(shade(&rig.one(grey(NEW, NEXT))), NEW);
        assert_eq!(stat(&rig.element, "resets"), 0);
        assert_eq!(reason(&rig.element), "start");
    }
}

#[test]
fn paused_and_back_keeps_the_past() {
    let mut rig = remembering();
    rig.element.set_state(gst::State::Paused).expect("paused");
    rig.element.set_state(gst::State::Playing).expect("playing");
    keeps(&mut rig, grey(NEW, NEXT));
}
