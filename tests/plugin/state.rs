// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in weights remember and forget exactly: after a reset the bytes are those of a fresh
//! element, and nothing else disturbs them.

use crate::clip::{Clip, Player};
use crate::harness::{self, Rig, bytes, info, noise, timed};
use crate::streams::{flush, restart};
use gst::ClockTime;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use std::sync::{Arc, Barrier};

/// Frames before a reset, and frames after it.
const FRAMES: u64 = 4;

/// An element with the built-in weights, in the arithmetic that repeats bit by bit.
fn lite() -> RirnDeblur {
    let element = harness::without_cuts();
    element.set_property("device", "cpu");
    element.set_property_from_str("precision", "float32");
    element.set_property("threads", 1);
    element
}

fn caps(format: &str) -> gst::Caps {
    harness::caps(format, 64, 48)
}

/// Frame `index` of seeded patches that move by six pixels from frame to frame and are blurred along
/// their way: noise has nothing to be sharpened, and the weights leave it alone.
fn moving(caps: &gst::Caps, index: u64, seed: u64) -> gst::Buffer {
    let (info, patches) = (info(caps), noise(64 * 64, seed));
    let (width, height) = (info.width() as usize, info.height() as usize);
    let (stride, step) = (info.stride()[0] as usize, info.comp_pstride(0) as usize);
    let begin = 6 * usize::try_from(index).expect("a small index");
    let mut picture = vec![128; info.size()];
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let levels = (0..7).map(|way| patches[y / 4 * 64 + (begin + x + way) / 3 % 64]);
        let sum: u32 = levels.map(u32::from).sum();
        // All colours of RGB; the luma of the others.
        picture[y * stride + x * step..][..step].fill((sum / 7) as u8);
    }
    timed(picture, index)
}

/// Pushes frames and gives the bytes that come out.
#[track_caller]
fn play(rig: &mut Rig, caps: &gst::Caps, from: u64, seed: u64) -> Vec<Vec<u8>> {
    let inputs = (from..from + FRAMES).map(|index| moving(caps, index, seed));
    let outputs = rig.run(inputs.collect());
    assert_eq!(outputs.len() as u64, FRAMES);
    outputs.iter().map(bytes).collect()
}

/// What a fresh element makes of the frames from the fourth on.
fn fresh(caps: &gst::Caps) -> Vec<Vec<u8>> {
    play(&mut Rig::new(lite(), caps), caps, FRAMES, 1)
}

/// Plays four frames, lets `event` happen and plays on; gives what came out behind it.
fn behind(caps: &gst::Caps, event: impl FnOnce(&mut Rig)) -> Vec<Vec<u8>> {
    let mut rig = Rig::new(lite(), caps);
    play(&mut rig, caps, 0, 1);
    event(&mut rig);
    play(&mut rig, caps, FRAMES, 1)
}

/// Behind this event an element is like a fresh one, in both kinds of formats.
#[track_caller]
fn is_fresh_behind(event: fn(&mut Rig, &gst::Caps)) {
    harness::init();
    for format in ["I420", "RGB"] {
        let caps = caps(format);
        let fresh = fresh(&caps);
        assert!(behind(&caps, |rig| event(rig, &caps)) == fresh, "{format}");
        let undisturbed = behind(&caps, |_| {});
        assert!(undisturbed[0] != fresh[0], "{format}: the past is seen");
    }
}

#[test]
fn behind_a_flushing_seek_the_element_is_fresh() {
    is_fresh_behind(|rig, _| flush(rig, ClockTime::ZERO));
}

#[test]
fn behind_caps_of_another_size_and_back_the_element_is_fresh() {
    is_fresh_behind(|rig, caps| {
        let other = harness::caps("RGB", 48, 64);
        rig.harness.set_src_caps(other.clone());
        rig.one(moving(&other, FRAMES, 7));
        rig.harness.set_src_caps(caps.clone());
    });
}

#[test]
fn behind_caps_of_another_format_and_back_the_element_is_fresh() {
    is_fresh_behind(|rig, caps| {
        let other = self::caps("NV12");
        rig.harness.set_src_caps(other.clone());
        rig.one(moving(&other, FRAMES, 7));
        rig.harness.set_src_caps(caps.clone());
    });
}

#[test]
fn behind_ready_and_back_the_element_is_fresh() {
    is_fresh_behind(|rig, caps| restart(rig, gst::State::Ready, caps));
}

#[test]
fn behind_null_and_back_the_element_is_fresh() {
    is_fresh_behind(|rig, caps| restart(rig, gst::State::Null, caps));
}

#[test]
fn behind_the_signal_reset_the_element_is_fresh() {
    is_fresh_behind(|rig, _| rig.element.emit_by_name::<()>("reset", &[]));
}

#[test]
fn rows_that_keep_the_past_change_no_byte() {
    harness::init();
    for format in ["I420", "RGB"] {
        let caps = caps(format);
        let undisturbed = behind(&caps, |_| {});
        let disturbed = behind(&caps, |rig| {
            rig.harness.push_event(gst::event::Caps::new(&caps));
            rig.harness
                .push_upstream_event(gst::event::Reconfigure::new());
            rig.element.set_property("max-gap", 1_u64);
            rig.element.set_state(gst::State::Paused).expect("paused");
            rig.element.set_state(gst::State::Playing).expect("playing");
        });
        assert!(disturbed == undisturbed, "{format}");
    }
}

#[test]
fn two_elements_side_by_side_give_what_each_gives_alone() {
    harness::init();
    let run = |caps: gst::Caps, seed: u64, both: Option<Arc<Barrier>>| {
        let mut rig = Rig::new(lite(), &caps);
        let frames = (0..8).map(|index| {
            if let Some(both) = &both {
                both.wait();
            }
            bytes(&rig.one(moving(&caps, index, seed)))
        });
        frames.collect::<Vec<_>>()
    };
    let videos = [(caps("I420"), 1), (caps("RGB"), 2)];
    let alone = videos.clone().map(|(caps, seed)| run(caps, seed, None));
    let both = Arc::new(Barrier::new(2));
    let threads = videos.map(|(caps, seed)| {
        let both = Arc::clone(&both);
        std::thread::spawn(move || run(caps, seed, Some(both)))
    });
    let together = threads.map(|thread| thread.join().expect("no panic"));
    assert!(together == alone);
}

#[test]
fn a_clip_twice_through_one_element_gives_the_same_bytes() {
    let clip = Clip::new();
    let player = Player::new(&clip, &lite());
    let (inputs, first) = player.play_to_end();
    assert_eq!(first.len(), 40);
    assert!(first != inputs, "the network changes the picture");
    player.seek(ClockTime::ZERO);
    let (_, second) = player.play_to_end();
    assert!(second == first);
}
