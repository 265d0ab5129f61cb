// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames that become late while they wait for the worker, which runs a step of another element.

use crate::gate::{Gate, Pusher};
use crate::harness::{PATIENCE, Rig, stat};
use crate::qos::complain;
use crate::streams::{NEW, NEXT, adds_up, asking_at, grey, remembering, shade, small, time};
use gst::prelude::*;
use gst::{BufferFlags, MessageType};
use std::sync::Arc;
use std::time::Instant;

/// A rig whose frame waits: the worker is busy with another element's step.
struct Queue {
    gate: Arc<Gate>,
    rig: Rig,
    pusher: Pusher,
    other: Pusher,
    _other: Rig,
}

impl Queue {
    /// The frame `NEXT` of 255 waits, in front of which the element was told to forget.
    #[track_caller]
    fn new(policy: &str) -> Self {
        let gate = Arc::new(Gate::default());
        let other = Rig::new(gate.element(), &small());
        let rig = remembering();
        rig.element.set_property_from_str("late-policy", policy);
        gate.close();
        let (pushes, pusher) = (Pusher::new(&other), Pusher::new(&rig));
        pushes.push(grey(100, 0));
        gate.wait_inside();
        rig.element.emit_by_name::<()>("reset", &[]);
        pusher.push(grey(255, NEXT));
        // It forgets between the first judgement and the wait for the worker.
        let begin = Instant::now();
        while stat(&rig.element, "resets") == 0 {
            assert!(
                begin.elapsed() < std::time::Duration::from(PATIENCE),
                "the frame comes in"
            );
            std::thread::yield_now();
        }
        assert!(gate.is_inside(), "the worker is busy");
        Self {
            gate,
            rig,
            pusher,
            other: pushes,
            _other: other,
        }
    }

    /// The worker becomes free, and both pushes return.
    #[track_caller]
    fn go_on(&mut self) -> Vec<gst::Buffer> {
        self.gate.open();
        assert_eq!(self.other.result(), Ok(gst::FlowSuccess::Ok));
        assert_eq!(self.pusher.result(), Ok(gst::FlowSuccess::Ok));
        adds_up(&self.rig.element);
        self.rig.outputs()
    }

    fn told(&self) -> (usize, u64) {
        let messages = self.rig.messages(MessageType::Qos).len();
        (messages, stat(&self.rig.element, "late-frames"))
    }
}

#[test]
fn a_frame_that_becomes_late_while_it_waits_is_dropped_and_leaves_no_trace() {
    let mut queue = Queue::new("drop");
    complain(&mut queue.rig, time(NEXT));
    assert!(queue.go_on().is_empty());
    assert_eq!(queue.told(), (1, 1));
    assert_eq!(stat(&queue.rig.element, "dropped"), 1);
    assert_eq!(stat(&queue.rig.element, "processed"), NEXT);
    let output = queue.rig.one(asking_at(time(NEXT + 1)));
    assert_eq!(shade(&output), NEW, "nothing of it is remembered");
    assert!(output.flags().contains(BufferFlags::DISCONT));
    let next = queue.rig.one(asking_at(time(NEXT + 2)));
    assert!(!next.flags().contains(BufferFlags::DISCONT), "once");
    assert_eq!(stat(&queue.rig.element, "resets"), 1);
}

#[test]
fn with_the_policy_bypass_it_goes_out_as_it_came() {
    let mut queue = Queue::new("bypass");
    complain(&mut queue.rig, time(NEXT));
    let outputs = queue.go_on();
    assert_eq!(outputs.iter().map(shade).collect::<Vec<_>>(), [255]);
    assert_eq!(queue.told(), (1, 1));
    assert_eq!(stat(&queue.rig.element, "dropped"), 0);
    assert_eq!(stat(&queue.rig.element, "bypassed"), 1);
    let output = queue.rig.one(asking_at(time(NEXT + 1)));
    assert_eq!(shade(&output), NEW, "nothing of it is remembered");
}

#[test]
fn a_frame_that_waits_and_is_in_time_is_made() {
    let mut queue = Queue::new("drop");
    complain(
        &mut queue.rig,
        time(NEXT) - gst::ClockTime::from_nseconds(1),
    );
    let outputs = queue.go_on();
    assert_eq!(outputs.iter().map(shade).collect::<Vec<_>>(), [255]);
    assert_eq!(queue.told(), (0, 0));
    assert_eq!(stat(&queue.rig.element, "processed"), NEXT + 1);
}
