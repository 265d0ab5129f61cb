// SPDX-License-Identifier: MIT OR Apache-2.0
//! The line of waiting frames when something other than frames of the network comes along.

use crate::harness::{Rig, frames, stat, with_stub};
use crate::qos::complain;
use crate::streams::{
    KEPT, NEW, PAST, adds_up, flush, grey, segment, send, send_segment, shade, small, time,
};
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::networks::Network;
use rirn::testing::Stub;

/// An element that gives each frame as it came, two frames late.
pub(crate) fn late() -> RirnDeblur {
    with_stub(|| Stub::delay(2, 2))
}

/// An element that gives the mean of all frames that it remembers, two frames late.
fn late_mean() -> RirnDeblur {
    with_stub(|| {
        let mean = Stub::mean_of_all();
        let mut profile = mean.profile();
        profile.look_ahead = 2;
        Stub::with_profile(profile, move |window, state| {
            mean.step(&window.f_narrow(1, 0, 3)?, state)
        })
    })
}

pub(crate) fn pts(buffers: &[gst::Buffer]) -> Vec<Option<gst::ClockTime>> {
    buffers.iter().map(|buffer| buffer.pts()).collect()
}

#[test]
fn discont_stays_with_its_frame() {
    let discont = gst::BufferFlags::DISCONT;
    let jumps = |buffers: &[gst::Buffer]| -> String {
        let letter = |buffer: &gst::Buffer| {
            if buffer.flags().contains(discont) {
                'd'
            } else {
                '-'
            }
        };
        buffers.iter().map(letter).collect()
    };
    let mut inputs = frames(&small(), 10, 5);
    for index in [0, 3, 4, 8] {
        inputs[index].make_mut().set_flags(discont);
    }
    let mut rig = Rig::new(late(), &small());
    let mut outputs = rig.run(inputs);
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    assert_eq!(jumps(&outputs), "d--dd---d-");

    // Also where an event in between lets the frames go, and none is marked for it.
    let mut inputs = frames(&small(), 7, 5);
    inputs[1].make_mut().set_flags(discont);
    let mut rig = Rig::new(late(), &small());
    let mut outputs = rig.run(inputs[..3].to_vec());
    let custom = gst::Structure::new_empty("custom");
    send(&mut rig, gst::event::CustomDownstream::new(custom));
    outputs.extend(rig.outputs());
    outputs.extend(rig.run(inputs[3..].to_vec()));
    assert_eq!(jumps(&outputs), "-d---");

    // Behind frames that were dropped before they were taken in.
    let inputs = frames(&small(), 8, 5);
    let mut rig = Rig::new(late(), &small());
    let mut outputs = rig.run(inputs[..3].to_vec());
    complain(&mut rig, time(4));
    outputs.extend(rig.run(inputs[3..].to_vec()));
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    assert_eq!(stat(&rig.element, "dropped"), 2);
    assert_eq!(pts(&outputs)[3], inputs[5].pts());
    assert_eq!(jumps(&outputs), "---d--");
}

#[test]
fn tags_of_frames_that_a_flush_drops_are_kept() {
    let mut rig = Rig::new(late(), &small());
    rig.run(frames(&small(), 2, 5));
    let mut tags = gst::TagList::new();
    tags.make_mut()
        .add::<gst::tags::Title>(&"a title", gst::TagMergeMode::Append);
    send(&mut rig, gst::event::Tag::new(tags.clone()));
    let pad = rig.element.static_pad("src").expect("the src pad");
    assert!(pad.sticky_event::<gst::event::Tag>(0).is_none(), "it waits");
    flush(&mut rig, gst::ClockTime::ZERO);
    let kept = pad.sticky_event::<gst::event::Tag>(0).expect("the event");
    assert_eq!(*kept.tag(), *tags);
    let below = rig.harness.sinkpad().expect("the pad below the element");
    rig.run(frames(&small(), 3, 5));
    assert!(
        below.sticky_event::<gst::event::Tag>(0).is_some(),
        "it went on"
    );
}

#[test]
fn frames_before_one_that_ends_the_stream_go_out() {
    let inputs = frames(&small(), 3, 5);
    let mut rig = Rig::new(late(), &small());
    rig.run(inputs[..2].to_vec());
    send(&mut rig, gst::event::Tag::new(gst::TagList::new()));
    let order = order(&mut rig);
    // Behind a hole that lets the frames go, one that holds no picture.
    let mut broken = gst::Buffer::from_slice([0_u8; 3]);
    broken.make_mut().set_pts(time(100));
    assert_eq!(rig.harness.push(broken), Err(gst::FlowError::Error));
    assert_eq!(*order.lock().expect("not poisoned"), "fft");
    let stats = rig.element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<u32>("queued"), Ok(0));
    assert_eq!(stat(&rig.element, "dropped"), 1);
    adds_up(&rig.element);
}

