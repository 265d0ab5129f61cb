// SPDX-License-Identifier: MIT OR Apache-2.0
//! Late frames.

use crate::harness::{INTERVAL, Rig, stat};
use crate::streams::{
    KEPT, NEW, NEXT, adds_up, asking_at, flush, forgets, grey, keeps, mean, remembering, send,
    shade, small, time,
};
use gst::prelude::*;
use gst::{BufferFlags, ClockTime, MessageType};

/// A sink below says that a frame came so late that the next one should begin after `earliest`.
#[track_caller]
pub(crate) fn complain(rig: &mut Rig, earliest: ClockTime) {
    let late = i64::try_from(INTERVAL.nseconds()).expect("short");
    let event = gst::event::Qos::builder(gst::QOSType::Underflow, 1.5, late)
        .timestamp(earliest - INTERVAL)
        .build();
    assert!(rig.harness.push_upstream_event(event), "taken");
}

#[test]
fn late_frames_are_dropped_and_the_next_one_is_marked_discont() {
    let mut rig = remembering();
    complain(&mut rig, time(NEXT + 1));
    assert!(
        rig.run(vec![grey(255, NEXT), grey(255, NEXT + 1)])
            .is_empty()
    );
    assert_eq!(stat(&rig.element, "dropped"), 2);
    assert_eq!(stat(&rig.element, "late-frames"), 2);
    assert_eq!(rig.messages(MessageType::Qos).len(), 2);
    assert_eq!(stat(&rig.element, "frames-out"), NEXT);
    adds_up(&rig.element);
    let output = rig.one(asking_at(time(NEXT + 2)));
    assert_eq!(shade(&output), KEPT, "dropped frames leave the past alone");
    assert!(output.flags().contains(BufferFlags::DISCONT));
    assert_eq!(stat(&rig.element, "resets"), 0);
    let next = rig.one(asking_at(time(NEXT + 3)));
    assert!(!next.flags().contains(BufferFlags::DISCONT), "once");
    adds_up(&rig.element);
}

#[test]
fn without_qos_nothing_is_dropped() {
    let mut rig = remembering();
    rig.element.set_property("qos", false);
    complain(&mut rig, time(NEXT + 1));
    let output = rig.one(grey(NEW, NEXT));
    assert_eq!(shade(&output), KEPT);
    assert!(!output.flags().contains(BufferFlags::DISCONT));
    assert_eq!(stat(&rig.element, "dropped"), 0);
    assert_eq!(stat(&rig.element, "late-frames"), 0);
    assert!(rig.messages(MessageType::Qos).is_empty());
}

#[test]
fn a_flush_forgets_the_complaint() {
    let mut rig = remembering();
    complain(&mut rig, time(NEXT + 100));
    flush(&mut rig, ClockTime::ZERO);
    forgets(&mut rig, grey(NEW, NEXT), "flush");
    assert_eq!(stat(&rig.element, "dropped"), 0);
}

#[test]
fn a_hole_of_dropped_frames_above_max_gap_forgets_the_past() {
    let mut rig = remembering();
    complain(&mut rig, time(NEXT + 12));
    let late = (NEXT..=NEXT + 12).map(|index| grey(255, index)).collect();
    assert!(rig.run(late).is_empty());
    forgets(&mut rig, asking_at(time(NEXT + 13)), "gap");
}

#[test]
fn the_complaint_goes_on_upstream() {
    let mut rig = remembering();
    complain(&mut rig, time(NEXT));
    let events = std::iter::from_fn(|| rig.harness.try_pull_upstream_event());
    let kinds: Vec<_> = events.map(|event| event.type_()).collect();
    assert!(kinds.contains(&gst::EventType::Qos), "{kinds:?}");
}

#[test]
fn a_frame_in_time_is_not_dropped() {
    let mut rig = remembering();
    complain(&mut rig, time(NEXT) - ClockTime::from_nseconds(1));
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn the_counters_add_up_after_every_phase() {
    let mut rig = Rig::new(mean(), &small());
    adds_up(&rig.element);
    let mut index = 0;
    let mut play = |rig: &mut Rig| {
        let buffers = (index..index + 3).map(|index| grey(9, index)).collect();
        index += 3;
        rig.run(buffers);
        adds_up(&rig.element);
    };
    play(&mut rig);
    complain(&mut rig, time(4));
    play(&mut rig);
    rig.element.set_property("enabled", false);
    play(&mut rig);
    rig.element.set_property("enabled", true);
    play(&mut rig);
    flush(&mut rig, ClockTime::ZERO);
    play(&mut rig);
    rig.harness
        .set_src_caps(crate::harness::caps("BGR", 16, 16));
    play(&mut rig);
    send(&mut rig, gst::event::Eos::new());
    adds_up(&rig.element);
    let count = |name| stat(&rig.element, name);
    assert_eq!((count("frames-in"), count("frames-out")), (18, 16));
    assert_eq!((count("dropped"), count("late-frames")), (2, 2));
    assert_eq!((count("processed"), count("bypassed")), (13, 3));
}

#[test]
fn with_the_policy_bypass_late_frames_go_out_as_they_came() {
    let mut rig = remembering();
    rig.element.set_property_from_str("late-policy", "bypass");
    complain(&mut rig, time(NEXT + 1));
    let late = grey(255, NEXT);
    let output = rig.one(late.clone());
    assert_eq!(output.as_ptr(), late.as_ptr(), "the buffer itself");
    assert_eq!(stat(&rig.element, "bypassed"), 1);
    assert_eq!(stat(&rig.element, "late-frames"), 1);
    assert_eq!(stat(&rig.element, "dropped"), 0);
    let messages = rig.messages(MessageType::Qos);
    let gst::MessageView::Qos(qos) = messages[0].view() else {
        panic!("a QOS message");
    };
    let (jitter, proportion, _) = qos.values();
    assert_eq!((jitter, proportion), (40_000_000, 1.5));
    let (live, _, _, pts, _) = qos.get();
    assert_eq!((live, pts), (false, Some(time(NEXT))));
    rig.one(grey(255, NEXT + 1));
    keeps(&mut rig, asking_at(time(NEXT + 2)));
    adds_up(&rig.element);
}

#[test]
fn after_a_second_of_late_frames_one_is_made_anyway() {
    let mut rig = remembering();
    rig.element.set_property("max-gap", u64::MAX);
    complain(&mut rig, time(NEXT + 1000));
    // The silence begins with the frame before; at 25 frames a second it gets too long here.
    let late = (NEXT..=NEXT + 25).map(|index| grey(NEW, index)).collect();
    let outputs = rig.run(late);
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0].pts(), Some(time(NEXT + 25)));
    assert_eq!(stat(&rig.element, "dropped"), 25);
}

#[test]
fn whoever_hears_of_a_late_frame_may_ask_and_set_properties() {
    for policy in ["drop", "bypass"] {
        let mut rig = remembering();
        rig.element.set_property_from_str("late-policy", policy);
        let element = rig.element.clone();
        rig.bus.set_sync_handler(move |_, message| {
            if message.type_() == MessageType::Qos {
                // Under a lock of the element this would never come back.
                let strength: f64 = element.property("strength");
                element.set_property("strength", strength / 2.0);
            }
            gst::BusSyncReply::Pass
        });
        complain(&mut rig, time(NEXT));
        rig.run(vec![grey(255, NEXT)]);
        rig.bus.unset_sync_handler();
        assert_eq!(rig.element.property::<f64>("strength"), 0.5, "{policy}");
    }
}
