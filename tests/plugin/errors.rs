// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the element says when it cannot start: `docs/ELEMENT.md`, errors and warnings. A file that
//! may not be opened is not among the cases: root opens every file (`failure/tests.rs` has it).

use crate::harness::{Bare, element, refused, wait_for, without_cuts};
use gst::prelude::*;
use gst::{LibraryError, ResourceError};
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::Stub;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An element on the CPU with a bus.
fn watched() -> (Bare, gst::Bus) {
    let bare = Bare(element());
    bare.set_property("device", "cpu");
    let bus = bare.with_bus();
    (bare, bus)
}

/// The one ERROR on the bus: itself and its debug text.
#[track_caller]
fn only_error(bus: &gst::Bus) -> (gst::glib::Error, String) {
    let message = wait_for(bus, gst::MessageType::Error);
    let second = bus.pop_filtered(&[gst::MessageType::Error]);
    assert!(second.is_none(), "a second error: {second:?}");
    let gst::MessageView::Error(error) = message.view() else {
        panic!("an error was waited for");
    };
    (error.error(), error.debug().unwrap_or_default().to_string())
}

/// Fails to start with the property set so, says why once, and starts when it is set right.
#[track_caller]
fn assert_refused(
    (property, value): (&str, &str),
    fails_at: gst::State,
    code: impl gst::glib::error::ErrorDomain + std::fmt::Debug,
    sentence: &str,
) {
    let (element, bus) = watched();
    let right = element.property_value(property);
    element.set_property(property, value);
    let ready = element.set_state(gst::State::Ready);
    assert_eq!(ready.is_err(), fails_at == gst::State::Ready, "{value}");
    if ready.is_ok() {
        assert!(element.set_state(gst::State::Paused).is_err(), "{value}");
    }
    let (error, debug) = only_error(&bus);
    assert!(error.matches(code), "{value}: {error:?}, not {code:?}");
    let text = error.message();
    assert!(text.starts_with(sentence), "{value}: {text}");
    assert!(text.ends_with('.'), "{value}: {text} is no sentence");
    assert!(!debug.is_empty(), "{value}");
    assert_eq!(active(&element), (None, None), "{value}");
    element.set_state(gst::State::Null).expect("it can go down");
    element.set_property_from_value(property, &right);
    assert_starts(&element, &bus);
}

/// The element goes up and down without an error.
#[track_caller]
fn assert_starts(element: &RirnDeblur, bus: &gst::Bus) {
    let started = element.set_state(gst::State::Playing);
    assert!(
        started.is_ok(),
        "{:?}",
        bus.pop_filtered(&[gst::MessageType::Error])
    );
    assert!(active(element).0.is_some());
    element.set_state(gst::State::Null).expect("it can go down");
    assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none());
}

fn active(element: &RirnDeblur) -> (Option<String>, Option<String>) {
    (
        element.property("active-model"),
        element.property("active-device"),
    )
}

#[test]
fn unknown_weights_are_refused_with_the_names_there_are() {
    assert_refused(
        ("model", "heavy"),
        gst::State::Ready,
        ResourceError::NotFound,
        "There are no weights named \"heavy\"; there are: lite",
    );
}

#[test]
fn a_missing_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("none.safetensors");
    let file = file.to_string_lossy();
    assert_refused(
        ("model-file", &file),
        gst::State::Ready,
        ResourceError::NotFound,
        &format!("Weights file \"{file}\" does not exist."),
    );
}

#[test]
fn a_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_string_lossy();
    assert_refused(
        ("model-file", &folder),
        gst::State::Ready,
        ResourceError::OpenRead,
        &format!("Weights file \"{folder}\" cannot be opened: "),
    );
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.safetensors");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|made| made.success()), "mkfifo runs");
    let pipe = pipe.to_string_lossy();
    assert_refused(
        ("model-file", &pipe),
        gst::State::Ready,
        ResourceError::OpenRead,
        &format!("Weights file \"{pipe}\" cannot be opened: it is not a regular file."),
    );
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    for name in [
        "truncated",
        "empty",
        "header-not-json",
        "metadata-foreign",
        "no-metadata",
    ] {
        let file = refused(&format!("{name}.safetensors"));
        assert_refused(
            ("model-file", &file),
            gst::State::Ready,
            ResourceError::Read,
            &format!("Weights file \"{file}\" is damaged or not a weights file"),
        );
    }
}

