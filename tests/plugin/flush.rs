// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing waits for a running step: flushes, stops, properties and queries while a step runs that
//! does not end by itself. A time limit is held by the best of three tries or more.

use crate::gate::{Gate, Pusher, clocked};
use crate::harness::{PATIENCE, Rig, stat};
use crate::streams::{
    NEW, NEXT, adds_up, grey, mean, reason, remember, segment, send, send_segment, shade, small,
};
use gst::prelude::*;
use gst::{ClockTime, FlowError};
use std::sync::Arc;
use std::time::Duration;

/// Longest time for a flush or a stop.
const FLUSH: Duration = Duration::from_millis(50);

/// Longest time for a property or a query.
const ASK: Duration = Duration::from_millis(5);

/// How often a time is measured.
const TRIES: u64 = 3;

/// Flushes while a step runs.
const FLUSHES: u64 = 50;

/// Frames while events come from another thread.
const FRAMES: u64 = 1000;

/// An element behind three frames of the past whose next steps last until the gate opens.
fn slow() -> (Arc<Gate>, Rig) {
    let gate = Arc::new(Gate::default());
    let rig = remember(Rig::new(gate.element(), &small()));
    gate.close();
    (gate, rig)
}

#[track_caller]
fn within(limit: Duration, what: &str, times: &[Duration]) {
    let best = times.iter().min().expect("it was measured");
    assert!(*best < limit, "{what} took {best:?}, limit {limit:?}");
}

#[test]
fn a_flush_does_not_wait_for_the_running_step() {
    let (gate, mut rig) = slow();
    let pusher = Pusher::new(&rig);
    let (mut starts, mut returns, mut stops) = (vec![], vec![], vec![]);
    for index in 0..FLUSHES {
        // What is told then must not wait, either.
        rig.element.set_property("post-messages", index % 2 == 0);
        gate.close();
        pusher.push(grey(100, NEXT));
        gate.wait_inside();
        let (start, ()) = clocked(|| send(&mut rig, gst::event::FlushStart::new()));
        let (returned, flow) = clocked(|| pusher.result());
        assert_eq!(flow, Err(FlowError::Flushing));
        let (stop, ()) = clocked(|| send(&mut rig, gst::event::FlushStop::new(true)));
        assert!(gate.is_inside(), "the old step still runs");
        starts.push(start);
        returns.push(start + returned);
        stops.push(stop);
        send_segment(&mut rig, &segment(1.0, ClockTime::ZERO));
        // The next frame waits for the old step, whose result is thrown away with its past.
        pusher.push(grey(NEW, 0));
        gate.open();
        assert_eq!(pusher.result(), Ok(gst::FlowSuccess::Ok));
        let outputs = rig.outputs();
        let seen: Vec<_> = outputs.iter().map(|b| (shade(b), b.pts())).collect();
        assert_eq!(seen, [(NEW, Some(ClockTime::ZERO))]);
        assert_eq!(reason(&rig.element), "flush");
        adds_up(&rig.element);
    }
    within(FLUSH, "FLUSH_START", &starts);
    within(FLUSH, "the way back of the streaming thread", &returns);
    within(FLUSH, "FLUSH_STOP", &stops);
}

#[test]
fn a_flush_does_not_wait_for_whoever_below_takes_no_buffer() {
    let rig = remember(Rig::new(mean(), &small()));
    rig.element.set_property("post-messages", true);
    let below = rig.element.static_pad("src").expect("the src pad");
    let (blocked, waiting) = std::sync::mpsc::channel();
    let block = gst::PadProbeType::BLOCK | gst::PadProbeType::BUFFER;
    let probe = below.add_probe(block, move |_, _| {
        blocked.send(()).expect("the test waits");
        gst::PadProbeReturn::Ok
    });
    let pusher = Pusher::new(&rig);
    pusher.push(grey(100, NEXT));
    let stands = waiting.recv_timeout(PATIENCE.into());
    stands.expect("the streaming thread stands in a push");
    let pad = rig.harness.srcpad().expect("the pad above the element");
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(pad.push_event(gst::event::FlushStart::new())));
    let came = waiting.recv_timeout(PATIENCE.into());
    // Else a thread that waits would keep the test from its end.
    below.remove_probe(probe.expect("a probe"));
    assert_eq!(came, Ok(true));
    assert_eq!(pusher.result(), Err(FlowError::Flushing));
}

#[test]
fn events_out_of_band_leave_the_streaming_thread_alone() {
    let mut rig = remember(Rig::new(mean(), &small()));
    rig.element.set_property("post-messages", true);
    let pusher = Pusher::new(&rig);
    let pad = rig.harness.srcpad().expect("the pad above the element");
    for index in 0..FRAMES {
        pusher.push(grey(100, NEXT + index));
    }
    let mut flows = 0;
    while flows < FRAMES {
        let facts = gst::Structure::new_empty("out-of-band");
        assert!(pad.push_event(gst::event::CustomDownstreamOob::new(facts)));
        while rig.harness.try_pull_event().is_some() {}
        while let Some(flow) = pusher.poll() {
            assert_eq!(flow, Ok(gst::FlowSuccess::Ok));
            flows += 1;
        }
    }
    assert_eq!(stat(&rig.element, "frames-out"), NEXT + FRAMES);
    adds_up(&rig.element);
}

