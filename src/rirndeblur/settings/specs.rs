// SPDX-License-Identifier: MIT OR Apache-2.0
//! The properties as GObject knows them: names, ranges, defaults, descriptions.

use super::super::{LatePolicy, Precision, SplitView};
use super::{DEFAULT_CUT, DEFAULT_MAX_GAP, DEFAULT_MODEL, DEFAULT_OVERLAP, MEASURED};
use gst::glib::{ParamSpec, ParamSpecBoolean, ParamSpecBoxed, ParamSpecDouble, ParamSpecEnum};
use gst::glib::{ParamSpecInt, ParamSpecString, ParamSpecUInt64};
use gst::prelude::*;
use once_cell::sync::Lazy;

/// Descriptions of all properties.
pub(crate) fn properties() -> &'static [ParamSpec] {
    static PROPERTIES: Lazy<Vec<ParamSpec>> = Lazy::new(|| {
        let mut all = at_start();
        all.extend(of_memory());
        all.extend(while_playing());
        all.extend(of_time());
        all.extend(to_read());
        all
    });
    &PROPERTIES
}

/// Properties that act at the next READY to PAUSED.
fn at_start() -> Vec<ParamSpec> {
    vec![
        ParamSpecString::builder("model")
            .nick("Model")
            .blurb("Weights by name, built in or installed; used where model-file is not set")
            .default_value(Some(DEFAULT_MODEL))
            .mutable_ready()
            .build(),
        ParamSpecString::builder("model-file")
            .nick("Model file")
            .blurb("Weights file (safetensors, format of this project); null takes model")
            .mutable_ready()
            .build(),
        ParamSpecString::builder("device")
            .nick("Device")
            .blurb("Where the network runs: auto, cpu, cuda or cuda:N")
            .default_value(Some("auto"))
            .mutable_ready()
            .build(),
        ParamSpecEnum::builder_with_default("precision", Precision::Auto)
            .nick("Precision")
            .blurb("Arithmetic of the network; the frame itself stays float32")
            .mutable_ready()
            .build(),
        ParamSpecInt::builder("threads")
            .nick("Threads")
            .blurb("CPU threads of the network, shared by the process; 0 lets LibTorch choose")
            .minimum(0)
            .maximum(256)
            .default_value(0)
            .mutable_ready()
            .build(),
        ParamSpecInt::builder("look-ahead")
            .nick("Look-ahead")
            .blurb("Future frames waited for; -1: as many as the network sees, fewer: less delay")
            .minimum(-1)
            .maximum(2)
            .default_value(-1)
            .mutable_ready()
            .build(),
    ]
}

/// Of these, what concerns memory and repetition.
fn of_memory() -> Vec<ParamSpec> {
    vec![
        ParamSpecInt::builder("tile-size")
            .nick("Tile size")
            .blurb("Edge of a tile in pixels, at least 64; 0: whole frames until memory forbids")
            .minimum(0)
            .maximum(8192)
            .default_value(0)
            .mutable_ready()
            .build(),
        ParamSpecInt::builder("tile-overlap")
            .nick("Tile overlap")
            .blurb("Border in pixels that neighbouring tiles share and are blended in")
            .minimum(0)
            .maximum(256)
            .default_value(DEFAULT_OVERLAP)
            .mutable_ready()
            .build(),
        ParamSpecUInt64::builder("memory-limit")
            .nick("Memory limit")
            .blurb("Most bytes of network memory, by estimate; 0: no limit")
            .default_value(0)
            .mutable_ready()
            .build(),
        ParamSpecBoolean::builder("deterministic")
            .nick("Deterministic")
            .blurb("Same bits in each run: fixed algorithms, also on CUDA, for the whole process")
            .default_value(false)
            .mutable_ready()
            .build(),
    ]
}

/// Properties that act on the next frame.
fn while_playing() -> Vec<ParamSpec> {
    vec![
        ParamSpecBoolean::builder("enabled")
            .nick("Enabled")
            .blurb("False passes frames untouched and costs nothing; true again starts afresh")
            .default_value(true)
            .mutable_playing()
            .controllable()
            .build(),
        ParamSpecDouble::builder("strength")
            .nick("Strength")
            .blurb("Share of the correction that is applied")
            .minimum(0.0)
            .maximum(1.0)
            .default_value(1.0)
            .mutable_playing()
            .controllable()
            .build(),
        ParamSpecEnum::builder_with_default("split-view", SplitView::None)
            .nick("Split view")
            .blurb("Shows the input beside the result, or the correction alone")
            .mutable_playing()
            .build(),
        ParamSpecDouble::builder("split-position")
            .nick("Split position")
            .blurb("Where the two halves meet, as a share of width or height; left or top is input")
            .minimum(0.0)
            .maximum(1.0)
            .default_value(0.5)
            .mutable_playing()
            .controllable()
            .build(),
    ]
}

/// Of these, what concerns cuts and time.
fn of_time() -> Vec<ParamSpec> {
    vec![
        ParamSpecBoolean::builder("scene-cut-detection")
            .nick("Scene cut detection")
            .blurb("Forgets the past where the picture changes to another shot")
            .default_value(true)
            .mutable_playing()
            .build(),
        ParamSpecDouble::builder("scene-cut-threshold")
            .nick("Scene cut threshold")
            .blurb("How different a frame must be to count as another shot; smaller finds more")
            .minimum(0.0)
            .maximum(1.0)
            .default_value(DEFAULT_CUT)
            .mutable_playing()
            .build(),
        ParamSpecUInt64::builder("max-gap")
            .nick("Longest gap")
            .blurb("Longest hole in time, in nanoseconds, after which the memory is kept")
            .default_value(DEFAULT_MAX_GAP)
            .mutable_playing()
            .build(),
        ParamSpecEnum::builder_with_default("late-policy", LatePolicy::Drop)
            .nick("Late policy")
            .blurb("What happens to a frame that is already late; qos=false makes none late")
            .mutable_playing()
            .build(),
        ParamSpecBoolean::builder("post-messages")
            .nick("Post messages")
            .blurb("Posts element messages when the memory is forgotten and on fall-backs")
            .default_value(false)
            .mutable_playing()
            .build(),
        ParamSpecUInt64::builder("processing-latency")
            .nick("Processing latency")
            .blurb("Declared time for one frame in nanoseconds; the largest value measures it")
            .default_value(MEASURED)
            .mutable_playing()
            .build(),
    ]
}

/// Properties that can only be read.
fn to_read() -> Vec<ParamSpec> {
    vec![
        ParamSpecString::builder("active-model")
            .nick("Active model")
            .blurb("Weights and network in use, null before PAUSED")
            .read_only()
            .build(),
        ParamSpecString::builder("active-device")
            .nick("Active device")
            .blurb("Device in use, null before PAUSED")
            .read_only()
            .build(),
        ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Counters and times since the last start")
            .read_only()
            .build(),
    ]
}
