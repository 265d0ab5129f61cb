// SPDX-License-Identifier: MIT OR Apache-2.0
//! The branch of the picture: upright, through the element, H.264.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use gst::prelude::*;

use crate::pipeline::{Counts, Parts, add_to_muxer, make, queue};

/// Finest step of time in an MP4 file that any video here needs, in 1/s.
const STEPS: i32 = 90_000;

/// Makes the branch of a decoded stream and returns where it begins.
pub(crate) fn branch(parts: &Parts, caps: &gst::Caps) -> Result<gst::Pad> {
    let info = gst_video::VideoInfo::from_caps(caps).context("a video of no known form")?;
    let mut chain = vec![queue(4)?];
    if info.is_interlaced() {
        println!("interlaced video: every frame is rebuilt from its first field");
        let deinterlace = make("deinterlace")?;
        deinterlace.set_property_from_str("fields", "top");
        chain.push(deinterlace);
    }
    // Turned as its tag says, before the element where that needs no conversion. Without such a
    // tag the frames pass untouched.
    let flip = make("videoflip")?;
    flip.set_property_from_str("video-direction", "auto");
    let known = flip.pad_template("sink");
    let is_known = known.is_some_and(|template| template.caps().can_intersect(caps));
    if is_known {
        chain.push(flip.clone());
    }
    chain.extend([make("videoconvert")?, parts.element.clone(), queue(4)?]);
    chain.extend([make("videoconvert")?, encoder_format(&info)?]);
    if !is_known {
        chain.push(flip);
    }
    chain.extend([encoder(parts)?, make("h264parse")?, queue(0)?]);
    watch(parts)?;
    let (entry, exit) = add_to_muxer(parts, &chain, "video_%u")?;
    if let Some(place) = exit
        .peer()
        .filter(|place| place.has_property("trak-timescale"))
    {
        place.set_property("trak-timescale", time_scale(info.fps()));
    }
    Ok(entry)
}

/// 8 bit with halved colour is what every player shows; it needs an even size.
fn encoder_format(info: &gst_video::VideoInfo) -> Result<gst::Element> {
    let is_even = info.width().is_multiple_of(2) && info.height().is_multiple_of(2);
    let format = if is_even { "I420" } else { "Y444" };
    let filter = make("capsfilter")?;
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", format)
        .build();
    filter.set_property("caps", caps);
    Ok(filter)
}

fn encoder(parts: &Parts) -> Result<gst::Element> {
    let encoder = make("x264enc")?;
    encoder.set_property_from_str("pass", "qual");
    encoder.set_property("quantizer", parts.quality);
    // Without B frames the frames are stored as they are shown, and no player needs to shift them.
    encoder.set_property("bframes", 0u32);
    let known = encoder.find_property("speed-preset");
    known
        .and_then(|preset| gst::glib::Value::deserialize_with_pspec(&parts.preset, &preset).ok())
        .map(|value| encoder.set_property_from_value("speed-preset", &value))
        .with_context(|| format!("x264enc has no preset \"{}\"", parts.preset))?;
    Ok(encoder)
}

/// A scale in which frames of the rate, and also frames at other times, fall on whole numbers.
fn time_scale(rate: gst::Fraction) -> u32 {
    let (frames, seconds) = (rate.numer(), rate.denom());
    let scale = match (frames, seconds) {
        (1..=STEPS, 1 | 1001) => frames * ((STEPS + frames - 1) / frames),
        _ => STEPS,
    };
    scale.unsigned_abs()
}

/// Counts the frames and takes the picture, before and after the element.
fn watch(parts: &Parts) -> Result<()> {
    let entry = parts
        .element
        .static_pad("sink")
        .context("an element without a sink pad")?;
    let exit = parts
        .element
        .static_pad("src")
        .context("an element without a source pad")?;
    let (counts, taken) = (Arc::clone(&parts.counts), Arc::clone(&parts.taken));
    let pipeline = parts.pipeline.clone();
    entry.add_probe(gst::PadProbeType::BUFFER, move |pad, probe| {
        if let (Some(buffer), Some(pipeline)) = (probe.buffer(), pipeline.upgrade()) {
            taken.offer_before(pad, buffer, || pipeline.query_duration());
        }
        gst::PadProbeReturn::Ok
    });
    let taken = Arc::clone(&parts.taken);
    let first = AtomicU64::new(u64::MAX);
    exit.add_probe(gst::PadProbeType::BUFFER, move |pad, probe| {
        if let Some(buffer) = probe.buffer() {
            count(&counts, &first, buffer.pts());
            taken.offer_after(pad, buffer);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

fn count(counts: &Counts, first: &AtomicU64, time: Option<gst::ClockTime>) {
    counts.frames.fetch_add(1, Ordering::Relaxed);
    if let Some(time) = time.map(gst::ClockTime::nseconds) {
        let start = first.fetch_min(time, Ordering::Relaxed).min(time);
        counts.position.store(time - start, Ordering::Relaxed);
    }
}
