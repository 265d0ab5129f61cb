// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random lives of an element, with networks that fail, panic, give NaN and run out of memory:
//! whatever happened, frames add up, nothing hangs, and behind a flush the element is like a
//! fresh one.

use crate::gate::hooked;
use crate::harness::{INTERVAL, Rig, caps, frame};
use crate::layout::visible;
use crate::streams::{adds_up, flush, restart, segment, send, send_segment};
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Format and size of the caps that a life goes through.
const CAPS: [(&str, usize, usize); 5] = [
    ("RGB", 16, 16),
    ("I420", 33, 17),
    ("NV12", 48, 32),
    ("Y444_10LE", 17, 33),
    ("YUY2", 34, 20),
];

/// What the network does from now on.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    NotFinite,
    Error,
    OutOfMemory,
    Panic,
}

const FAULTS: [Fault; 5] = [
    Fault::None,
    Fault::NotFinite,
    Fault::Error,
    Fault::OutOfMemory,
    Fault::Panic,
];

/// Something that happens to an element.
#[derive(Debug, Clone)]
enum Act {
    Frames(u64),
    Jump(u64),
    Flush(u64),
    Segment(u64),
    Caps(usize),
    Gap(u64),
    Tag,
    Reset,
    Fault(usize),
    Enabled(bool),
    Strength(f64),
    Split(usize),
    LatePolicy(bool),
    Cuts(bool),
    Complain(u64),
    Restart(bool),
    Eos,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1_u64..4).prop_map(Act::Frames),
        1 => (1_u64..60).prop_map(Act::Jump),
        2 => (0_u64..100).prop_map(Act::Flush),
        1 => (0_u64..100).prop_map(Act::Segment),
        2 => (0..CAPS.len()).prop_map(Act::Caps),
        1 => (1_u64..30).prop_map(Act::Gap),
        1 => Just(Act::Tag),
        1 => Just(Act::Reset),
        2 => (0..FAULTS.len()).prop_map(Act::Fault),
        1 => any::<bool>().prop_map(Act::Enabled),
        1 => (0.0..=1.0).prop_map(Act::Strength),
        1 => (0_usize..4).prop_map(Act::Split),
        1 => any::<bool>().prop_map(Act::LatePolicy),
        1 => any::<bool>().prop_map(Act::Cuts),
        1 => (0_u64..200).prop_map(Act::Complain),
        1 => any::<bool>().prop_map(Act::Restart),
        1 => Just(Act::Eos),
    ]
}

/// An element whose network remembers everything and does what `fault` says.
fn faulty(fault: &Arc<AtomicUsize>) -> RirnDeblur {
    let fault = Arc::clone(fault);
    hooked(
        move |picture, state| match FAULTS[fault.load(Ordering::SeqCst)] {
            Fault::None => Ok((picture, state)),
            Fault::NotFinite => Ok((picture.f_mul_scalar(f64::NAN)?, state)),
            Fault::Error => Err(rirn::Error::Torch("the stub is out of order".to_owned())),
            Fault::OutOfMemory => Err(rirn::Error::OutOfMemory("the stub is hungry".to_owned())),
            Fault::Panic => std::panic::resume_unwind(Box::new("stub")),
        },
    )
}

struct Life {
    rig: Rig,
    fault: Arc<AtomicUsize>,
    caps: gst::Caps,
    index: u64,
}

impl Life {
    fn new() -> Self {
        let fault = Arc::new(AtomicUsize::new(0));
        let (format, width, height) = CAPS[0];
        let caps = caps(format, width, height);
        let rig = Rig::new(faulty(&fault), &caps);
        Self {
            rig,
            fault,
            caps,
            index: 0,
        }
    }

    /// Pushes one frame; a network that fails is an error, which a flush heals.
    fn push(&mut self) {
        let buffer = frame(&self.caps, self.index, 5);
        self.index += 1;
        let flow = self.rig.harness.push(buffer);
        let may_fail = self.fault.load(Ordering::SeqCst) != 0;
        assert!(flow.is_ok() || may_fail, "{flow:?}");
        if flow.is_err() {
            self.fault.store(0, Ordering::SeqCst);
            flush(&mut self.rig, gst::ClockTime::ZERO);
        }
        self.rig.outputs();
    }

