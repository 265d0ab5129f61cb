// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hundreds of flushes and changes of caps: nothing hangs, nothing grows. Each test has a process
//! of its own, whose threads, handles and memory it counts.

use crate::gate::{Pusher, hooked};
use crate::harness::{Rig, alone, caps, frame};
use crate::streams::{adds_up, flush, grey, mean, segment, send, send_segment, small};
use gst::ClockTime;
use rirn::testing::Numbers;
use std::fs;
use std::time::{Duration, Instant};

/// What the process holds.
#[derive(Debug)]
struct Held {
    threads: usize,
    handles: usize,
    kilobytes: u64,
}

fn held() -> Held {
    let count = |folder: &str| fs::read_dir(folder).expect("proc").count();
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Held {
        threads: count("/proc/self/task"),
        handles: count("/proc/self/fd"),
        kilobytes: number.and_then(|n| n.parse().ok()).expect("a size"),
    }
}

#[track_caller]
fn stays_level(before: &Held, after: &Held) {
    assert!(after.threads <= before.threads, "{before:?} {after:?}");
    assert!(after.handles <= before.handles, "{before:?} {after:?}");
    let grown = after.kilobytes.saturating_sub(before.kilobytes);
    assert!(grown < 8 * 1024, "{before:?} {after:?}");
}

#[test]
fn three_hundred_flushes_leave_nothing_behind() {
    alone(|| {
        let element = mean();
        let caps = caps("I420", 192, 144);
        let mut rig = Rig::new(element, &caps);
        let mut early = None;
        for round in 0..300 {
            assert_eq!(
                rig.run(vec![frame(&caps, 0, 1), frame(&caps, 1, 1)]).len(),
                2
            );
            flush(&mut rig, ClockTime::ZERO);
            while rig.harness.try_pull_event().is_some() {}
            if round == 99 {
                early = Some(held());
            }
        }
        stays_level(&early.expect("a hundred rounds"), &held());
        adds_up(&rig.element);
    });
}

#[test]
fn flushes_at_two_hundred_moments_of_a_step_never_hang() {
    alone(|| {
        let element = hooked(|picture, state| {
            // As a step does that computes: it keeps the worker busy for a while.
            let end = Instant::now() + Duration::from_micros(300);
            while Instant::now() < end {}
            Ok((picture, state))
        });
        let mut rig = Rig::new(element, &small());
        let pusher = Pusher::new(&rig);
        let mut numbers = Numbers::new(8);
        let mut early = None;
        for round in 0..200 {
            pusher.push(grey(100, 0));
            let end = Instant::now() + Duration::from_micros(numbers.bits() % 800);
            while Instant::now() < end {}
            send(&mut rig, gst::event::FlushStart::new());
            let flow = pusher.result();
            let is_good = matches!(flow, Ok(_) | Err(gst::FlowError::Flushing));
            assert!(is_good, "{flow:?}");
            send(&mut rig, gst::event::FlushStop::new(true));
            send_segment(&mut rig, &segment(1.0, ClockTime::ZERO));
            rig.outputs();
            adds_up(&rig.element);
            while rig.harness.try_pull_event().is_some() {}
            if round == 99 {
                early = Some(held());
            }
        }
        stays_level(&early.expect("a hundred rounds"), &held());
        assert!(rig.messages(gst::MessageType::Error).is_empty());
    });
}

#[test]
fn two_hundred_changes_of_caps_leave_nothing_behind() {
    alone(|| {
        let element = mean();
        let all = [
            caps("I420", 192, 144),
            caps("RGB", 160, 120),
            caps("NV12", 193, 145),
            caps("GRAY8", 160, 120),
        ];
        let mut rig = Rig::new(element, &all[3]);
        let mut early = None;
        for (round, caps) in all.iter().cycle().take(200).enumerate() {
            rig.harness.set_src_caps(caps.clone());
            assert_eq!(rig.run(vec![frame(caps, 0, 1), frame(caps, 1, 1)]).len(), 2);
            while rig.harness.try_pull_event().is_some() {}
            if round == 39 {
                early = Some(held());
            }
        }
        stays_level(&early.expect("forty rounds"), &held());
        adds_up(&rig.element);
    });
}
