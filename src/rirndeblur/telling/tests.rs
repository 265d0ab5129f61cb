// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the engine's notes become on the bus. A test cannot bring a broken CUDA about.

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{LibraryError, MessageView};
use rirn::engine::Note;

/// Code and text of what an element posts for these notes.
fn posted(notes: &[Note]) -> Vec<glib::Error> {
    gst::init().expect("GStreamer starts");
    let element: super::super::RirnDeblur = glib::Object::new();
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    element.imp().tell(notes);
    let messages = std::iter::from_fn(|| bus.pop());
    messages
        .map(|message| match message.view() {
            MessageView::Warning(warning) => warning.error(),
            other => panic!("not a warning: {other:?}"),
        })
        .collect()
}

#[test]
fn a_cuda_that_is_broken_is_warned_about_once() {
    let note = Note::CudaBroken("LibTorch finds no CUDA device".into());
    let posted = posted(&[note.clone(), note]);
    assert_eq!(posted.len(), 1);
    assert!(posted[0].matches(LibraryError::Init), "{:?}", posted[0]);
    assert_eq!(
        posted[0].message(),
        "CUDA could not be used (LibTorch finds no CUDA device); running on the CPU."
    );
}

#[test]
fn a_machine_without_cuda_is_not_warned_about() {
    let note = Note::CudaAbsent("there is no NVIDIA driver on this machine".into());
    assert!(posted(&[note]).is_empty());
}

#[test]
fn arithmetic_that_the_cpu_does_not_have_is_warned_about() {
    for (note, sentence) in [
        (
            Note::HalfOnCpu,
            "Half precision is not available on the CPU; using float32.",
        ),
        (
            Note::SlowBfloat16,
            "This CPU has no AMX tiles: bfloat16 is slower than float32 on it.",
        ),
    ] {
        let posted = posted(&[note]);
        assert_eq!(posted.len(), 1);
        assert!(posted[0].matches(LibraryError::Settings), "{:?}", posted[0]);
        assert_eq!(posted[0].message(), sentence);
    }
}
