// SPDX-License-Identifier: MIT OR Apache-2.0
//! Branches for sound: passed through where the container takes it as it is, else AAC.

use std::str::FromStr;

use anyhow::{Context, Result};
use gst::prelude::*;

use crate::pipeline::{Parts, add_to_muxer, make, queue};

/// Compressed sound, cut into frames, that containers take.
const KINDS: [&str; 9] = [
    AAC,
    "audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)true",
    "audio/mpeg, mpegversion=(int)1, layer=(int){1, 2}, parsed=(boolean)true",
    "audio/x-ac3, framed=(boolean)true",
    "audio/x-eac3, framed=(boolean)true",
    "audio/x-flac, framed=(boolean)true",
    "audio/x-opus",
    "audio/x-vorbis",
    "audio/x-alac",
];
const AAC: &str = "audio/mpeg, mpegversion=(int){2, 4}, framed=(boolean)true";

/// AAC encoders, the best one first.
const ENCODERS: [&str; 4] = ["fdkaacenc", "avenc_aac", "voaacenc", "faac"];

/// A kind of compressed sound that a muxer takes.
pub(crate) struct Kept {
    pub(crate) caps: gst::Caps,
    is_aac: bool,
}

impl Kept {
    pub(crate) fn all(muxer: &gst::Element) -> Vec<Self> {
        let Some(template) = muxer.pad_template("audio_%u") else {
            return Vec::new();
        };
        let read = |kind: &&str| {
            Some(Self {
                caps: gst::Caps::from_str(kind).ok()?,
                is_aac: *kind == AAC,
            })
        };
        let kinds = KINDS.iter().filter_map(read);
        kinds
            .filter(|kept| template.caps().can_intersect(&kept.caps))
            .collect()
    }

    pub(crate) fn find(caps: &gst::Caps, muxer: &gst::Element) -> Option<Self> {
        Self::all(muxer)
            .into_iter()
            .find(|kept| caps.is_subset(&kept.caps))
    }
}

/// The sound as it is. The queue has no end: it holds what the video's branch has not reached.
pub(crate) fn passed_through(parts: &Parts, kept: Kept) -> Result<(gst::Pad, gst::Pad)> {
    let mut chain = vec![queue(0)?];
    if kept.is_aac {
        // Broadcasts carry AAC in another framing than files.
        chain.push(make("aacparse")?);
    }
    add_to_muxer(parts, &chain, "audio_%u")
}

/// Sound that was decoded, as AAC.
pub(crate) fn encoded(parts: &Parts) -> Result<(gst::Pad, gst::Pad)> {
    let encoder = ENCODERS
        .iter()
        .find_map(|name| gst::ElementFactory::make(name).build().ok());
    let encoder = encoder.context("GStreamer has no AAC encoder (gstreamer1.0-libav has one)")?;
    if encoder.has_property("bitrate") {
        encoder.set_property_from_str("bitrate", "192000");
    }
    let chain = [
        queue(0)?,
        make("audioconvert")?,
        make("audioresample")?,
        encoder,
        make("aacparse")?,
        queue(0)?,
    ];
    add_to_muxer(parts, &chain, "audio_%u")
}
