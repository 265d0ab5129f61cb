// SPDX-License-Identifier: MIT OR Apache-2.0
//! A long run that is no part of CI: 20000 frames of the built-in weights, with sizes, formats,
//! flushes and properties that change. Prints resident memory every thousand frames.
//!
//! ```text
//! cargo test --release --test soak -- --ignored --nocapture
//! ```

use gst::prelude::*;
use rirn::testing::Numbers;
use std::fs;

/// Frames in all; `RIRNDEBLUR_SOAK` asks for another number.
const FRAMES: u64 = 20_000;

/// A size stays for so many frames.
const STAY: u64 = 100;

/// Memory has settled after so many frames.
const WARM: u64 = 3000;

/// Most growth of resident memory, in kilobytes for a thousand frames.
const GROWTH: f64 = 1024.0;

const SHAPES: [(&str, i32, i32); 8] = [
    ("I420", 64, 48),
    ("RGB", 96, 64),
    ("NV12", 33, 17),
    ("YUY2", 80, 60),
    ("I420_10LE", 48, 64),
    ("BGRA", 64, 64),
    ("GRAY8", 120, 40),
    ("Y444", 50, 50),
];

fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|n| n.parse().ok()).expect("a size")
}

/// Slope of a straight line through the points, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let above: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let below: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    above / below
}

#[test]
#[ignore = "takes minutes; see the head of the file"]
fn twenty_thousand_frames_do_not_make_the_process_grow() {
    gst::init().expect("GStreamer starts");
    gstrirndeblur::plugin_register_static().expect("the plugin registers");
    let frames = std::env::var("RIRNDEBLUR_SOAK").map_or(FRAMES, |n| n.parse().expect("a number"));
    let element = gst::ElementFactory::make("rirndeblur")
        .build()
        .expect("registered");
    element.set_property("device", "cpu");
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    let mut numbers = Numbers::new(20);
    let (mut points, mut size) = (Vec::new(), 0);
    for index in 0..frames {
        if index % STAY == 0 {
            let shape = SHAPES[usize::try_from(index / STAY).expect("few") % SHAPES.len()];
            size = change(&mut harness, shape);
        }
        if index % 70 == 69 {
            disturb(&mut harness, &element, &mut numbers);
        }
        let bytes: Vec<u8> = (0..size).map(|_| (numbers.bits() >> 56) as u8).collect();
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        buffer
            .make_mut()
            .set_pts(gst::ClockTime::from_mseconds(40) * index);
        harness.push(buffer).expect("the buffer is taken");
        assert!(harness.try_pull().is_some(), "one in, one out: {index}");
        while harness.try_pull_event().is_some() {}
        if index % 1000 == 999 {
            println!("{:6} frames: {:8.0} kB", index + 1, resident());
        }
        if index >= WARM && index % 100 == 99 {
            points.push((index as f64 / 1000.0, resident()));
        }
    }
    let growth = slope(&points);
    println!("{growth:.1} kB for a thousand frames");
    assert!(growth < GROWTH, "{growth} kB for a thousand frames");
}

/// New caps; gives the bytes of a frame.
fn change(harness: &mut gst_check::Harness, (format, width, height): (&str, i32, i32)) -> usize {
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", format)
        .field("width", width)
        .field("height", height)
        .field("framerate", gst::Fraction::new(25, 1))
        .build();
    let size = gst_video::VideoInfo::from_caps(&caps)
        .expect("video")
        .size();
    harness.set_src_caps(caps);
    size
}

/// A flush, a reset, or another value of a property.
fn disturb(harness: &mut gst_check::Harness, element: &gst::Element, numbers: &mut Numbers) {
    match numbers.bits() % 4 {
        0 => {
            harness.push_event(gst::event::FlushStart::new());
            harness.push_event(gst::event::FlushStop::new(true));
            let segment = gst::FormattedSegment::<gst::ClockTime>::new();
            harness.push_event(gst::event::Segment::new(&segment));
        }
        1 => element.emit_by_name::<()>("reset", &[]),
        2 => element.set_property("strength", f64::from(numbers.unit())),
        _ => {
            let on = numbers.bits().is_multiple_of(2);
            element.set_property("enabled", on);
        }
    }
}
