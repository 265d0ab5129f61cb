// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an application sees of the element before any data: `docs/ELEMENT.md`, identity, pads and
//! properties.

use crate::harness::{alone, element, init};
use gst::prelude::*;
use rirn::pixel::PixelFormat;

/// When a property may be set.
#[derive(Debug, PartialEq, Eq)]
enum Mutable {
    /// In NULL and READY.
    Ready,
    /// In every state.
    Playing,
    /// In every state, and by a controller.
    Controlled,
    /// Never.
    No,
}

/// Name, type, range (empty where the type is the range), default and mutability.
const PROPERTIES: [(&str, &str, &str, &str, Mutable); 23] = [
    ("model", "gchararray", "", "lite", Mutable::Ready),
    ("model-file", "gchararray", "", "none", Mutable::Ready),
    ("device", "gchararray", "", "auto", Mutable::Ready),
    (
        "precision",
        "GstRirnDeblurPrecision",
        "auto float32 float16 bfloat16",
        "auto",
        Mutable::Ready,
    ),
    ("threads", "gint", "0 256", "0", Mutable::Ready),
    ("look-ahead", "gint", "-1 2", "-1", Mutable::Ready),
    ("tile-size", "gint", "0 8192", "0", Mutable::Ready),
    ("tile-overlap", "gint", "0 256", "32", Mutable::Ready),
    (
        "memory-limit",
        "guint64",
        "0 18446744073709551615",
        "0",
        Mutable::Ready,
    ),
    ("deterministic", "gboolean", "", "false", Mutable::Ready),
    ("enabled", "gboolean", "", "true", Mutable::Controlled),
    ("strength", "gdouble", "0 1", "1", Mutable::Controlled),
    (
        "split-view",
        "GstRirnDeblurSplitView",
        "none vertical horizontal difference",
        "none",
        Mutable::Playing,
    ),
    (
        "split-position",
        "gdouble",
        "0 1",
        "0.5",
        Mutable::Controlled,
    ),
    (
        "max-gap",
        "guint64",
        "0 18446744073709551615",
        "500000000",
        Mutable::Playing,
    ),
    (
        "scene-cut-detection",
        "gboolean",
        "",
        "true",
        Mutable::Playing,
    ),
    (
        "scene-cut-threshold",
        "gdouble",
        "0 1",
        "0.4",
        Mutable::Playing,
    ),
    (
        "late-policy",
        "GstRirnDeblurLatePolicy",
        "drop bypass",
        "drop",
        Mutable::Playing,
    ),
    ("post-messages", "gboolean", "", "false", Mutable::Playing),
    (
        "processing-latency",
        "guint64",
        "0 18446744073709551615",
        "18446744073709551615",
        Mutable::Playing,
    ),
    ("active-model", "gchararray", "", "none", Mutable::No),
    ("active-device", "gchararray", "", "none", Mutable::No),
    (
        "stats",
        "GstStructure",
        "",
        "application/x-rirndeblur-stats",
        Mutable::No,
    ),
];

fn mutability(pspec: &gst::glib::ParamSpec) -> Mutable {
    let flags = pspec.flags();
    let has = |flag| flags.contains(flag);
    let (ready, playing) = (
        has(gst::PARAM_FLAG_MUTABLE_READY),
        has(gst::PARAM_FLAG_MUTABLE_PLAYING),
    );
    match (has(gst::glib::ParamFlags::WRITABLE), ready, playing) {
        (false, false, false) => Mutable::No,
        (true, true, false) => Mutable::Ready,
        (true, false, true) if has(gst::PARAM_FLAG_CONTROLLABLE) => Mutable::Controlled,
        (true, false, true) => Mutable::Playing,
        flags => panic!("{}: {flags:?}", pspec.name()),
    }
}

fn range(pspec: &gst::glib::ParamSpec) -> String {
    use gst::glib;
    if let Some(number) = pspec.downcast_ref::<glib::ParamSpecInt>() {
        format!("{} {}", number.minimum(), number.maximum())
    } else if let Some(number) = pspec.downcast_ref::<glib::ParamSpecUInt64>() {
        format!("{} {}", number.minimum(), number.maximum())
    } else if let Some(number) = pspec.downcast_ref::<glib::ParamSpecDouble>() {
        format!("{} {}", number.minimum(), number.maximum())
    } else if let Some(choice) = pspec.downcast_ref::<glib::ParamSpecEnum>() {
        let words: Vec<_> = choice
            .enum_class()
            .values()
            .iter()
            .map(|v| v.nick())
            .collect();
        words.join(" ")
    } else {
        String::new()
    }
}