#[test]
fn weights_that_do_not_fit_their_network_are_refused_with_the_tensor() {
    for (name, tensor) in [
        ("tensor-missing", "hidden.irm.conv3.bias"),
        ("tensor-unknown", "extra.weight"),
        ("shape-transposed", "[2, 4, 3, 3]"),
    ] {
        let file = refused(&format!("{name}.safetensors"));
        let (element, bus) = watched();
        element.set_property("model-file", &file);
        assert!(element.set_state(gst::State::Paused).is_err());
        let (error, _) = only_error(&bus);
        assert!(error.message().contains(tensor), "{error}");
        element.set_state(gst::State::Null).expect("it can go down");
        assert_refused(
            ("model-file", &file),
            gst::State::Paused,
            LibraryError::Settings,
            &format!("Weights in \"{file}\" do not fit network \"ifi-"),
        );
    }
}

#[test]
fn a_newer_file_is_refused() {
    let file = refused("version-2.safetensors");
    assert_refused(
        ("model-file", &file),
        gst::State::Ready,
        LibraryError::Settings,
        &format!("Weights file \"{file}\" is of version 2, which this plugin does not know."),
    );
}

#[test]
fn an_unknown_network_is_refused() {
    let file = refused("cell-unknown.safetensors");
    assert_refused(
        ("model-file", &file),
        gst::State::Ready,
        LibraryError::Settings,
        &format!("Weights file \"{file}\" describes no network that this plugin knows: "),
    );
}

#[test]
fn a_device_that_is_not_understood_is_refused() {
    for device in ["gpu", "CPU", "cuda:", "cuda:-1", ""] {
        assert_refused(
            ("device", device),
            gst::State::Ready,
            ResourceError::Settings,
            &format!("Device \"{device}\" is not auto, cpu, cuda or cuda:N."),
        );
    }
}

#[test]
fn cuda_that_is_not_there_is_refused_and_never_replaced_by_the_cpu() {
    // No machine has a hundred devices, so this holds where there is a GPU as well.
    assert_refused(
        ("device", "cuda:99"),
        gst::State::Paused,
        ResourceError::NotFound,
        "CUDA device 99 was asked for, but ",
    );
}

#[test]
fn memory_that_runs_out_while_weights_are_read_is_an_error_and_no_bypass() {
    let is_short = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_short);
    let element = Bare(without_cuts());
    element.set_network(move || match switch.load(Ordering::SeqCst) {
        true => Err(rirn::Error::OutOfMemory("you tried to allocate".into())),
        false => Ok(Box::new(Stub::identity())),
    });
    let bus = element.with_bus();
    element.set_state(gst::State::Ready).expect("nothing read");
    assert!(element.set_state(gst::State::Paused).is_err());
    let (error, debug) = only_error(&bus);
    assert!(error.matches(ResourceError::NoSpaceLeft), "{error:?}");
    let sentence = "There is not enough memory for the network.";
    assert_eq!(error.message(), sentence);
    assert!(debug.contains("you tried to allocate"), "{debug}");
    element.set_state(gst::State::Null).expect("it can go down");
    is_short.store(false, Ordering::SeqCst);
    assert_starts(&element, &bus);
}

#[test]
fn every_refused_file_gives_one_error_and_the_good_one_starts() {
    let folder = std::fs::read_dir(refused("")).expect("the folder");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let files = paths.filter(|path| path.extension().is_some_and(|end| end == "safetensors"));
    let mut count = 0;
    for path in files.filter(|path| !path.ends_with("good.safetensors")) {
        let (element, bus) = watched();
        element.set_property("model-file", path.to_str().expect("a plain path"));
        assert!(element.set_state(gst::State::Paused).is_err(), "{path:?}");
        only_error(&bus);
        element.set_state(gst::State::Null).expect("it can go down");
        element.set_property("model-file", refused("good.safetensors"));
        assert_starts(&element, &bus);
        count += 1;
    }
    assert!(count >= 30, "only {count} files");
}

#[test]
fn what_is_active_is_told_between_start_and_stop() {
    let (element, _bus) = watched();
    let (sender, told) = std::sync::mpsc::channel();
    element.connect_notify(Some("active-device"), move |element, _| {
        let device = element.property::<Option<String>>("active-device");
        sender.send(device).expect("the test listens");
    });
    element.set_property("model-file", refused("good.safetensors"));
    element.set_state(gst::State::Ready).expect("it goes up");
    assert_eq!(active(&element), (None, None));
    element.set_state(gst::State::Paused).expect("it starts");
    let (model, device) = active(&element);
    let model = model.expect("a model");
    assert!(
        model.contains("good.safetensors") && model.contains("ifi-"),
        "{model}"
    );
    assert_eq!(device.as_deref(), Some("cpu"));
    element.set_state(gst::State::Null).expect("it goes down");
    assert_eq!(active(&element), (None, None));
    let notified: Vec<_> = told.try_iter().collect();
    assert_eq!(notified, [Some("cpu".to_owned()), None]);
}
