// SPDX-License-Identifier: MIT OR Apache-2.0
//! The latency that the element declares.

use crate::gate::hooked;
use crate::harness::{INTERVAL, Rig, stat, wait_for};
use crate::streams::{grey, mean, restart, small};
use gst::prelude::*;
use gst::{ClockTime, MessageType};
use gstrirndeblur::rirndeblur::RirnDeblur;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Declared processing times are multiples of this, and at least as long.
const GRAIN: ClockTime = ClockTime::from_mseconds(5);

/// What upstream is made to answer.
const MIN: ClockTime = ClockTime::from_mseconds(20);
const MAX: ClockTime = ClockTime::from_mseconds(100);

/// Answers LATENCY queries above the element.
fn forge(rig: &Rig, live: bool, max: Option<ClockTime>) {
    let pad = rig.harness.srcpad().expect("the pad above the element");
    let probe = pad.add_probe(gst::PadProbeType::QUERY_UPSTREAM, move |_, info| {
        let query = info.query_mut().expect("a query");
        let gst::QueryViewMut::Latency(latency) = query.view_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        latency.set(live, MIN, max);
        gst::PadProbeReturn::Handled
    });
    probe.expect("a probe");
}

/// An element with this upstream, behind two frames.
fn behind(element: RirnDeblur, live: bool, max: Option<ClockTime>) -> Rig {
    let mut rig = Rig::new(element, &small());
    forge(&rig, live, max);
    rig.run(vec![grey(1, 0), grey(1, 1)]);
    rig
}

/// The answer to a LATENCY query from below.
#[track_caller]
fn ask(rig: &Rig) -> (bool, ClockTime, Option<ClockTime>) {
    let pad = rig.harness.sinkpad().expect("the pad below the element");
    let mut query = gst::query::Latency::new();
    assert!(pad.peer_query(&mut query), "answered");
    query.result()
}

/// The element's own part of the answer.
#[track_caller]
fn own(rig: &Rig) -> ClockTime {
    ask(rig).1 - MIN
}

#[test]
fn no_declared_time_is_too_long_for_an_answer() {
    let longest = ClockTime::MAX;
    for max in [None, Some(MAX), Some(longest)] {
        let rig = behind(declaring(longest), true, max);
        let (_, least, most) = ask(&rig);
        assert_eq!((least, most), (longest, max.map(|_| longest)));
    }
}

/// An element that declares this processing time.
fn declaring(processing: ClockTime) -> RirnDeblur {
    let element = mean();
    element.set_property("processing-latency", processing.nseconds());
    element
}

#[test]
fn a_live_source_gets_the_processing_time_added_to_both_ends() {
    let rig = behind(mean(), true, Some(MAX));
    let (live, min, max) = ask(&rig);
    let own = min - MIN;
    assert!(live);
    assert_eq!(max, Some(MAX + own));
    assert!(own >= GRAIN, "{own}");
    assert_eq!(own.nseconds() % GRAIN.nseconds(), 0, "{own}");
}

#[test]
fn the_first_answer_is_measured_by_the_warm_up() {
    let element = hooked(|picture, state| {
        std::thread::sleep(Duration::from_millis(9));
        Ok((picture, state))
    });
    let rig = Rig::new(element, &small());
    forge(&rig, true, None);
    // 9 ms and a quarter, in steps of 5 ms; nothing has run but the warm-up.
    assert!(own(&rig) >= GRAIN * 3, "{}", own(&rig));
    assert_eq!(stat(&rig.element, "processed"), 0);
    assert_eq!(stat(&rig.element, "inference-max"), 0);
}

#[test]
fn a_maximum_of_none_stays_none() {
    let (live, min, max) = ask(&behind(mean(), true, None));
    assert!(live && min > MIN);
    assert_eq!(max, None);
}

#[test]
fn a_source_that_is_not_live_gets_nothing_added() {
    let rig = behind(mean(), false, Some(MAX));
    assert_eq!(ask(&rig), (false, MIN, Some(MAX)));
    let rig = behind(declaring(ClockTime::SECOND), false, None);
    assert_eq!(ask(&rig), (false, MIN, None));
}

#[test]
fn without_upstream_there_is_no_answer() {
    let element = mean();
    let pad = element.static_pad("src").expect("a source pad");
    assert!(!pad.query(&mut gst::query::Latency::new()));
}

#[test]
fn a_declared_processing_time_is_reported_as_it_is() {
    let declared = ClockTime::from_useconds(123_456);
    let rig = behind(declaring(declared), true, Some(MAX));
    assert_eq!(ask(&rig), (true, MIN + declared, Some(MAX + declared)));
}

