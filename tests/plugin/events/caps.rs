// SPDX-License-Identifier: MIT OR Apache-2.0
//! CAPS, STREAM_START and RECONFIGURE.

use crate::harness::{self, Rig, caps, stat, timed};
use crate::streams::{self, NEW, NEXT, asking_at, forgets, grey, keeps, remembering, shade, time};
use gst::prelude::*;

/// Changes caps behind three frames of the past, and pushes a picture of these caps.
#[track_caller]
fn change(new: &str) -> (Rig, gst::Buffer) {
    let mut rig = remembering();
    let new: gst::Caps = new.parse().expect("caps");
    rig.harness.set_src_caps(new.clone());
    assert_eq!(
        shown(&rig),
        new,
        "the new caps have gone out before any frame"
    );
    let bytes = vec![NEW; harness::info(&new).size()];
    (rig, timed(bytes, NEXT))
}

/// The caps below the element.
fn shown(rig: &Rig) -> gst::Caps {
    let pad = rig.harness.sinkpad().expect("the pad below the element");
    pad.current_caps().expect("caps have come")
}

#[test]
fn caps_of_another_size_forget_the_past() {
    let (mut rig, asking) = change("video/x-raw,format=RGB,width=32,height=24,framerate=25/1");
    forgets(&mut rig, asking, "caps");
}

#[test]
fn caps_of_another_height_alone_forget_the_past() {
    let (mut rig, asking) = change("video/x-raw,format=RGB,width=16,height=17,framerate=25/1");
    forgets(&mut rig, asking, "caps");
}

#[test]
fn caps_of_another_format_forget_the_past() {
    for format in ["BGR", "RGBA", "GRAY8"] {
        let caps = format!("video/x-raw,format={format},width=16,height=16,framerate=25/1");
        let (mut rig, asking) = change(&caps);
        forgets(&mut rig, asking, "caps");
    }
}

#[test]
fn caps_of_another_framerate_forget_the_past() {
    let (mut rig, asking) = change("video/x-raw,format=RGB,width=16,height=16,framerate=30/1");
    forgets(&mut rig, asking, "caps");
}

#[test]
fn caps_that_differ_in_anything_else_forget_the_past() {
    for field in ["pixel-aspect-ratio=2/1", "colorimetry=1:1:5:1", "other=1"] {
        let caps = "video/x-raw,format=RGB,width=16,height=16,framerate=25/1";
        let (mut rig, asking) = change(&format!("{caps},{field}"));
        forgets(&mut rig, asking, "caps");
    }
}

#[test]
fn caps_there_and_back_forget_the_past() {
    let mut rig = remembering();
    streams::send(&mut rig, gst::event::Caps::new(&caps("RGB", 32, 16)));
    streams::send(&mut rig, gst::event::Caps::new(&streams::small()));
    forgets(&mut rig, grey(NEW, NEXT), "caps");
}

#[test]
fn equal_caps_keep_the_past() {
    let mut rig = remembering();
    streams::send(&mut rig, gst::event::Caps::new(&streams::small()));
    let equal = "video/x-raw,framerate=25/1,height=16,width=16,format=RGB";
    let equal: gst::Caps = equal.parse().expect("caps");
    streams::send(&mut rig, gst::event::Caps::new(&equal));
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn a_reconfigure_from_below_keeps_the_past() {
    let mut rig = remembering();
    let event = gst::event::Reconfigure::new();
    assert!(rig.harness.push_upstream_event(event), "taken");
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn another_stream_id_forgets_the_past() {
    let mut rig = remembering();
    streams::send(&mut rig, gst::event::StreamStart::new("another"));
    forgets(&mut rig, grey(NEW, NEXT), "stream-start");
}

#[test]
fn a_playlist_step_forgets_the_past_once() {
    let mut rig = remembering();
    streams::send(&mut rig, gst::event::StreamStart::new("another"));
    rig.harness.set_src_caps(caps("BGR", 16, 16));
    streams::send_segment(&mut rig, &streams::segment(1.0, time(100)));
    forgets(&mut rig, asking_at(time(100)), "stream-start");
}

#[test]
fn the_same_stream_id_keeps_the_past() {
    let mut rig = remembering();
    let pad = rig.harness.srcpad().expect("the pad above the element");
    let event = pad.sticky_event::<gst::event::StreamStart>(0);
    let id = event.expect("a stream has begun").stream_id().to_owned();
    streams::send(&mut rig, gst::event::StreamStart::new(&id));
    keeps(&mut rig, grey(NEW, NEXT));
}

#[test]
fn the_first_caps_and_segment_forget_nothing() {
    let mut rig = Rig::new(streams::mean(), &streams::small());
    assert_eq!(shade(&rig.one(grey(NEW, 0))), NEW);
    assert_eq!(stat(&rig.element, "resets"), 0);
    assert_eq!(streams::reason(&rig.element), "start");
}
