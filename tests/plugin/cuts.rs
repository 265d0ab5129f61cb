// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scene cuts and the difference view through the element: `docs/ELEMENT.md`, scene cuts.

use crate::harness::{Rig, brighter, bytes, caps, stat, timed, with_stub};
use crate::streams::{adds_up, mean, reason};
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::{Numbers, Stub};

const WIDTH: usize = 64;
const HEIGHT: usize = 36;

/// A frame of grey blocks; frames of one shot have the same ones.
fn frame(shot: u64, index: u64) -> gst::Buffer {
    let mut numbers = Numbers::new(shot);
    let blocks: Vec<u8> = (0..8 * 6)
        .map(|_| 50 + (numbers.bits() >> 57) as u8)
        .collect();
    let pixels = (0..HEIGHT * WIDTH).flat_map(|place| {
        let (x, y) = (place % WIDTH, place / WIDTH);
        [blocks[y / 6 * 8 + x / 8]; 3]
    });
    timed(pixels.collect(), index)
}

fn rig(element: RirnDeblur) -> Rig {
    element.set_property("scene-cut-detection", true);
    Rig::new(element, &caps("RGB", WIDTH, HEIGHT))
}

#[test]
fn the_first_frame_of_another_shot_remembers_nothing() {
    let mut rig = rig(mean());
    rig.run(vec![frame(1, 0), frame(1, 1)]);
    let output = rig.one(frame(2, 2));
    assert!(
        bytes(&output) == bytes(&frame(2, 2)),
        "nothing of the first shot"
    );
    let output = rig.one(frame(2, 3));
    assert!(bytes(&output) == bytes(&frame(2, 3)));
    assert_eq!(stat(&rig.element, "scene-cuts"), 1);
    assert_eq!(stat(&rig.element, "resets"), 1);
    assert_eq!(reason(&rig.element), "scene-cut");
    adds_up(&rig.element);
}

#[test]
fn without_detection_the_past_is_kept() {
    let mut rig = rig(mean());
    rig.element.set_property("scene-cut-detection", false);
    rig.run(vec![frame(1, 0), frame(1, 1)]);
    let output = rig.one(frame(2, 2));
    assert!(bytes(&output) != bytes(&frame(2, 2)), "the mean of all");
    assert_eq!(stat(&rig.element, "scene-cuts"), 0);
    // Switched on, it does not judge by frames that it has not seen.
    rig.element.set_property("scene-cut-detection", true);
    rig.run(vec![frame(3, 3)]);
    assert_eq!(stat(&rig.element, "scene-cuts"), 0);
}

#[test]
fn the_threshold_is_that_of_the_property() {
    let mut rig = rig(mean());
    rig.element.set_property("scene-cut-threshold", 1.0);
    rig.run(vec![frame(1, 0), frame(2, 1)]);
    assert_eq!(stat(&rig.element, "scene-cuts"), 0);
}

#[test]
fn frames_in_the_line_are_finished_with_their_own_shot() {
    // The newest frame of the window stands for the future: the mean of all three.
    let ahead = || {
        let profile = rirn::networks::Profile {
            look_behind: 0,
            look_ahead: 2,
            states: Vec::new(),
        };
        Stub::with_profile(profile, |window, state| {
            Ok((window.f_narrow(1, 6, 3)?, state))
        })
    };
    let mut rig = rig(with_stub(ahead));
    let outputs = rig.run(vec![frame(1, 0), frame(1, 1), frame(2, 2)]);
    assert_eq!(outputs.len(), 2, "the shot is finished");
    for output in &outputs {
        assert!(
            bytes(output) == bytes(&frame(1, 0)),
            "no future of another shot"
        );
    }
    assert_eq!(rig.run(vec![frame(2, 3), frame(2, 4)]).len(), 1);
    assert_eq!(reason(&rig.element), "scene-cut");
    adds_up(&rig.element);
}

#[test]
fn a_seek_into_another_shot_counts_as_a_flush_only() {
    let mut rig = rig(mean());
    rig.run(vec![frame(1, 0), frame(1, 1)]);
    crate::streams::flush(&mut rig, gst::ClockTime::ZERO);
    rig.run(vec![frame(2, 0)]);
    assert_eq!(stat(&rig.element, "scene-cuts"), 0);
    assert_eq!(reason(&rig.element), "flush");
}

#[test]
fn the_difference_view_shows_the_correction_on_mid_grey() {
    let mut rig = rig(brighter(0.1));
    rig.element
        .set_property_from_str("split-view", "difference");
    let output = bytes(&rig.one(frame(1, 0)));
    // 128 and four times a tenth of the range.
    assert!(
        output.iter().all(|code| (229..=231).contains(code)),
        "{:?}",
        &output[..9]
    );
    rig.element.set_property("strength", 0.0);
    let output = bytes(&rig.one(frame(1, 1)));
    assert!(output.iter().all(|code| *code == 128), "{:?}", &output[..9]);
}
