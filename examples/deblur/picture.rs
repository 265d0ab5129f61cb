// SPDX-License-Identifier: MIT OR Apache-2.0
//! One frame before and after the element, side by side in a PNG file.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use gst::prelude::*;
use gst_video::prelude::*;

/// The frame in the middle of the video; the first one until that has come.
pub(crate) struct Taken {
    is_wanted: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    middle: Option<gst::ClockTime>,
    has_middle: bool,
    /// Went into the element; its other half has not come out yet.
    waiting: Option<gst::Sample>,
    pair: Option<(gst::Sample, gst::Sample)>,
}

impl Taken {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            state: Mutex::default(),
        }
    }

    /// Keeps a frame that goes into the element, if it is the one.
    pub(crate) fn offer_before(
        &self,
        pad: &gst::Pad,
        buffer: &gst::Buffer,
        duration: impl FnOnce() -> Option<gst::ClockTime>,
    ) {
        if !self.is_wanted {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = state.middle.is_none();
        let (Some(time), false) = (buffer.pts(), state.has_middle) else {
            return;
        };
        if is_first {
            state.middle = Some(time + duration().unwrap_or(gst::ClockTime::ZERO) / 2);
        }
        state.has_middle = state.middle.is_some_and(|middle| time >= middle);
        if is_first || state.has_middle {
            state.waiting = Some(sample(pad, buffer));
        }
    }

    /// Keeps a frame that comes out of the element, if it is the other half.
    pub(crate) fn offer_after(&self, pad: &gst::Pad, buffer: &gst::Buffer) {
        if !self.is_wanted {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other_half =
            |before: &mut gst::Sample| before.buffer().and_then(|b| b.pts()) == buffer.pts();
        if let Some(before) = state.waiting.take_if(is_other_half) {
            state.pair = Some((before, sample(pad, buffer)));
        }
    }

    /// Writes the picture, if one is wanted.
    pub(crate) fn save(&self, path: Option<&Path>) -> Result<()> {
        let Some(path) = path else {
            return Ok(());
        };
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, after) = state
            .pair
            .as_ref()
            .context("no frame was there for the picture")?;
        let png = side_by_side(before, after).context("the picture cannot be made")?;
        std::fs::write(path, png).with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn sample(pad: &gst::Pad, buffer: &gst::Buffer) -> gst::Sample {
    let sample = gst::Sample::builder().buffer(buffer);
    match pad.current_caps() {
        Some(caps) => sample.caps(&caps).build(),
        None => sample.build(),
    }
}

fn side_by_side(before: &gst::Sample, after: &gst::Sample) -> Result<Vec<u8>> {
    let halves = [rgb(before)?, rgb(after)?];
    let (width, height) = (halves[0].width(), halves[0].height());
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::Rgb, 2 * width, height);
    let info = info.build()?;
    let mut buffer = gst::Buffer::with_size(info.size())?;
    {
        let buffer = buffer.get_mut().context("a new buffer that is shared")?;
        let mut whole = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &info)?;
        let row = 3 * width as usize;
        let stride = usize::try_from(info.stride()[0])?;
        let data = whole.plane_data_mut(0)?;
        for (at, half) in halves.iter().enumerate() {
            let half_stride = usize::try_from(half.info().stride()[0])?;
            let rows = half.plane_data(0)?.chunks(half_stride);
            for (to, from) in data.chunks_mut(stride).zip(rows) {
                to[at * row..(at + 1) * row].copy_from_slice(&from[..row]);
            }
        }
    }
    let whole = gst::Sample::builder()
        .buffer(&buffer)
        .caps(&info.to_caps()?)
        .build();
    let png = convert(&whole, &gst::Caps::new_empty_simple("image/png"))?;
    let png = png
        .buffer()
        .context("a picture without data")?
        .map_readable()?
        .to_vec();
    Ok(png)
}

fn rgb(sample: &gst::Sample) -> Result<gst_video::VideoFrame<gst_video::video_frame::Readable>> {
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "RGB")
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .build();
    let sample = convert(sample, &caps)?;
    let info = gst_video::VideoInfo::from_caps(sample.caps().context("a frame of no type")?)?;
    let buffer = sample.buffer_owned().context("a frame without data")?;
    let frame = gst_video::VideoFrame::from_buffer_readable(buffer, &info);
    frame.ok().context("a frame that cannot be read")
}

fn convert(sample: &gst::Sample, caps: &gst::Caps) -> Result<gst::Sample> {
    let patience = gst::ClockTime::from_seconds(60);
    Ok(gst_video::convert_sample(sample, caps, Some(patience))?)
}