#[test]
fn a_declared_processing_time_of_zero_declares_nothing() {
    let rig = behind(declaring(ClockTime::ZERO), true, Some(MAX));
    assert_eq!(ask(&rig), (true, MIN, Some(MAX)));
}

#[test]
fn a_processing_time_declared_while_playing_is_announced() {
    let mut rig = behind(declaring(GRAIN), true, None);
    assert_eq!(own(&rig), GRAIN);
    rig.messages(MessageType::Latency);
    let longer = ClockTime::from_mseconds(200);
    rig.element
        .set_property("processing-latency", longer.nseconds());
    rig.one(grey(1, 2));
    assert_eq!(rig.messages(MessageType::Latency).len(), 1);
    assert_eq!(own(&rig), longer);
    // It never falls while the pipeline plays.
    rig.element.set_property("processing-latency", 0_u64);
    rig.one(grey(1, 3));
    assert_eq!(rig.messages(MessageType::Latency).len(), 0);
    assert_eq!(own(&rig), longer);
}

#[test]
fn a_restart_forgets_the_latency_of_the_life_before() {
    let mut rig = behind(declaring(ClockTime::SECOND), true, None);
    assert_eq!(own(&rig), ClockTime::SECOND);
    rig.element.set_state(gst::State::Ready).expect("ready");
    rig.element.set_property("processing-latency", 0_u64);
    restart(&mut rig, gst::State::Ready, &small());
    rig.one(grey(1, 0));
    assert_eq!(own(&rig), ClockTime::ZERO);
}

#[test]
fn switching_off_keeps_the_declared_latency() {
    let mut rig = behind(declaring(GRAIN), true, None);
    rig.element.set_property("enabled", false);
    rig.one(grey(1, 2));
    assert_eq!(own(&rig), GRAIN);
}

#[test]
fn each_rise_is_announced_once_and_nothing_falls() {
    let slowness = Arc::new(AtomicU64::new(0));
    let millis = Arc::clone(&slowness);
    let element = hooked(move |picture, state| {
        std::thread::sleep(Duration::from_millis(millis.load(Ordering::SeqCst)));
        Ok((picture, state))
    });
    let mut rig = behind(element, true, None);
    let mut before = own(&rig);
    rig.messages(MessageType::Latency);
    let phases = [(30, true), (0, false)];
    let mut index = 2;
    for (millis, rises) in phases {
        slowness.store(millis, Ordering::SeqCst);
        let start = before;
        for _ in 0..20 {
            rig.one(grey(1, index));
            index += 1;
            let (now, told) = (own(&rig), rig.messages(MessageType::Latency).len());
            assert_eq!(told, usize::from(now > before), "{before} to {now}");
            assert!(now >= before, "{before} to {now}");
            assert_eq!(stat(&rig.element, "reported-latency"), now.nseconds());
            before = now;
        }
        assert_eq!(before > start, rises, "{start} to {before}");
    }
    // 30 ms and a quarter, in steps of 5 ms.
    assert!(before >= GRAIN * 8, "{before}");
}

#[test]
fn a_live_pipeline_hears_of_the_latency_before_it_plays() {
    let element = declaring(ClockTime::from_mseconds(70));
    let pipeline = gst::Pipeline::new();
    let source = gst::ElementFactory::make("videotestsrc");
    let source = source.property("is-live", true).property("num-buffers", 5);
    let source = source.build().expect("a source");
    let sink = gst::ElementFactory::make("fakesink").property("sync", true);
    let sink = sink.build().expect("a sink");
    pipeline
        .add_many([&source, element.upcast_ref(), &sink])
        .expect("new elements");
    let filter: gst::Caps = "video/x-raw,width=64,height=48,framerate=25/1"
        .parse()
        .expect("caps");
    source.link_filtered(&element, &filter).expect("linked");
    element.link(&sink).expect("linked");
    pipeline.set_state(gst::State::Playing).expect("it plays");
    wait_for(&pipeline.bus().expect("a bus"), MessageType::Eos);
    let mut query = gst::query::Latency::new();
    assert!(pipeline.query(&mut query), "answered");
    let (live, min, _) = query.result();
    assert!(live);
    // The source itself waits for one frame.
    assert!(min >= INTERVAL + ClockTime::from_mseconds(70), "{min}");
    pipeline.set_state(gst::State::Null).expect("it stops");
}
