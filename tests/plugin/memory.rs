// SPDX-License-Identifier: MIT OR Apache-2.0
//! Too little memory, tiles, and half precision that is not enough: `docs/ELEMENT.md`, errors and
//! warnings.

use crate::harness::{Rig, bytes, caps, frame, frames, stat, with_stub};
use crate::streams::adds_up;
use gst::prelude::*;
use gst::{MessageType, ResourceError, StreamError};
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::Stub;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// The network changes nothing, and runs out of memory on more pixels than the limit.
fn hungry(limit: &Arc<AtomicUsize>) -> Rig {
    let limit = Arc::clone(limit);
    let element = with_stub(move || Stub::identity().hungry_within(Arc::clone(&limit)));
    Rig::new(element, &caps("RGB", WIDTH, HEIGHT))
}

/// The texts of all warnings so far; they bear this code.
#[track_caller]
fn told(rig: &Rig, code: impl gst::glib::error::ErrorDomain) -> Vec<String> {
    let text = |message: &gst::Message| match message.view() {
        gst::MessageView::Warning(warning) if warning.error().matches(code) => {
            warning.error().message().to_owned()
        }
        other => panic!("another warning: {other:?}"),
    };
    rig.messages(MessageType::Warning)
        .iter()
        .map(text)
        .collect()
}

#[track_caller]
fn tile_size(element: &RirnDeblur) -> (u32, u32) {
    let stats = element.property::<gst::Structure>("stats");
    let field = |name: &str| stats.get::<u32>(name).expect("a field of this name");
    (field("tile-size"), field("tiles"))
}

/// Every frame that goes in comes out unchanged.
#[track_caller]
fn passes(rig: &mut Rig, count: u64) {
    let buffers = frames(&caps("RGB", WIDTH, HEIGHT), count, 90);
    let outputs = rig.run(buffers.clone());
    assert_eq!(outputs.len(), buffers.len());
    for (output, input) in outputs.iter().zip(&buffers) {
        assert!(bytes(output) == bytes(input) && output.pts() == input.pts());
    }
    adds_up(&rig.element);
}

#[test]
fn a_frame_too_large_for_the_memory_is_made_in_tiles() {
    let mut rig = hungry(&Arc::new(AtomicUsize::new(320 * HEIGHT)));
    passes(&mut rig, 3);
    let sentence = "Not enough memory for 640x360; working in tiles of 320.";
    assert_eq!(told(&rig, ResourceError::NoSpaceLeft), [sentence]);
    let (size, tiles) = tile_size(&rig.element);
    assert!(size == 320 && tiles > 1, "{size} {tiles}");
    assert_eq!(stat(&rig.element, "oom-events"), 1);
    assert_eq!(stat(&rig.element, "processed"), 3);
}

#[test]
fn memory_that_runs_out_later_costs_the_past_and_no_frame() {
    let limit = Arc::new(AtomicUsize::new(usize::MAX));
    let mut rig = hungry(&limit);
    rig.element.set_property("post-messages", true);
    passes(&mut rig, 2);
    assert_eq!(tile_size(&rig.element), (0, 1));
    limit.store(200 * 200, Ordering::Relaxed);
    passes(&mut rig, 2);
    assert_eq!(tile_size(&rig.element).0, 128);
    let structures = rig.messages(MessageType::Element);
    let names: Vec<_> = structures
        .iter()
        .filter_map(|message| message.structure())
        .map(|structure| structure.name().to_string())
        .collect();
    assert!(
        names.contains(&"rirndeblur-fallback".to_owned()),
        "{names:?}"
    );
    assert!(names.contains(&"rirndeblur-reset".to_owned()), "{names:?}");
    let stats = rig.element.property::<gst::Structure>("stats");
    assert!(stat(&rig.element, "resets") > 0);
    assert_eq!(stats.get::<&str>("last-reset-reason"), Ok("error"));
}

#[test]
fn where_no_tile_fits_frames_pass_unchanged() {
    let mut rig = hungry(&Arc::new(AtomicUsize::new(100)));
    let input = frame(&caps("RGB", WIDTH, HEIGHT), 0, 91);
    let output = rig.one(input.clone());
    assert_eq!(output.as_ptr(), input.as_ptr(), "the buffer itself");
    passes(&mut rig, 3);
    let sentences = [
        "Not enough memory for 640x360; working in tiles of 320.",
        "Not enough memory for 640x360; working in tiles of 128.",
        "Not enough memory even in tiles; frames pass unchanged.",
    ];
    assert_eq!(told(&rig, ResourceError::NoSpaceLeft), sentences);
    assert_eq!(stat(&rig.element, "bypassed"), 4);
    assert_eq!(stat(&rig.element, "processed"), 0);
    assert!(rig.messages(MessageType::Error).is_empty());
}

#[test]
fn another_size_is_tried_anew() {
    let mut rig = hungry(&Arc::new(AtomicUsize::new(64 * 64)));
    passes(&mut rig, 1);
    assert_eq!(stat(&rig.element, "bypassed"), 1);
    let small = caps("RGB", 64, 64);
    rig.harness.set_src_caps(small.clone());
    rig.one(frame(&small, 1, 92));
    assert_eq!(stat(&rig.element, "processed"), 1);
}

#[test]
fn tiles_of_a_wished_size_change_nothing_that_is_seen() {
    let element = with_stub(Stub::identity);
    element.set_property("tile-size", 96);
    element.set_property("tile-overlap", 16);
    let mut rig = Rig::new(element, &caps("RGB", WIDTH, HEIGHT));
    passes(&mut rig, 2);
    let (size, tiles) = tile_size(&rig.element);
    assert!(size == 96 && tiles > 20, "{size} {tiles}");
    assert!(rig.messages(MessageType::Warning).is_empty());
}

#[test]
fn a_memory_limit_is_kept_by_tiles() {
    let element = with_stub(Stub::identity);
    element.set_property("memory-limit", 13_u64 << 20);
    let mut rig = Rig::new(element, &caps("RGB", WIDTH, HEIGHT));
    passes(&mut rig, 1);
    let (size, tiles) = tile_size(&rig.element);
    assert!(size > 0 && tiles > 1, "{size} {tiles}");
    let free = with_stub(Stub::identity);
    let mut rig = Rig::new(free, &caps("RGB", WIDTH, HEIGHT));
    passes(&mut rig, 1);
    assert!(
        stat(&rig.element, "memory-bytes") > 13 << 20,
        "the limit was one"
    );
}

#[test]
fn half_precision_that_is_not_enough_goes_on_in_float32() {
    let element = with_stub(|| {
        let nan = Stub::new(|window, state| Ok((window.f_mul_scalar(f64::NAN)?, state)));
        nan.half(Stub::identity)
    });
    let mut rig = Rig::new(element, &caps("RGB", WIDTH, HEIGHT));
    let precision = |rig: &Rig| {
        let stats = rig.element.property::<gst::Structure>("stats");
        stats.get::<String>("precision").expect("a precision")
    };
    assert_eq!(precision(&rig), "float16");
    passes(&mut rig, 3);
    let sentence = "The network left the range of half precision; continuing in float32.";
    assert_eq!(told(&rig, StreamError::Failed), [sentence]);
    assert_eq!(precision(&rig), "float32");
    assert_eq!(stat(&rig.element, "nan-events"), 1);
    assert_eq!(stat(&rig.element, "processed"), 3);
}
