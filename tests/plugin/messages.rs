// SPDX-License-Identifier: MIT OR Apache-2.0
//! Progress, element messages, and the pointer: `docs/ELEMENT.md`, messages.

use crate::harness::{Bare, Rig, element, identity, refused};
use crate::streams::{NEW, NEXT, flush, grey, remembering, small, time};
use gst::prelude::*;
use gst::{MessageType, ProgressType};

/// Kinds and codes of all progress messages so far.
fn progress(bus: &gst::Bus) -> Vec<(ProgressType, String)> {
    let all = std::iter::from_fn(|| bus.pop_filtered(&[MessageType::Progress]));
    all.map(|message| match message.view() {
        gst::MessageView::Progress(progress) => {
            let (kind, code, text) = progress.get();
            assert!(!text.is_empty());
            (kind, code.to_owned())
        }
        other => panic!("another message: {other:?}"),
    })
    .collect()
}

#[test]
fn reading_weights_is_told_from_start_to_end() {
    let code = "load-model".to_owned();
    let element = Bare(element());
    element.set_property("device", "cpu");
    let bus = element.with_bus();
    element.set_state(gst::State::Ready).expect("ready");
    assert!(progress(&bus).is_empty(), "nothing is loaded yet");
    element.set_state(gst::State::Paused).expect("paused");
    let wanted = [
        (ProgressType::Start, code.clone()),
        (ProgressType::Complete, code.clone()),
    ];
    assert_eq!(progress(&bus), wanted);
}

#[test]
fn weights_that_do_not_fit_end_the_progress_with_an_error() {
    let code = "load-model".to_owned();
    let element = Bare(element());
    element.set_property("device", "cpu");
    element.set_property("model-file", refused("value-nan.safetensors"));
    let bus = element.with_bus();
    element
        .set_state(gst::State::Ready)
        .expect("its header is in order");
    assert!(element.set_state(gst::State::Paused).is_err(), "refused");
    let wanted = [
        (ProgressType::Start, code.clone()),
        (ProgressType::Error, code),
    ];
    assert_eq!(progress(&bus), wanted);
}

/// Name and reason of the next element message.
#[track_caller]
fn reset(rig: &Rig) -> (String, Option<gst::ClockTime>) {
    let messages = rig.messages(MessageType::Element);
    assert_eq!(messages.len(), 1);
    let structure = messages[0].structure().expect("a structure");
    assert_eq!(structure.name(), "rirndeblur-reset");
    let reason = structure.get("reason").expect("a reason");
    (reason, structure.get("timestamp").expect("a time, or none"))
}

#[test]
fn resets_are_posted_where_the_application_asks_for_it() {
    let mut rig = remembering();
    flush(&mut rig, gst::ClockTime::ZERO);
    rig.one(grey(NEW, 0));
    assert!(
        rig.messages(MessageType::Element).is_empty(),
        "not asked for"
    );
    rig.element.set_property("post-messages", true);
    flush(&mut rig, gst::ClockTime::ZERO);
    assert_eq!(reset(&rig), ("flush".to_owned(), None));
    rig.one(grey(NEW, 0));
    rig.one(grey(NEW, NEXT + 100));
    assert_eq!(reset(&rig), ("gap".to_owned(), Some(time(NEXT + 100))));
}

#[test]
fn a_pressed_pointer_drags_the_split() {
    let mut rig = Rig::new(identity(), &small());
    rig.one(grey(NEW, 0));
    rig.element.set_property_from_str("split-view", "vertical");
    let width = 16.0;
    let press = gst::Structure::builder("application/x-gst-navigation")
        .field("event", "mouse-button-press")
        .field("button", 1)
        .field("pointer_x", 0.75 * width)
        .field("pointer_y", 3.0)
        .build();
    let event = gst::event::Navigation::new(press);
    rig.harness.push_upstream_event(event);
    assert_eq!(rig.element.property::<f64>("split-position"), 0.75);
    let events = std::iter::from_fn(|| rig.harness.try_pull_upstream_event());
    let kinds: Vec<_> = events.map(|event| event.type_()).collect();
    assert!(kinds.contains(&gst::EventType::Navigation), "{kinds:?}");
}
