// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames that pass untouched among frames that wait for later ones: their place and the delay stay.

use crate::harness::{Rig, caps, frames, stat};
use crate::look_ahead_line::{late, pts};
use crate::qos::complain;
use crate::streams::{adds_up, send, small, time};
use gst::prelude::*;

#[test]
fn switched_off_the_delay_stays_and_the_line_is_finished() {
    let inputs = frames(&caps("RGB", 20, 18), 9, 5);
    let mut rig = Rig::new(late(), &caps("RGB", 20, 18));
    assert_eq!(rig.run(inputs[..4].to_vec()).len(), 2);
    rig.element.set_property("enabled", false);
    // Each frame in lets one out, first those that the network holds.
    for (index, input) in inputs[4..7].iter().enumerate() {
        let outputs = rig.run(vec![input.clone()]);
        assert_eq!(pts(&outputs), pts(&inputs[index + 2..=index + 2]));
    }
    assert_eq!(stat(&rig.element, "processed"), 4);
    rig.element.set_property("enabled", true);
    let mut outputs = rig.run(inputs[7..].to_vec());
    assert_eq!(outputs.len(), 2);
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    assert_eq!(pts(&outputs), pts(&inputs[5..]));
    assert_eq!(stat(&rig.element, "processed"), 6);
}

#[test]
fn untouched_frames_keep_their_place_between_frames_of_the_network() {
    let mut inputs = frames(&caps("RGB", 20, 18), 6, 5);
    inputs[2].make_mut().set_flags(gst::BufferFlags::CORRUPTED);
    let mut rig = Rig::new(late(), &caps("RGB", 20, 18));
    let mut outputs = rig.run(inputs.clone());
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    assert_eq!(pts(&outputs), pts(&inputs));
    assert!(outputs[2].as_ptr() == inputs[2].as_ptr(), "the very buffer");
}

#[test]
fn a_run_of_untouched_frames_does_not_hold_back_the_frames_before_it() {
    let mut inputs = frames(&small(), 26, 5);
    for input in &mut inputs[3..23] {
        input.make_mut().set_flags(gst::BufferFlags::CORRUPTED);
    }
    let mut rig = Rig::new(late(), &small());
    rig.element.set_property("max-gap", u64::MAX);
    rig.run(inputs[..2].to_vec());
    for (index, input) in inputs.iter().enumerate().skip(2) {
        let outputs = rig.run(vec![input.clone()]);
        assert_eq!(pts(&outputs), pts(&inputs[index - 2..index - 1]));
    }
    send(&mut rig, gst::event::Eos::new());
    assert_eq!(pts(&rig.outputs()), pts(&inputs[24..]));
    assert_eq!(stat(&rig.element, "bypassed"), 20);
    assert_eq!(stat(&rig.element, "processed"), 6);
    adds_up(&rig.element);
}

#[test]
fn one_untouched_frame_among_others_changes_no_delay() {
    let mut inputs = frames(&small(), 14, 5);
    for index in [2, 6, 8, 10] {
        inputs[index]
            .make_mut()
            .set_flags(gst::BufferFlags::CORRUPTED);
    }
    let mut rig = Rig::new(late(), &small());
    rig.run(inputs[..2].to_vec());
    for (index, input) in inputs.iter().enumerate().skip(2) {
        let outputs = rig.run(vec![input.clone()]);
        assert_eq!(pts(&outputs), pts(&inputs[index - 2..index - 1]), "{index}");
    }
    adds_up(&rig.element);
}

#[test]
fn a_run_of_late_frames_that_pass_does_not_hold_back_the_frames_before_it() {
    let inputs = frames(&small(), 20, 5);
    let mut rig = Rig::new(late(), &small());
    rig.element.set_property_from_str("late-policy", "bypass");
    rig.run(inputs[..3].to_vec());
    complain(&mut rig, time(100));
    for (index, input) in inputs.iter().enumerate().skip(3) {
        let outputs = rig.run(vec![input.clone()]);
        assert_eq!(pts(&outputs), pts(&inputs[index - 2..index - 1]));
    }
    assert_eq!(stat(&rig.element, "bypassed"), 17);
    adds_up(&rig.element);
}