#[test]
fn the_position_is_that_of_the_frame_that_went_out_last() {
    let mut rig = Rig::new(late(), &small());
    let pad = rig.element.static_pad("src").expect("the src pad");
    rig.run(frames(&small(), 5, 5));
    assert_eq!(pad.query_position::<gst::ClockTime>(), Some(time(3)));
    send_segment(&mut rig, &segment(1.0, time(50)));
    assert_eq!(pad.query_position::<gst::ClockTime>(), Some(time(50)));
    // The last time there is, and a frame that lasts beyond it.
    let mut last = frames(&small(), 1, 5).remove(0);
    last.make_mut().set_pts(gst::ClockTime::MAX);
    rig.run(vec![last]);
    send(&mut rig, gst::event::Eos::new());
    assert_eq!(rig.outputs().len(), 1);
    assert_eq!(
        pad.query_position::<gst::ClockTime>(),
        Some(gst::ClockTime::MAX)
    );
    let mut query = gst::query::Scheduling::new();
    assert!(pad.query(&mut query));
    assert!(!query.has_scheduling_mode(gst::PadMode::Pull));
}

#[test]
fn frames_that_cannot_be_pushed_at_the_end_are_counted() {
    let mut rig = Rig::new(late(), &small());
    rig.run(frames(&small(), 4, 5));
    let pad = rig.element.static_pad("src").expect("the src pad");
    pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
        info.flow_res = Err(gst::FlowError::Eos);
        info.data = None;
        gst::PadProbeReturn::Handled
    });
    let order = order(&mut rig);
    send(&mut rig, gst::event::Tag::new(gst::TagList::new()));
    send(&mut rig, gst::event::Eos::new());
    assert_eq!(
        *order.lock().expect("not poisoned"),
        "t",
        "the event goes on"
    );
    let stats = rig.element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<u32>("queued"), Ok(0));
    assert_eq!(stat(&rig.element, "dropped"), 1);
    adds_up(&rig.element);
}

#[test]
fn frames_in_the_line_finish_with_the_memory_they_came_with() {
    let mut rig = Rig::new(late_mean(), &small());
    let mut outputs = rig.run((0..3).map(|index| grey(PAST, index)).collect());
    rig.element.emit_by_name::<()>("reset", &[]);
    outputs.extend(rig.run(vec![grey(NEW, 3), grey(NEW, 4)]));
    assert_eq!(stat(&rig.element, "resets"), 1);
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    let shades: Vec<_> = outputs.iter().map(shade).collect();
    assert_eq!(shades, [PAST, PAST, PAST, NEW, NEW]);
    // Without the signal the fourth frame would tell of the three before it.
    let mut rig = Rig::new(late_mean(), &small());
    let mut inputs: Vec<_> = (0..3).map(|index| grey(PAST, index)).collect();
    inputs.push(grey(NEW, 3));
    let mut outputs = rig.run(inputs);
    send(&mut rig, gst::event::Eos::new());
    outputs.extend(rig.outputs());
    assert_eq!(shade(&outputs[3]), KEPT);
}

/// What left the element, in order: `f` a frame, `t` a tag event, `c` a custom event.
fn order(rig: &mut Rig) -> std::sync::Arc<std::sync::Mutex<String>> {
    let order = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let pad = rig.element.static_pad("src").expect("the src pad");
    let seen = std::sync::Arc::clone(&order);
    let mask = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(mask, move |_, info| {
        let letter = match &info.data {
            Some(gst::PadProbeData::Buffer(_)) => "f",
            Some(gst::PadProbeData::Event(event)) => match event.type_() {
                gst::EventType::Tag => "t",
                gst::EventType::CustomDownstream => "c",
                _ => "",
            },
            _ => "",
        };
        seen.lock().expect("not poisoned").push_str(letter);
        gst::PadProbeReturn::Ok
    });
    order
}

#[test]
fn tags_wait_with_the_frames_and_other_events_let_them_go_first() {
    let inputs = frames(&small(), 5, 5);
    let mut rig = Rig::new(late(), &small());
    let order = order(&mut rig);
    rig.run(inputs[..3].to_vec());
    send(&mut rig, gst::event::Tag::new(gst::TagList::new()));
    rig.run(inputs[3..].to_vec());
    // Frame 0, 1 and 2 have left; the tag stands behind frame 2 and before frame 3.
    assert_eq!(*order.lock().expect("not poisoned"), "ffft");
    let custom = gst::Structure::new_empty("custom");
    send(&mut rig, gst::event::CustomDownstream::new(custom));
    assert_eq!(*order.lock().expect("not poisoned"), "ffftffc");
    rig.outputs();
}

#[test]
fn a_shorter_look_ahead_means_a_shorter_delay() {
    for (look_ahead, delay) in [(-1, 2), (0, 0), (1, 1), (2, 2)] {
        let element = late();
        element.set_property("look-ahead", look_ahead);
        let mut rig = Rig::new(element, &small());
        let outputs = rig.run(frames(&small(), 5, 5));
        assert_eq!(outputs.len(), 5 - delay, "look-ahead {look_ahead}");
        let stats = rig.element.property::<gst::Structure>("stats");
        let told: u32 = stats.get("delay-frames").expect("a field");
        assert_eq!(told as usize, delay);
    }
}
