// SPDX-License-Identifier: MIT OR Apache-2.0
//! No lock is held where the element calls out: whoever is called may call back.

use crate::gate::hooked;
use crate::harness::{PATIENCE, Rig, caps, stat};
use crate::streams::{NEW, flush, grey, segment, send, send_segment, shade, small};
use gst::prelude::*;
use gst::{ClockTime, MessageType};
use gstrirndeblur::rirndeblur::RirnDeblur;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

/// Calls everything of an element that an application may call at any time.
fn call_back(element: &RirnDeblur) {
    for pspec in element.list_properties() {
        element.property_value(pspec.name());
    }
    element.set_property("strength", 1.0);
    // Warns while the element runs, which once more calls the handler.
    element.set_property("threads", 0);
    element.emit_by_name::<()>("reset", &[]);
    let pad = element.static_pad("src").expect("a source pad");
    assert!(pad.query(&mut gst::query::Latency::new()), "answered");
}

/// The kinds of messages that were posted while the handler called back.
type Posted = Arc<Mutex<Vec<MessageType>>>;

/// Calls back from a sync handler of the bus.
fn from_bus(rig: &Rig) -> Posted {
    let posted = Posted::default();
    let (element, seen) = (rig.element.clone(), Arc::clone(&posted));
    rig.bus.set_sync_handler(move |_, message| {
        call_back(&element);
        seen.lock().expect("no panic").push(message.type_());
        gst::BusSyncReply::Pass
    });
    posted
}

/// Calls back from a probe on the source pad, and counts how often.
fn from_probe(rig: &Rig) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let (element, count) = (rig.element.clone(), Arc::clone(&calls));
    let pad = rig.element.static_pad("src").expect("a source pad");
    let what = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_BOTH;
    pad.add_probe(what | gst::PadProbeType::EVENT_FLUSH, move |_, _| {
        call_back(&element);
        count.fetch_add(1, Ordering::SeqCst);
        gst::PadProbeReturn::Ok
    });
    calls
}

/// Runs the test's body in a thread that must come to its end.
#[track_caller]
fn must_end(body: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    std::thread::spawn(move || {
        body();
        done.send(()).expect("the test waits");
    });
    finished
        .recv_timeout(PATIENCE.into())
        .expect("no dead-lock");
}

#[test]
fn bus_handlers_and_probes_may_call_back() {
    must_end(|| {
        let switch = Arc::new(AtomicBool::new(false));
        let is_on = Arc::clone(&switch);
        let element = hooked(move |picture, state| {
            let broken = is_on.load(Ordering::SeqCst);
            let factor = if broken { f64::NAN } else { 1.0 };
            Ok((picture.f_mul_scalar(factor)?, state))
        });
        let mut rig = Rig::silent(element);
        let (posted, probed) = (from_bus(&rig), from_probe(&rig));
        rig.harness.set_src_caps(small());
        for index in 0..3 {
            assert_eq!(shade(&rig.one(grey(NEW, index))), NEW);
        }
        // A rise of the latency, and a warning about a frame.
        rig.element
            .set_property("processing-latency", 1_000_000_000_u64);
        switch.store(true, Ordering::SeqCst);
        rig.one(grey(NEW, 3));
        switch.store(false, Ordering::SeqCst);
        flush(&mut rig, ClockTime::ZERO);
        rig.harness.set_src_caps(caps("BGR", 16, 16));
        send_segment(&mut rig, &segment(1.0, ClockTime::SECOND));
        rig.one(grey(NEW, 4));
        send(&mut rig, gst::event::Eos::new());
        rig.element.set_state(gst::State::Null).expect("null");
        assert!(probed.load(Ordering::SeqCst) > 10, "the probe was there");
        let posted = posted.lock().expect("no panic").clone();
        for kind in [MessageType::Latency, MessageType::Warning] {
            assert!(posted.contains(&kind), "{kind:?} in {posted:?}");
        }
        rig.bus.unset_sync_handler();
    });
}

#[test]
fn a_handler_of_an_error_may_call_back() {
    must_end(|| {
        let element = hooked(|picture, state| {
            // The warm-up is grey 0.5; only a brighter frame fails.
            match picture.f_max()?.f_double_value(&[])? > 0.7 {
                true => Err(rirn::Error::Torch("no".to_owned())),
                false => Ok((picture, state)),
            }
        });
        let mut rig = Rig::new(element, &small());
        let posted = from_bus(&rig);
        let flow = rig.harness.push(grey(NEW, 0));
        assert_eq!(flow, Err(gst::FlowError::Error));
        assert!(
            posted
                .lock()
                .expect("no panic")
                .contains(&MessageType::Error)
        );
        assert_eq!(rig.messages(MessageType::Error).len(), 1);
        rig.bus.unset_sync_handler();
    });
}

#[test]
fn a_handler_of_notify_may_call_back() {
    must_end(|| {
        let element = crate::streams::mean();
        let calls = Arc::new(AtomicUsize::new(0));
        for name in ["active-device", "active-model"] {
            let count = Arc::clone(&calls);
            element.connect_notify(Some(name), move |element, _| {
                for pspec in element.list_properties() {
                    element.property_value(pspec.name());
                }
                element.emit_by_name::<()>("reset", &[]);
                count.fetch_add(1, Ordering::SeqCst);
            });
        }
        let mut rig = Rig::new(element, &small());
        assert_eq!(shade(&rig.one(grey(NEW, 0))), NEW);
        rig.element.set_state(gst::State::Null).expect("null");
        // Told at the start and at the stop.
        assert_eq!(calls.load(Ordering::SeqCst), 4);
        assert_eq!(stat(&rig.element, "frames-out"), 1);
    });
}