    fn act(&mut self, act: &Act) {
        let element = self.rig.element.clone();
        match *act {
            Act::Frames(count) => (0..count).for_each(|_| self.push()),
            Act::Jump(frames) => self.index += frames,
            Act::Flush(to) => {
                flush(&mut self.rig, INTERVAL * to);
                self.index = to;
            }
            Act::Segment(from) => {
                send_segment(&mut self.rig, &segment(1.0, INTERVAL * from));
                self.index = from;
            }
            Act::Caps(which) => {
                let (format, width, height) = CAPS[which];
                self.caps = caps(format, width, height);
                // The warm-up would fail with the network.
                self.fault.store(0, Ordering::SeqCst);
                self.rig.harness.set_src_caps(self.caps.clone());
            }
            Act::Gap(frames) => {
                let gap = gst::event::Gap::builder(INTERVAL * self.index);
                send(&mut self.rig, gap.duration(INTERVAL * frames).build());
                self.index += frames;
            }
            Act::Tag => send(&mut self.rig, gst::event::Tag::new(gst::TagList::new())),
            Act::Reset => element.emit_by_name::<()>("reset", &[]),
            Act::Fault(which) => self.fault.store(which, Ordering::SeqCst),
            Act::Enabled(enabled) => element.set_property("enabled", enabled),
            Act::Strength(strength) => element.set_property("strength", strength),
            Act::Split(which) => {
                let nick = ["none", "vertical", "horizontal", "difference"][which];
                element.set_property_from_str("split-view", nick);
            }
            Act::LatePolicy(drop) => {
                let nick = if drop { "drop" } else { "bypass" };
                element.set_property_from_str("late-policy", nick);
            }
            Act::Cuts(wanted) => element.set_property("scene-cut-detection", wanted),
            Act::Complain(at) => {
                let event = gst::event::Qos::builder(gst::QOSType::Underflow, 1.5, 0);
                let event = event.timestamp(INTERVAL * at).build();
                self.rig.harness.push_upstream_event(event);
            }
            Act::Restart(whole) => {
                let state = if whole {
                    gst::State::Null
                } else {
                    gst::State::Ready
                };
                self.fault.store(0, Ordering::SeqCst);
                restart(&mut self.rig, state, &self.caps);
                self.index = 0;
            }
            Act::Eos => {
                send(&mut self.rig, gst::event::Eos::new());
                flush(&mut self.rig, gst::ClockTime::ZERO);
            }
        }
        self.rig.outputs();
        while self.rig.harness.try_pull_event().is_some() {}
        adds_up(&self.rig.element);
    }

    /// Behind a flush, with default properties, frames come out as from a fresh element.
    fn ends_fresh(mut self) {
        self.fault.store(0, Ordering::SeqCst);
        let element = &self.rig.element;
        element.set_property("enabled", true);
        element.set_property("strength", 1.0);
        element.set_property_from_str("split-view", "none");
        element.set_property("qos", false);
        // What was found out about memory outlives a flush, not another size.
        let caps = self.caps.clone();
        self.rig.harness.set_src_caps(self::caps("RGB", 20, 20));
        self.rig.harness.set_src_caps(caps);
        flush(&mut self.rig, gst::ClockTime::ZERO);
        self.rig.outputs();
        let stats = self.rig.element.property::<gst::Structure>("stats");
        assert_eq!(stats.get::<u32>("queued"), Ok(0), "nothing waits any more");
        let mut fresh = Rig::new(faulty(&Arc::default()), &self.caps);
        let cuts = self.rig.element.property::<bool>("scene-cut-detection");
        fresh.element.set_property("scene-cut-detection", cuts);
        for index in 0..3 {
            let input = frame(&self.caps, index, 6);
            let (ours, theirs) = (self.rig.one(input.clone()), fresh.one(input));
            let same = visible(&ours, &self.caps) == visible(&theirs, &self.caps);
            assert!(same, "frame {index}");
        }
        adds_up(&self.rig.element);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_frames_add_up_and_a_flush_makes_the_element_fresh(
        acts in proptest::collection::vec(act(), 1..50),
    ) {
        let mut life = Life::new();
        for act in &acts {
            life.act(act);
        }
        life.ends_fresh();
    }
}
