// SPDX-License-Identifier: MIT OR Apache-2.0
//! Live sources that are faster than the network: `docs/ELEMENT.md`, QoS. The queues before the
//! elements hold all that comes, so that nothing but dropped frames keeps the delay small.

use crate::harness::{stat, wait_for, with_stub};
use crate::streams::adds_up;
use gst::ClockTime;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::Stub;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Frames of a source, 30 a second.
const FRAMES: u64 = 120;

/// Time of a step: without dropped frames the last one would come out 5.6 s late.
const STEP: Duration = Duration::from_millis(80);

/// Most delay of a frame. What is needed is a step for each element and the time in which the sink
/// below answers; the rest is for a machine that has much else to do.
const MOST: ClockTime = ClockTime::from_mseconds(3000);

/// A live source, a queue without limits, an element that is too slow, a sink that waits.
struct Chain {
    element: RirnDeblur,
    queue: gst::Element,
    /// How long after it was taken each frame left the element.
    delays: Arc<Mutex<Vec<ClockTime>>>,
}

fn make(factory: &str) -> gst::Element {
    let element = gst::ElementFactory::make(factory).build();
    element.expect("an element of GStreamer's own")
}

impl Chain {
    fn new(pipeline: &gst::Pipeline) -> Self {
        let element = with_stub(|| {
            Stub::new(|window, state| {
                std::thread::sleep(STEP);
                Ok((window.shallow_clone(), state))
            })
        });
        let (source, queue, sink) = (make("videotestsrc"), make("queue"), make("fakesink"));
        source.set_property("is-live", true);
        source.set_property("num-buffers", i32::try_from(FRAMES).expect("few"));
        for limit in ["max-size-buffers", "max-size-bytes"] {
            queue.set_property(limit, 0_u32);
        }
        queue.set_property("max-size-time", 0_u64);
        sink.set_property("sync", true);
        sink.set_property("qos", true);
        let all = [&source, &queue, element.upcast_ref(), &sink];
        pipeline.add_many(all).expect("new elements");
        let caps = gst::Caps::builder("video/x-raw")
            .field("width", 64)
            .field("height", 48)
            .field("framerate", gst::Fraction::new(30, 1))
            .build();
        source.link_filtered(&queue, &caps).expect("linked");
        gst::Element::link_many([&queue, element.upcast_ref(), &sink]).expect("linked");
        let delays = delays(&element);
        Self {
            element,
            queue,
            delays,
        }
    }

    /// The delay has not grown, frames were dropped for it, and some were made.
    #[track_caller]
    fn has_kept_up(&self) {
        let delays = self.delays.lock().expect("no panic");
        let last = delays.iter().rev().take(5).max().expect("frames came out");
        assert!(*last < MOST, "{last} at the end of {delays:?}");
        assert_eq!(self.queue.property::<u32>("current-level-buffers"), 0);
        assert_eq!(stat(&self.element, "frames-in"), FRAMES);
        assert!(stat(&self.element, "dropped") > FRAMES / 4);
        assert!(stat(&self.element, "processed") >= 2);
        adds_up(&self.element);
    }
}

/// Notes how old each frame is when it leaves the element.
fn delays(element: &RirnDeblur) -> Arc<Mutex<Vec<ClockTime>>> {
    let delays: Arc<Mutex<Vec<_>>> = Arc::default();
    let notes = Arc::clone(&delays);
    let pad = element.static_pad("src").expect("a source pad");
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let pts = info.buffer().and_then(|buffer| buffer.pts());
        let now = pad
            .parent_element()
            .and_then(|element| element.current_running_time());
        if let (Some(pts), Some(now)) = (pts, now) {
            let mut notes = notes.lock().expect("no panic");
            notes.push(now.saturating_sub(pts));
        }
        gst::PadProbeReturn::Ok
    });
    delays
}

/// A pipeline that goes to NULL also where a test fails.
struct Pipeline(gst::Pipeline);

impl Drop for Pipeline {
    fn drop(&mut self) {
        let _stopped = self.0.set_state(gst::State::Null);
    }
}

/// Plays so many live sources to the end, through elements that share the worker.
#[track_caller]
fn keeps_up(count: usize) {
    crate::harness::init();
    let pipeline = Pipeline(gst::Pipeline::new());
    let chains: Vec<_> = (0..count).map(|_| Chain::new(&pipeline.0)).collect();
    pipeline.0.set_state(gst::State::Playing).expect("it plays");
    wait_for(&pipeline.0.bus().expect("a bus"), gst::MessageType::Eos);
    for chain in &chains {
        chain.has_kept_up();
    }
}

#[test]
fn a_live_source_faster_than_the_network_gains_no_delay() {
    keeps_up(1);
}

#[test]
fn three_of_them_that_wait_for_one_worker_gain_none_either() {
    keeps_up(3);
}
