// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the application sets and asks for, and frames that pass untouched.

use crate::harness::stat;
use crate::streams::{
    KEPT, NEW, NEXT, adds_up, asking_at, forgets, grey, keeps, reason, remembering, shade, time,
};
use gst::prelude::*;
use gstrirndeblur::rirndeblur::SplitView;

#[test]
fn the_signal_reset_forgets_the_past_before_the_next_frame() {
    let mut rig = remembering();
    rig.element.emit_by_name::<()>("reset", &[]);
    assert_eq!(stat(&rig.element, "resets"), 0, "not before a frame comes");
    forgets(&mut rig, grey(NEW, NEXT), "user");
    // The signal is used up: the mean of 200 and 100.
    assert_eq!(shade(&rig.one(grey(100, NEXT + 1))), 150);
}

#[test]
fn the_signal_reset_twice_before_a_frame_is_one_reset() {
    let mut rig = remembering();
    let element = rig.element.clone();
    let other_thread = std::thread::spawn(move || element.emit_by_name::<()>("reset", &[]));
    other_thread.join().expect("from any thread");
    rig.element.emit_by_name::<()>("reset", &[]);
    forgets(&mut rig, grey(NEW, NEXT), "user");
}

#[test]
fn the_signal_reset_in_null_is_harmless() {
    let element = crate::streams::mean();
    element.emit_by_name::<()>("reset", &[]);
    let rig = crate::harness::Rig::new(element, &crate::streams::small());
    keeps(&mut crate::streams::remember(rig), grey(NEW, NEXT));
}

#[test]
fn enabled_off_freezes_the_past_and_on_forgets_it() {
    let mut rig = remembering();
    rig.element.set_property("enabled", false);
    for index in NEXT..NEXT + 2 {
        assert_eq!(shade(&rig.one(grey(255, index))), 255, "untouched");
    }
    assert_eq!(stat(&rig.element, "bypassed"), 2);
    assert_eq!(stat(&rig.element, "processed"), NEXT);
    assert_eq!(stat(&rig.element, "resets"), 0, "off alone forgets nothing");
    rig.element.set_property("enabled", true);
    forgets(&mut rig, grey(NEW, NEXT + 2), "enabled");
    adds_up(&rig.element);
}

#[test]
fn enabled_set_to_what_it_is_keeps_the_past() {
    let mut rig = remembering();
    rig.element.set_property("enabled", true);
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn strength_zero_goes_on_remembering() {
    let mut rig = remembering();
    rig.element.set_property("strength", 0.0);
    assert_eq!(shade(&rig.one(grey(NEW, NEXT))), NEW, "no correction");
    rig.element.set_property("strength", 1.0);
    // The mean of three times 40 and twice 200.
    assert_eq!(shade(&rig.one(grey(NEW, NEXT + 1))), 104);
    assert_eq!(stat(&rig.element, "resets"), 0);
}

#[test]
fn settings_of_mixing_and_of_rules_keep_the_past() {
    let mut rig = remembering();
    rig.element.set_property("strength", 0.5);
    rig.element.set_property("split-view", SplitView::Vertical);
    rig.element.set_property("split-position", 0.25);
    rig.element.set_property("max-gap", 1_u64);
    rig.element.set_property("qos", false);
    rig.element.set_property("processing-latency", 0_u64);
    let output = crate::harness::bytes(&rig.one(grey(NEW, NEXT)));
    // A quarter of the row is input; the rest is half way to what is remembered.
    assert!(output[..4 * 3].iter().all(|byte| *byte == NEW));
    let half = NEW.midpoint(KEPT);
    assert!(output[4 * 3..16 * 3].iter().all(|byte| *byte == half));
    assert_eq!(stat(&rig.element, "resets"), 0);
    assert_eq!(reason(&rig.element), "start");
}

#[test]
fn settings_for_the_next_start_keep_the_past() {
    let mut rig = remembering();
    rig.element.set_property("threads", 1);
    rig.element.set_property("device", "cpu");
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn flagged_frames_go_out_untouched_and_are_not_fed() {
    for flag in [
        gst::BufferFlags::CORRUPTED,
        gst::BufferFlags::GAP,
        gst::BufferFlags::DECODE_ONLY,
    ] {
        let mut rig = remembering();
        let mut flagged = grey(255, NEXT);
        flagged.make_mut().set_flags(flag);
        let output = rig.one(flagged);
        assert_eq!(shade(&output), 255, "{flag:?}");
        assert!(output.flags().contains(flag), "{flag:?}");
        assert_eq!(stat(&rig.element, "bypassed"), 1);
        keeps(&mut rig, asking_at(time(NEXT + 1)));
        adds_up(&rig.element);
    }
}

#[test]
fn a_long_run_of_flagged_frames_is_a_hole() {
    let mut rig = remembering();
    for index in NEXT..NEXT + 13 {
        let mut flagged = grey(255, index);
        flagged.make_mut().set_flags(gst::BufferFlags::CORRUPTED);
        rig.one(flagged);
    }
    forgets(&mut rig, asking_at(time(NEXT + 13)), "gap");
}
