// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that the system itself refuses: for a frame that comes in, for the answer, while states are
//! watched. The only test of its program, for the limit is that of the whole process.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)]

use rirn::engine::{Interrupt, Output, PAUSE, StepNote};
use rirn::networks::{Network, State};
use rirn::testing::Stub;
use rirn::{Deblurrer, Engine, EngineConfig, Frame};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

/// Rows and columns: 69 MB a frame, more than the C library sets apart for a thread.
const SIDE: usize = 2400;

/// A limit of the process's address space, lifted when it is dropped.
struct Limit(libc::rlimit);

impl Limit {
    /// Not much more than there is now.
    fn new() -> Self {
        let text = fs::read_to_string("/proc/self/statm").expect("a status");
        let pages = text.split(' ').next().expect("a number");
        let pages: u64 = pages.parse().expect("a number");
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: reads and writes the numbers of this function.
        unsafe {
            let page = u64::try_from(libc::sysconf(libc::_SC_PAGESIZE)).expect("a size");
            assert_eq!(libc::getrlimit(libc::RLIMIT_AS, &raw mut before), 0);
            let now = libc::rlimit {
                rlim_cur: pages * page + (2 << 20),
                ..before
            };
            assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &raw const now), 0);
        }
        Self(before)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // SAFETY: reads the numbers of this limit.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const self.0) };
    }
}

/// A deblurrer on one thread, which is running, and how its time goes on.
fn deblurrer(make: fn() -> Stub) -> (Deblurrer, impl Fn(Duration)) {
    let config = EngineConfig {
        threads: 1,
        ..EngineConfig::default()
    };
    let engine = Engine::with_network(&config, move || Ok(Box::new(make()) as Box<dyn Network>));
    let engine = Arc::new(engine.expect("a stub opens"));
    let mut small = Deblurrer::new(Arc::clone(&engine));
    let frame = Arc::new(Frame::new(8, 8));
    small.push(frame, &Interrupt::new()).expect("a step");
    let now = Arc::new(Mutex::new(Instant::now()));
    let clock = Arc::clone(&now);
    let deblurrer = Deblurrer::new(engine).with_clock(move || *clock.lock().expect("not poisoned"));
    let wait = move |by| *now.lock().expect("not poisoned") += by;
    (deblurrer, wait)
}

fn grey(value: f32) -> Arc<Frame> {
    let data = vec![value; SIDE * SIDE * 3];
    Arc::new(Frame::from_data(SIDE, SIDE, data).expect("the size fits"))
}

fn push(deblurrer: &mut Deblurrer, frame: Arc<Frame>) -> Option<Output> {
    let output = deblurrer.push(frame, &Interrupt::new());
    output.expect("memory that runs out is no error")
}

/// The notes of a frame and the first value of its picture, if there is one.
fn told(output: Option<Output>) -> (Vec<StepNote>, Option<f32>) {
    let output = output.expect("an output");
    (output.notes, output.sharp.map(|sharp| sharp.data()[0]))
}

#[test]
fn memory_that_the_system_refuses_ends_no_video() {
    a_frame_that_finds_no_room_is_passed();
    frames_around_it_keep_their_order();
    an_answer_that_finds_no_room_is_given_up();
    states_are_watched_without_a_copy();
}

fn a_frame_that_finds_no_room_is_passed() {
    let (mut deblurrer, wait) = deblurrer(Stub::mean_of_all);
    let frames = [0.25, 0.5, 0.75].map(grey);
    let limit = Limit::new();
    let output = push(&mut deblurrer, Arc::clone(&frames[0])).expect("an output");
    let report = output.report.as_deref().unwrap_or_default();
    assert!(report.contains("allocate memory"), "{report}");
    assert_eq!(told(Some(output)), (vec![StepNote::Exhausted], None));
    let passed = (vec![StepNote::Passed], None);
    // No room for it either, but there is no step to be made.
    assert_eq!(told(push(&mut deblurrer, Arc::clone(&frames[1]))), passed);
    drop(limit);
    assert_eq!(told(push(&mut deblurrer, Arc::clone(&frames[1]))), passed);
    wait(PAUSE);
    let output = push(&mut deblurrer, Arc::clone(&frames[1]));
    assert_eq!(told(output), (vec![], Some(0.5)));
    let output = push(&mut deblurrer, Arc::clone(&frames[2]));
    assert_eq!(told(output), (vec![], Some(0.625)));
}

fn frames_around_it_keep_their_order() {
    let (mut deblurrer, wait) = deblurrer(|| Stub::delay(1, 1));
    let mut found = Vec::new();
    for (t, value) in [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].into_iter().enumerate() {
        let frame = grey(value);
        let limit = (t == 2).then(Limit::new);
        if t == 3 {
            wait(PAUSE);
        }
        let output = push(&mut deblurrer, frame);
        drop(limit);
        found.extend(output.map(|output| told(Some(output))));
    }
    found.push(told(deblurrer.drain(&Interrupt::new()).expect("a step")));
    let passed = || (vec![StepNote::Passed], None);
    let expected = [
        (vec![], Some(0.0)),
        // Sees what did not find room, as do the next two.
        (vec![StepNote::Exhausted], None),
        passed(),
        passed(),
        (vec![], Some(4.0)),
        (vec![], Some(5.0)),
    ];
    assert_eq!(found, expected);
}

fn an_answer_that_finds_no_room_is_given_up() {
    let (mut deblurrer, wait) = deblurrer(Stub::identity);
    let frame = grey(0.5);
    let first = push(&mut deblurrer, Arc::clone(&frame)).expect("an output");
    // The frame that comes in takes the place of the one before.
    let limit = Limit::new();
    let (notes, value) = told(push(&mut deblurrer, Arc::clone(&frame)));
    assert_eq!((notes.last(), value), (Some(&StepNote::Exhausted), None));
    drop(limit);
    wait(PAUSE);
    let limit = Limit::new();
    deblurrer.recycle(first.sharp.expect("a frame"));
    let output = push(&mut deblurrer, frame);
    assert_eq!(told(output), (vec![], Some(0.5)));
    drop(limit);
}

fn states_are_watched_without_a_copy() {
    let map = |value: f64| {
        let rows = Tensor::full(
            [1, SIDE as i64, SIDE as i64, 3],
            value,
            (Kind::Float, Device::Cpu),
        );
        rows.permute([0, 3, 1, 2])
    };
    let state = State::new(vec![("h", map(-3.0)), ("f", map(2.0))]);
    // Whatever is made once is there then.
    let largest = state.largest_magnitude().expect("a number");
    let limit = Limit::new();
    let found = state.largest_magnitude();
    drop(limit);
    assert_eq!((largest, found.ok()), (3.0, Some(3.0)));
}
