// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames that wait for two later ones: their latency, and that none is lost.

use crate::harness::{INTERVAL, Rig, bytes, caps, frames, stat, with_stub};
use crate::streams::{adds_up, grey, segment, send, send_segment, small, time};
use gst::ClockTime;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::Stub;

/// An element that gives each frame as it came, two frames late.
fn late() -> RirnDeblur {
    let element = with_stub(|| Stub::delay(2, 2));
    element.set_property("processing-latency", 7_u64);
    element
}

/// `queued` of the statistics.
fn queued(rig: &Rig) -> u32 {
    let stats = rig.element.property::<gst::Structure>("stats");
    stats.get("queued").expect("a counter")
}

/// These are the frames, with their own bytes and times.
#[track_caller]
fn are(outputs: &[gst::Buffer], inputs: &[gst::Buffer]) {
    let pts = |buffers: &[gst::Buffer]| -> Vec<_> { buffers.iter().map(|b| b.pts()).collect() };
    assert_eq!(pts(outputs), pts(inputs));
    for (output, input) in outputs.iter().zip(inputs) {
        assert!(bytes(output) == bytes(input), "{:?}", output.pts());
        assert_eq!(output.duration(), input.duration());
    }
}

#[test]
fn two_frames_of_look_ahead_declare_two_intervals() {
    let mut rig = Rig::new(late(), &small());
    for (live, wanted) in [
        (false, INTERVAL * 2),
        (true, INTERVAL * 2 + ClockTime::from_nseconds(7)),
    ] {
        rig.harness.set_live(live);
        assert_eq!(rig.harness.query_latency(), Some(wanted), "live: {live}");
    }
}

#[test]
fn without_a_frame_rate_the_intervals_are_measured() {
    let (element, caps) = (
        late(),
        "video/x-raw,format=RGB,width=16,height=16,framerate=0/1",
    );
    let mut rig = Rig::new(element, &caps.parse().expect("caps"));
    rig.harness.set_live(false);
    assert_eq!(rig.harness.query_latency(), Some(ClockTime::ZERO));
    rig.run((0..4).map(|index| grey(1, index)).collect());
    assert_eq!(rig.harness.query_latency(), Some(INTERVAL * 2));
    assert_eq!(rig.messages(gst::MessageType::Latency).len(), 1);
}

#[test]
fn all_frames_have_come_out_at_eos() {
    for count in [1, 2, 3, 10] {
        let (element, caps) = (late(), caps("RGB", 20, 18));
        let inputs = frames(&caps, count, 5);
        let mut rig = Rig::new(element, &caps);
        let mut outputs = rig.run(inputs.clone());
        assert_eq!(outputs.len() as u64, count.saturating_sub(2));
        assert_eq!(u64::from(queued(&rig)), count.min(2));
        adds_up(&rig.element);
        send(&mut rig, gst::event::Eos::new());
        outputs.extend(rig.outputs());
        are(&outputs, &inputs);
        assert_eq!(stat(&rig.element, "frames-out"), count);
        assert_eq!(queued(&rig), 0);
        adds_up(&rig.element);
    }
}

#[test]
fn frames_that_wait_leave_before_a_change_of_caps_and_before_a_segment() {
    let new_caps = |rig: &mut Rig| send(rig, gst::event::Caps::new(&caps("BGR", 20, 18)));
    let new_segment = |rig: &mut Rig| send_segment(rig, &segment(1.0, time(9)));
    for event in [new_caps as fn(&mut Rig), new_segment] {
        let (element, caps) = (late(), caps("RGB", 20, 18));
        let inputs = frames(&caps, 4, 5);
        let mut rig = Rig::new(element, &caps);
        let pad = rig.harness.sinkpad().expect("the pad below the element");
        let mut outputs = rig.run(inputs.clone());
        assert_eq!(pad.current_caps(), Some(caps));
        event(&mut rig);
        outputs.extend(rig.outputs());
        are(&outputs, &inputs);
        adds_up(&rig.element);
    }
}

#[test]
fn frames_that_wait_are_dropped_by_a_flush() {
    let inputs = frames(&small(), 5, 5);
    let mut rig = Rig::new(late(), &small());
    are(&rig.run(inputs.clone()), &inputs[..3]);
    crate::streams::flush(&mut rig, ClockTime::ZERO);
    assert_eq!(stat(&rig.element, "dropped"), 2);
    adds_up(&rig.element);
    let mut outputs = rig.run(inputs.clone());
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    are(&outputs, &inputs);
}

#[test]
fn frames_that_wait_are_finished_by_the_signal_reset() {
    let inputs = frames(&small(), 6, 5);
    let mut rig = Rig::new(late(), &small());
    let mut outputs = rig.run(inputs[..4].to_vec());
    rig.element.emit_by_name::<()>("reset", &[]);
    outputs.extend(rig.run(inputs[4..].to_vec()));
    are(&outputs, &inputs[..4]);
    send(&mut rig, gst::event::Eos::new());
    are(&rig.outputs(), &inputs[4..]);
    adds_up(&rig.element);
}

#[test]
fn untouched_frames_keep_their_place_in_the_line() {
    let mut inputs = frames(&small(), 8, 5);
    inputs[3].make_mut().set_flags(gst::BufferFlags::CORRUPTED);
    let mut rig = Rig::new(late(), &small());
    let mut outputs = rig.run(inputs[..5].to_vec());
    rig.element.set_property("enabled", false);
    outputs.extend(rig.run(inputs[5..].to_vec()));
    adds_up(&rig.element);
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    are(&outputs, &inputs);
    assert_eq!(stat(&rig.element, "bypassed"), 4);
    adds_up(&rig.element);
}