/// A value as the table writes it.
fn shown(value: &gst::glib::Value) -> String {
    if let Ok(text) = value.get::<Option<String>>() {
        return text.unwrap_or_else(|| "none".to_owned());
    }
    if let Ok(structure) = value.get::<gst::Structure>() {
        return structure.name().to_string();
    }
    if let Some((_, choice)) = gst::glib::EnumValue::from_value(value) {
        return choice.nick().to_owned();
    }
    let plain = value.transform::<String>().expect("a plain value");
    let text = plain.get::<String>().expect("text").to_ascii_lowercase();
    // GLib writes a double with six decimals.
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[test]
fn properties_are_those_of_the_contract() {
    let element = element();
    for (name, kind, wanted_range, default, _) in PROPERTIES {
        let pspec = element.find_property(name);
        let pspec = pspec.unwrap_or_else(|| panic!("{name} exists"));
        assert_eq!(pspec.value_type().name(), kind, "{name}");
        assert_eq!(range(&pspec), wanted_range, "{name}");
        assert_eq!(shown(&element.property_value(name)), default, "{name}");
        if pspec.flags().contains(gst::glib::ParamFlags::WRITABLE) {
            assert_eq!(shown(pspec.default_value()), default, "{name}");
        }
        assert!(
            pspec.blurb().is_some_and(|blurb| !blurb.is_empty()),
            "{name}"
        );
    }
    assert!(element.property::<bool>("qos"), "late frames are dropped");
}

#[test]
fn properties_can_be_set_and_controlled_when_the_contract_says() {
    let element = element();
    let found = PROPERTIES.map(|(name, ..)| {
        let pspec = element.find_property(name).expect("it exists");
        (name, mutability(&pspec))
    });
    let wanted = PROPERTIES.map(|(name, .., mutable)| (name, mutable));
    assert_eq!(found, wanted);
}

#[test]
fn there_are_no_other_properties() {
    let element = element();
    let listed = element.list_properties();
    let mut names: Vec<_> = listed.iter().map(|pspec| pspec.name()).collect();
    let mut wanted = vec!["name", "parent", "qos"];
    wanted.extend(PROPERTIES.map(|(name, ..)| name));
    names.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
}

#[test]
fn the_factory_is_an_effect_that_nothing_plugs_by_itself() {
    init();
    let factory = gst::ElementFactory::find("rirndeblur").expect("it is registered");
    assert_eq!(factory.metadata("klass"), Some("Filter/Effect/Video"));
    assert_eq!(factory.rank(), gst::Rank::NONE);
    assert_eq!(element().type_().name(), "GstRirnDeblur");
    assert!(element().is::<gst_base::BaseTransform>());
    for key in ["long-name", "description", "author"] {
        let text = factory.metadata(key).unwrap_or_default();
        assert!(!text.is_empty(), "{key}");
    }
}

#[test]
fn both_pads_are_always_there_and_take_every_format_and_size() {
    let element = element();
    let names: Vec<_> = element.pads().iter().map(|pad| pad.name()).collect();
    assert_eq!(names, ["sink", "src"]);
    for name in ["sink", "src"] {
        let template = element.pad_template(name).expect("a template of this name");
        assert_eq!(template.presence(), gst::PadPresence::Always);
        let caps = template.caps();
        for format in PixelFormat::ALL {
            for (size, wanted) in [(15, false), (16, true), (16384, true), (16385, false)] {
                for size in [(size, 64), (64, size)] {
                    let taken = caps.can_intersect(&raw(format.name(), size));
                    assert_eq!(taken, wanted, "{format} {size:?}");
                }
            }
        }
        assert!(!caps.can_intersect(&raw("v210", (64, 64))));
    }
}

fn raw(format: &str, (width, height): (i32, i32)) -> gst::Caps {
    let caps = gst::Caps::builder("video/x-raw").field("format", format);
    let caps = caps.field("width", width).field("height", height);
    caps.field("framerate", gst::Fraction::new(0, 1)).build()
}

#[test]
fn reset_is_an_action_signal_without_arguments() {
    let element = element();
    let signal = gst::glib::subclass::SignalId::lookup("reset", element.type_());
    let query = signal.expect("the signal exists").query();
    assert!(query.flags().contains(gst::glib::SignalFlags::ACTION));
    assert_eq!(query.n_params(), 0);
    element.emit_by_name::<()>("reset", &[]);
}

#[test]
fn registering_and_making_an_element_starts_no_thread_and_loads_no_cuda() {
    alone(|| {
        gst::init().expect("GStreamer starts");
        let before = threads();
        let elements = [element(), element()];
        elements[0].set_property("model-file", "/nowhere/at-all.safetensors");
        elements[1].set_property("device", "cuda");
        assert_eq!(threads(), before);
        let mapped = std::fs::read_to_string("/proc/self/maps").expect("the own mappings");
        assert!(!mapped.contains("libcuda.so") && !mapped.contains("libtorch_cuda.so"));
    });
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .expect("the own threads")
        .count()
}
