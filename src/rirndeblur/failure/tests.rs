// SPDX-License-Identifier: MIT OR Apache-2.0
//! Domain, code and sentence of every error, also of those that no test can bring about: a file
//! that may not be read (root may), a broken driver.

use super::{at_start, of_engine, unreadable};
use gst::prelude::*;
use gst::{LibraryError, ResourceError};
use rirn::error::{SpecError, WeightsError};
use rirn::weights::Place;
use rirn::{Error, Spec};

/// What an application reads of an error that an element posts.
fn posted(error: gst::ErrorMessage) -> (gst::glib::Error, String) {
    gst::init().expect("GStreamer starts");
    let (element, bus) = (gst::Bin::new(), gst::Bus::new());
    element.set_bus(Some(&bus));
    element.post_error_message(error);
    let message = bus.pop().expect("a message");
    let gst::MessageView::Error(error) = message.view() else {
        panic!("not an error: {message:?}");
    };
    (error.error(), error.debug().unwrap_or_default().to_string())
}

#[track_caller]
fn assert_posted(
    error: gst::ErrorMessage,
    code: impl gst::glib::error::ErrorDomain + std::fmt::Debug,
    sentence: &str,
    cause: &str,
) {
    let (error, debug) = posted(error);
    assert!(error.matches(code), "{error:?}, not {code:?}");
    assert_eq!(error.message(), sentence);
    assert!(debug.contains(cause), "{debug:?} tells nothing of {cause}");
}

#[test]
fn weights_that_are_not_there_are_named() {
    let unknown = WeightsError::UnknownName {
        name: "big".into(),
        known: "lite, full".into(),
    };
    assert_posted(
        at_start(&unknown.into(), &Place::BuiltIn("big".into())),
        ResourceError::NotFound,
        "There are no weights named \"big\"; there are: lite, full.",
        "big",
    );
    assert_posted(
        at_start(&WeightsError::NotFound.into(), &Place::File("a/b".into())),
        ResourceError::NotFound,
        "Weights file \"a/b\" does not exist.",
        "does not exist",
    );
    let cause = "Permission denied (os error 13)".to_owned();
    assert_posted(
        at_start(
            &WeightsError::Unreadable { cause }.into(),
            &Place::File("a/b".into()),
        ),
        ResourceError::OpenRead,
        "Weights file \"a/b\" cannot be opened: Permission denied (os error 13).",
        "Permission denied",
    );
}

#[test]
fn weights_that_are_no_use_are_told_apart() {
    let damaged = WeightsError::Damaged {
        reason: "header too long".into(),
    };
    let foreign = WeightsError::Foreign {
        found: "\"pt\"".into(),
    };
    for (error, why) in [
        (damaged, "header too long"),
        (
            foreign,
            "not a weights file of this project, its format is \"pt\" and not \"rirn\"",
        ),
    ] {
        assert_posted(
            at_start(&error.into(), &Place::File("f".into())),
            ResourceError::Read,
            &format!("Weights file \"f\" is damaged or not a weights file: {why}."),
            why,
        );
    }
    let version = WeightsError::Version { found: "9".into() };
    let misfit = WeightsError::Misfit {
        network: "ifi".into(),
        fault: "tensor a has shape [1], not [2]".into(),
    };
    let spec = WeightsError::Spec(SpecError::Missing { key: "cell" });
    for (error, sentence) in [
        (
            Error::from(version),
            "Weights file \"f\" is of version 9, which this plugin does not know.",
        ),
        (
            misfit.into(),
            "Weights in \"f\" do not fit network \"ifi\": tensor a has shape [1], not [2].",
        ),
        (
            spec.into(),
            "Weights file \"f\" describes no network that this plugin knows: metadata lack cell.",
        ),
        (
            Error::UnknownNetwork("cell9".into()),
            "Weights file \"f\" cannot be used: network \"cell9\" is not built into this version.",
        ),
    ] {
        let place = Place::File("f".into());
        assert_posted(
            at_start(&error, &place),
            LibraryError::Settings,
            sentence,
            "",
        );
    }
}

#[test]
fn devices_and_memory_that_are_not_there_are_resources() {
    let no_cuda = Error::NoCuda {
        index: 3,
        reason: "there are only 2 devices".into(),
    };
    let place = Place::BuiltIn("lite".into());
    for (error, code, sentence, cause) in [
        (
            Error::DeviceText("gpu".into()),
            ResourceError::Settings,
            "Device \"gpu\" is not auto, cpu, cuda or cuda:N.",
            "gpu",
        ),
        (
            no_cuda,
            ResourceError::NotFound,
            "CUDA device 3 was asked for, but there are only 2 devices.",
            "only 2",
        ),
        (
            Error::OutOfMemory("tried to allocate 1 GiB".into()),
            ResourceError::NoSpaceLeft,
            "There is not enough memory for the network.",
            "tried to allocate 1 GiB",
        ),
        (
            Error::DeviceLost("illegal memory access".into()),
            ResourceError::Failed,
            "The CUDA device stopped working.",
            "illegal memory access",
        ),
    ] {
        // At the start and on a frame alike.
        assert_posted(at_start(&error, &place), code, sentence, cause);
        assert_posted(of_engine(&error), code, sentence, cause);
    }
    assert_posted(
        unreadable("the planes lie outside the memory"),
        ResourceError::Read,
        "Video frame could not be read.",
        "the planes lie outside the memory",
    );
}

#[test]
fn whatever_else_breaks_in_the_network_is_a_failure_of_the_library() {
    for (error, sentence) in [
        (
            Error::WorkerPanicked,
            "Internal error in the deblurring worker.",
        ),
        (
            Error::Torch("no kernel image".into()),
            "The network failed: no kernel image.",
        ),
        (
            Error::NotFinite,
            "The network failed: the network gave a picture that is not finite.",
        ),
    ] {
        assert_posted(of_engine(&error), LibraryError::Failed, sentence, "");
    }
    // A text of the weights floor is none of the engine's.
    let text = "nothing".parse::<Spec>().expect_err("no network");
    assert_posted(
        of_engine(&text.into()),
        LibraryError::Failed,
        "The network failed: \"nothing\" names no network, expected something like ifi-irm-atb.",
        "",
    );
}
