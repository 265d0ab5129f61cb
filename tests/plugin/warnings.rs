// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the element warns about and does nevertheless: `docs/ELEMENT.md`, fall-backs, and
//! properties set too late.

use crate::harness::{Bare, Rig, caps, element, frame, identity, refused};
use gst::LibraryError;
use gst::prelude::*;
use std::sync::mpsc::channel;

/// The texts of all warnings so far that bear this code.
fn warnings(bus: &gst::Bus, code: impl gst::glib::error::ErrorDomain) -> Vec<String> {
    let all = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Warning]));
    all.map(|message| match message.view() {
        gst::MessageView::Warning(warning) if warning.error().matches(code) => {
            warning.error().message().to_owned()
        }
        other => panic!("another warning: {other:?}"),
    })
    .collect()
}

#[test]
fn half_precision_on_the_cpu_warns_and_runs_in_float32() {
    let element = element();
    element.set_property("device", "cpu");
    element.set_property("model-file", refused("good.safetensors"));
    element.set_property_from_str("precision", "float16");
    let caps = caps("RGB", 32, 32);
    let mut rig = Rig::new(element, &caps);
    rig.one(frame(&caps, 0, 40));
    rig.one(frame(&caps, 1, 40));
    let told = warnings(&rig.bus, LibraryError::Settings);
    assert_eq!(
        told,
        ["Half precision is not available on the CPU; using float32."]
    );
    let stats = rig.element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<&str>("precision"), Ok("float32"));
}

#[test]
fn a_warning_is_repeated_after_null_and_not_after_ready() {
    let element = Bare(element());
    element.set_property("device", "cpu");
    element.set_property("model-file", refused("good.safetensors"));
    element.set_property_from_str("precision", "float16");
    let bus = element.with_bus();
    for (through, count) in [
        (gst::State::Null, 1),
        (gst::State::Ready, 0),
        (gst::State::Null, 1),
    ] {
        element.set_state(through).expect("down");
        element.set_state(gst::State::Paused).expect("up");
        assert_eq!(warnings(&bus, LibraryError::Settings).len(), count);
    }
}

#[test]
fn a_machine_without_cuda_is_told_of_in_the_log_alone() {
    let element = Bare(element());
    element.set_property("model-file", refused("good.safetensors"));
    let bus = element.with_bus();
    let category = gst::DebugCategory::get("rirndeblur").expect("the element's own");
    let usual = category.threshold();
    category.set_threshold(gst::DebugLevel::Info);
    let (sender, log) = channel();
    let name = element.name();
    let listener = gst::log::add_log_function(move |_, level, _, _, _, object, message| {
        let is_ours = object.is_some_and(|object| object.to_string().contains(name.as_str()));
        if is_ours && level == gst::DebugLevel::Info {
            let text = message.get().map(|text| text.to_string());
            let _unread = sender.send(text.unwrap_or_default());
        }
    });
    element.set_state(gst::State::Paused).expect("it starts");
    gst::log::remove_log_function(listener);
    category.set_threshold(usual);
    let on_cpu = element
        .property::<Option<String>>("active-device")
        .as_deref()
        == Some("cpu");
    let begin = "Running on the CPU: ";
    let told: Vec<_> = log
        .try_iter()
        .filter(|text| text.starts_with(begin))
        .collect();
    assert_eq!(told.len(), usize::from(on_cpu), "{told:?}");
    assert!(warnings(&bus, LibraryError::Init).is_empty());
}

#[test]
fn bfloat16_on_a_cpu_without_tiles_warns_and_runs() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has_tiles = cpu.contains("amx_tile") && cpu.contains("amx_bf16");
    let element = element();
    element.set_property("device", "cpu");
    element.set_property("model-file", refused("good.safetensors"));
    element.set_property_from_str("precision", "bfloat16");
    let caps = caps("RGB", 32, 32);
    let mut rig = Rig::new(element, &caps);
    rig.one(frame(&caps, 0, 41));
    let told = warnings(&rig.bus, LibraryError::Settings);
    let sentence = "This CPU has no AMX tiles: bfloat16 is slower than float32 on it.";
    assert_eq!(told, vec![sentence; usize::from(!has_tiles)]);
    let stats = rig.element.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<&str>("precision"), Ok("bfloat16"));
}

#[test]
fn a_start_property_set_while_playing_is_stored_and_warned_about_once() {
    let values: [(&str, gst::glib::Value); 4] = [
        ("model", "another".to_value()),
        ("model-file", "/nowhere.safetensors".to_value()),
        ("device", "cuda".to_value()),
        ("threads", 3.to_value()),
    ];
    for (name, value) in values {
        let caps = caps("RGB", 32, 32);
        let mut rig = Rig::new(identity(), &caps);
        rig.element.set_property_from_value(name, &value);
        rig.element.set_property_from_value(name, &value);
        rig.one(frame(&caps, 0, 42));
        let told = warnings(&rig.bus, LibraryError::Settings);
        assert_eq!(
            told,
            [format!("Property \"{name}\" acts at the next start.")]
        );
        let stored = rig.element.property_value(name);
        let same = stored.compare(&value) == Some(std::cmp::Ordering::Equal);
        assert!(same, "{name}: {stored:?}");
        assert!(rig.messages(gst::MessageType::Error).is_empty(), "{name}");
    }
}

#[test]
fn playing_properties_set_while_playing_warn_about_nothing() {
    let caps = caps("RGB", 32, 32);
    let mut rig = Rig::new(identity(), &caps);
    rig.element.set_property("strength", 0.5);
    rig.element.set_property("max-gap", 7_u64);
    rig.element.set_property("qos", false);
    rig.element.set_property_from_str("split-view", "vertical");
    rig.one(frame(&caps, 0, 43));
    assert!(rig.messages(gst::MessageType::Warning).is_empty());
}

#[test]
fn interlaced_and_hdr_video_is_processed_and_warned_about_once() {
    let cases = [
        (
            "interlace-mode",
            "interleaved",
            "Interlaced video: put deinterlace before this element.",
        ),
        (
            "interlace-mode",
            "mixed",
            "Interlaced video: put deinterlace before this element.",
        ),
        (
            "colorimetry",
            "bt2100-pq",
            "HDR transfer curve: result is not calibrated.",
        ),
        (
            "colorimetry",
            "bt2100-hlg",
            "HDR transfer curve: result is not calibrated.",
        ),
    ];
    for (field, value, sentence) in cases {
        let mut caps = caps("I420", 32, 32);
        caps.make_mut().set(field, value);
        let mut rig = Rig::new(identity(), &caps);
        rig.one(frame(&caps, 0, 44));
        caps.make_mut().set("width", 48);
        rig.harness.set_src_caps(caps.clone());
        rig.one(frame(&caps, 1, 44));
        assert_eq!(
            warnings(&rig.bus, gst::StreamError::Format),
            [sentence],
            "{value}"
        );
    }
}

#[test]
fn progressive_video_of_ordinary_range_is_not_warned_about() {
    let mut caps = caps("I420", 32, 32);
    caps.make_mut().set("interlace-mode", "progressive");
    caps.make_mut().set("colorimetry", "bt2020");
    let mut rig = Rig::new(identity(), &caps);
    rig.one(frame(&caps, 0, 45));
    assert!(rig.messages(gst::MessageType::Warning).is_empty());
}