#[test]
fn a_frame_that_a_flush_cut_short_is_counted_as_dropped() {
    let (gate, mut rig) = slow();
    let pusher = Pusher::new(&rig);
    pusher.push(grey(100, NEXT));
    gate.wait_inside();
    adds_up(&rig.element);
    send(&mut rig, gst::event::FlushStart::new());
    assert_eq!(pusher.result(), Err(FlowError::Flushing));
    send(&mut rig, gst::event::FlushStop::new(true));
    gate.open();
    assert_eq!(stat(&rig.element, "frames-in"), NEXT + 1);
    assert_eq!(stat(&rig.element, "frames-out"), NEXT);
    assert_eq!(stat(&rig.element, "dropped"), 1);
    adds_up(&rig.element);
    assert!(rig.messages(gst::MessageType::Error).is_empty());
}

#[test]
fn paused_to_ready_does_not_wait_for_the_running_step() {
    let mut times = vec![];
    for _ in 0..TRIES {
        let (gate, rig) = slow();
        let pusher = Pusher::new(&rig);
        pusher.push(grey(100, NEXT));
        gate.wait_inside();
        rig.element.set_state(gst::State::Paused).expect("paused");
        let (stopped, change) = clocked(|| rig.element.set_state(gst::State::Ready));
        change.expect("ready");
        times.push(stopped);
        assert!(gate.is_inside(), "the old step still runs");
        assert_eq!(pusher.result(), Err(FlowError::Flushing));
        gate.open();
        assert!(rig.messages(gst::MessageType::Error).is_empty());
    }
    within(FLUSH, "PAUSED to READY", &times);
}

#[test]
fn after_a_stop_during_a_step_the_element_begins_afresh() {
    let (gate, mut rig) = slow();
    let pusher = Pusher::new(&rig);
    pusher.push(grey(100, NEXT));
    gate.wait_inside();
    rig.element.set_state(gst::State::Ready).expect("ready");
    assert_eq!(pusher.result(), Err(FlowError::Flushing));
    gate.open();
    crate::streams::restart(&mut rig, gst::State::Ready, &small());
    let output = rig.one(grey(NEW, 0));
    assert_eq!((shade(&output), output.pts()), (NEW, Some(ClockTime::ZERO)));
    assert_eq!(stat(&rig.element, "frames-in"), 1);
}

#[test]
fn properties_and_queries_do_not_wait_for_the_running_step() {
    let (gate, rig) = slow();
    let pusher = Pusher::new(&rig);
    pusher.push(grey(100, NEXT));
    gate.wait_inside();
    for pspec in rig.element.list_properties() {
        let name = pspec.name();
        let read = || rig.element.property_value(name);
        let times: Vec<_> = (0..TRIES).map(|_| clocked(read).0).collect();
        within(ASK, &format!("reading {name}"), &times);
        let is_fixed = pspec
            .flags()
            .contains(gst::glib::ParamFlags::CONSTRUCT_ONLY);
        if !pspec.flags().contains(gst::glib::ParamFlags::WRITABLE) || is_fixed || name == "parent"
        {
            continue;
        }
        let value = read();
        let write = || rig.element.set_property_from_value(name, &value);
        let times: Vec<_> = (0..TRIES).map(|_| clocked(write).0).collect();
        within(ASK, &format!("setting {name}"), &times);
    }
    let ask = || rig.harness.query_latency();
    let times: Vec<_> = (0..TRIES).map(|_| clocked(ask).0).collect();
    within(ASK, "the LATENCY query", &times);
    let reset = || rig.element.emit_by_name::<()>("reset", &[]);
    let times: Vec<_> = (0..TRIES).map(|_| clocked(reset).0).collect();
    within(ASK, "the signal reset", &times);
    assert!(gate.is_inside(), "the step still runs");
    gate.open();
    assert_eq!(pusher.result(), Ok(gst::FlowSuccess::Ok));
}

#[test]
fn a_flush_during_the_first_warm_up_does_not_wait() {
    let gate = Arc::new(Gate::default());
    gate.close();
    let mut rig = Rig::silent(gate.element());
    let pad = rig.harness.srcpad().expect("the pad above the element");
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        pad.push_event(gst::event::StreamStart::new("one"));
        pad.push_event(gst::event::Caps::new(&small()));
        done.send(()).expect("the test waits");
    });
    gate.wait_inside();
    send(&mut rig, gst::event::FlushStart::new());
    let came = waiting.recv_timeout(PATIENCE.into());
    came.expect("the streaming thread comes back");
    assert!(gate.is_inside(), "the warm-up still runs");
    send(&mut rig, gst::event::FlushStop::new(true));
    gate.open();
    // The caps were taken, or come again with the next frame, as upstream's pad remembers them.
    send_segment(&mut rig, &segment(1.0, ClockTime::ZERO));
    assert_eq!(shade(&rig.one(grey(NEW, 0))), NEW);
    assert_eq!(shade(&rig.one(grey(100, 1))), 150);
    assert!(rig.messages(gst::MessageType::Error).is_empty());
}
