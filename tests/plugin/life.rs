// SPDX-License-Identifier: MIT OR Apache-2.0
//! Up, down, and gone: `docs/ELEMENT.md`, life.

use crate::harness::{Bare, PATIENCE, Rig, alone, caps, element, frame, identity, wait_for};
use crate::launch::{launch, stderr};
use gst::State;
use gst::glib::WeakRef;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use std::fs::DirEntry;
use std::path::Path;
use std::time::{Duration, Instant};

const STATES: [State; 4] = [State::Null, State::Ready, State::Paused, State::Playing];

#[test]
fn an_element_that_is_let_go_in_any_state_is_gone() {
    for state in STATES {
        let bare = Bare(identity());
        bare.set_state(state).expect("it goes up");
        assert_gone(bare.downgrade(), bare);
    }
    let caps = caps("I420", 33, 17);
    let mut rig = Rig::new(identity(), &caps);
    rig.one(frame(&caps, 0, 50));
    let weak = rig.element.downgrade();
    rig.bus.set_flushing(true);
    assert_gone(weak, rig);
}

/// Nothing else holds the element that `owner` owned.
#[track_caller]
fn assert_gone<T>(element: WeakRef<RirnDeblur>, owner: T) {
    drop(owner);
    assert!(element.upgrade().is_none(), "something holds the element");
}

#[test]
fn every_walk_of_four_steps_through_the_states_succeeds() {
    for number in 0..4_usize.pow(4) {
        let walk = (0..4).map(|step| STATES[number / 4_usize.pow(step) % 4]);
        let bare = Bare(identity());
        for state in walk {
            let changed = bare.set_state(state);
            assert_eq!(changed, Ok(gst::StateChangeSuccess::Success), "{number}");
            assert_eq!(bare.current_state(), state);
            let runs = bare.property::<Option<String>>("active-model").is_some();
            assert_eq!(runs, state >= State::Paused, "{number}: {state:?}");
        }
    }
}

/// GLib keeps so many threads of ended tasks for the next ones; how many are there just now is
/// chance. One thread lost in each cycle would be forty.
const IDLE: usize = 3;

/// Names of the threads of the process, and how many files it holds open.
fn held() -> (Vec<String>, usize) {
    let entries = |folder: &str| {
        let entries = Path::new(folder).read_dir();
        entries.expect("a folder of the process").flatten()
    };
    let name = |thread: DirEntry| std::fs::read_to_string(thread.path().join("comm")).ok();
    let threads = entries("/proc/self/task").filter_map(name);
    (threads.collect(), entries("/proc/self/fd").count())
}

/// A hundred times from NULL to PLAYING, three frames, and back.
#[track_caller]
fn assert_cycles_hold_nothing(element: &RirnDeblur) {
    let pipeline = pipeline(element);
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let mut after_ten = (Vec::new(), 0);
    for cycle in 1..=100 {
        pipeline.set_state(State::Playing).expect("it goes up");
        wait_for(&bus, gst::MessageType::Eos);
        pipeline.set_state(State::Null).expect("it goes down");
        // Messages hold the elements that sent them.
        while bus.pop().is_some() {}
        if cycle == 10 {
            after_ten = held();
        }
    }
    // A thread that has been left may still be ending.
    let begin = Instant::now();
    let is_level = |(threads, files): &(Vec<String>, usize)| {
        *files <= after_ten.1 && threads.len() <= after_ten.0.len() + IDLE
    };
    while !is_level(&held()) && begin.elapsed() < Duration::from(PATIENCE) {
        std::thread::yield_now();
    }
    let now = held();
    assert!(is_level(&now), "{after_ten:?} became {now:?}");
}

fn pipeline(element: &RirnDeblur) -> gst::Pipeline {
    let source = gst::ElementFactory::make("videotestsrc");
    let source = source.property("num-buffers", 3).build().expect("a source");
    let filter = gst::ElementFactory::make("capsfilter");
    let filter = filter.property("caps", caps("I420", 32, 32));
    let filter = filter.build().expect("a filter");
    let sink = gst::ElementFactory::make("fakesink");
    let sink = sink.build().expect("a sink");
    let chain = [&source, &filter, element.upcast_ref(), &sink];
    let pipeline = gst::Pipeline::new();
    pipeline.add_many(chain).expect("they are free");
    gst::Element::link_many(chain).expect("they fit");
    pipeline
}

#[test]
fn a_hundred_cycles_with_a_stub_hold_no_thread_and_no_file() {
    alone(|| assert_cycles_hold_nothing(&identity()));
}

#[test]
fn a_hundred_cycles_with_the_built_in_weights_hold_no_thread_and_no_file() {
    alone(|| assert_cycles_hold_nothing(&element()));
}

#[test]
fn an_element_taken_out_of_a_playing_pipeline_is_gone() {
    let element = identity();
    let pipeline = pipeline(&element);
    pipeline.set_state(State::Playing).expect("it goes up");
    wait_for(&pipeline.bus().expect("a bus"), gst::MessageType::Eos);
    pipeline.remove(&element).expect("it is in there");
    element.set_state(State::Null).expect("it goes down");
    pipeline.set_state(State::Null).expect("it goes down");
    let (changed, ..) = pipeline.state(PATIENCE);
    changed.expect("all is down");
    let weak = element.downgrade();
    drop(pipeline);
    assert_gone(weak, element);
}

#[test]
fn the_leaks_tracer_finds_nothing() {
    let mut command = launch(
        "videotestsrc num-buffers=10 ! video/x-raw,format=NV12,width=64,height=48 ! rirndeblur \
         split-view=vertical ! fakesink",
    );
    command.env("GST_TRACERS", "leaks");
    command
        .env("GST_DEBUG", "GST_TRACER:7")
        .env("GST_DEBUG_NO_COLOR", "1");
    let text = stderr(&mut command);
    assert!(text.contains("object-alive.class"), "no tracer: {text}");
    // The tracer also prints how it will write such a line.
    let alive = |line: &&str| line.contains("object-alive, ") && !line.contains("format string");
    let leaks: Vec<_> = text.lines().filter(alive).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
