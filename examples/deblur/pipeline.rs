// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pipeline: `filesrc ! decodebin`, one branch per stream, muxer, `filesink`.
//!
//! The branches are made when `decodebin` shows its pads, all of them before the first buffer
//! flows. So the muxer knows every stream that comes and waits for no other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use gst::glib;
use gst::prelude::*;

use crate::options::Options;
use crate::picture::Taken;
use crate::{audio, video};

/// A pipeline ready to play, and what is watched while it plays.
pub(crate) struct Job {
    pub(crate) pipeline: gst::Pipeline,
    pub(crate) decoder: gst::Element,
    pub(crate) element: gst::Element,
    pub(crate) counts: Arc<Counts>,
    pub(crate) taken: Arc<Taken>,
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    /// The file that is being written; it takes the output's name when it is complete.
    pub(crate) unfinished: PathBuf,
}

impl Job {
    /// Every branch ends at its next buffer; what was taken in before is still written.
    pub(crate) fn finish_early(&self) {
        self.counts.stop.store(true, Ordering::Relaxed);
    }
}

/// Written by the streaming threads, read for the progress line.
#[derive(Default)]
pub(crate) struct Counts {
    /// Frames that left the element.
    pub(crate) frames: AtomicU64,
    /// Time from the first frame to the last one that left, in nanoseconds.
    pub(crate) position: AtomicU64,
    stop: AtomicBool,
}

/// What the branches are built with.
pub(crate) struct Parts {
    pub(crate) pipeline: glib::WeakRef<gst::Pipeline>,
    pub(crate) element: gst::Element,
    pub(crate) muxer: gst::Element,
    pub(crate) counts: Arc<Counts>,
    pub(crate) taken: Arc<Taken>,
    pub(crate) quality: u32,
    pub(crate) preset: String,
    has_video: AtomicBool,
    is_matroska: AtomicBool,
}

pub(crate) fn build(options: &Options) -> Result<Job> {
    let element = make("rirndeblur")?;
    set_properties(&element, &options.properties)?;
    let muxer = make(options.container.muxer())?;
    let unfinished = unfinished_name(&options.output);
    let source = make("filesrc")?;
    source.set_property("location", &options.input);
    let sink = make("filesink")?;
    sink.set_property("location", &unfinished);
    let decoder = make("decodebin")?;
    decoder.set_property("caps", decoded_caps(&muxer));

    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &decoder, &muxer, &sink])?;
    source.link(&decoder)?;
    muxer.link(&sink)?;

    let parts = Arc::new(Parts {
        pipeline: pipeline.downgrade(),
        element: element.clone(),
        muxer,
        counts: Arc::default(),
        taken: Arc::new(Taken::new(options.picture.is_some())),
        quality: options.quality,
        preset: options.preset.clone(),
        has_video: AtomicBool::new(false),
        is_matroska: AtomicBool::new(false),
    });
    let job = Job {
        pipeline,
        decoder,
        element,
        counts: Arc::clone(&parts.counts),
        taken: Arc::clone(&parts.taken),
        input: options.input.clone(),
        output: options.output.clone(),
        unfinished,
    };
    watch_pads(&job.decoder, &parts, &options.input);
    Ok(job)
}

fn watch_pads(decoder: &gst::Element, parts: &Arc<Parts>, input: &Path) {
    decoder.connect("unknown-type", false, |values| {
        let caps = values
            .get(2)
            .and_then(|value| value.get::<gst::Caps>().ok());
        let kind = caps
            .as_ref()
            .and_then(|caps| caps.structure(0))
            .map(|kind| kind.name());
        println!(
            "left out: a stream of the type {}",
            kind.map_or("unknown", |kind| kind)
        );
        None
    });
    let reader = Arc::clone(parts);
    decoder.connect("element-added", false, move |values| {
        let element = values
            .get(1)
            .and_then(|value| value.get::<gst::Element>().ok());
        let factory = element.and_then(|element| element.factory());
        if factory.is_some_and(|factory| factory.name() == "matroskademux") {
            reader.is_matroska.store(true, Ordering::Relaxed);
        }
        None
    });
    let branches = Arc::clone(parts);
    decoder.connect_pad_added(move |decoder, pad| {
        if let Err(error) = add_branch(&branches, pad) {
            gst::element_error!(decoder, gst::StreamError::Failed, ("{error:#}"));
        }
    });
    let parts = Arc::clone(parts);
    let input = input.display().to_string();
    decoder.connect_no_more_pads(move |decoder| {
        if !parts.has_video.load(Ordering::Relaxed) {
            let what = "holds no video that GStreamer can decode";
            gst::element_error!(decoder, gst::StreamError::WrongType, ("{input} {what}"));
        }
    });
}

fn add_branch(parts: &Parts, pad: &gst::Pad) -> Result<()> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let kind = caps.structure(0).context("a stream of no type")?.name();
    // The second pad is where the stream ends early: what is before it is lost then.
    let (entry, end) = match kind.as_str() {
        "video/x-raw" if !parts.has_video.swap(true, Ordering::Relaxed) => {
            (video::branch(parts, &caps)?, pad.clone())
        }
        "audio/x-raw" => audio::encoded(parts)?,
        _ => match audio::Kept::find(&caps, &parts.muxer) {
            Some(kept) => audio::passed_through(parts, kept)?,
            None => {
                println!("left out: a stream of the type {kind}");
                (drain(parts)?, pad.clone())
            }
        },
    };
    end_when_told(&end, &parts.counts);
    if parts.is_matroska.load(Ordering::Relaxed) {
        begin_at_zero(&entry);
    }
    pad.link(&entry)
        .with_context(|| format!("a stream of the type {kind} does not fit"))?;
    Ok(())
}

/// Takes a stream that nobody wants, so that the reader does not wait for it.
fn drain(parts: &Parts) -> Result<gst::Pad> {
    let sink = make("fakesink")?;
    sink.set_property("sync", false);
    sink.set_property("async", false);
    add(parts, &[sink])
}

/// Adds a chain of elements to the running pipeline and returns the pad where it begins.
pub(crate) fn add(parts: &Parts, chain: &[gst::Element]) -> Result<gst::Pad> {
    let pipeline = parts.pipeline.upgrade().context("the pipeline has gone")?;
    pipeline.add_many(chain)?;
    gst::Element::link_many(chain)?;
    for element in chain.iter().rev() {
        element.sync_state_with_parent()?;
    }
    let first = chain.first().and_then(|element| element.static_pad("sink"));
    first.context("a chain that nothing can enter")
}

/// Adds a chain that ends in the muxer and returns the pads where it begins and where it ends.
pub(crate) fn add_to_muxer(
    parts: &Parts,
    chain: &[gst::Element],
    template: &str,
) -> Result<(gst::Pad, gst::Pad)> {
    let entry = add(parts, chain)?;
    let place = parts.muxer.request_pad_simple(template);
    let place = place.context("the container takes no further stream")?;
    let last = chain.last().and_then(|element| element.static_pad("src"));
    let exit = last.context("a chain that nothing leaves")?;
    exit.link(&place)?;
    Ok((entry, exit))
}

/// Ends the stream at its next buffer once the user wants to stop.
fn end_when_told(pad: &gst::Pad, counts: &Arc<Counts>) {
    let counts = Arc::clone(counts);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
        if !counts.stop.load(Ordering::Relaxed) {
            return gst::PadProbeReturn::Ok;
        }
        pad.push_event(gst::event::Eos::new());
        gst::PadProbeReturn::Drop
    });
}

/// Lets the time of a stream begin at 0. The reader of Matroska lets it begin at its first frame
/// and corrects that after it, which would shift this one frame.
fn begin_at_zero(entry: &gst::Pad) {
    entry.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, probe| {
        let Some(gst::EventView::Segment(event)) = probe.event().map(|event| event.view()) else {
            return gst::PadProbeReturn::Ok;
        };
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let event = gst::event::Segment::builder(&segment)
            .seqnum(event.seqnum())
            .build();
        probe.data = Some(gst::PadProbeData::Event(event));
        gst::PadProbeReturn::Ok
    });
}

/// Where decoding stops: raw video and sound, and sound that the container takes as it is.
fn decoded_caps(muxer: &gst::Element) -> gst::Caps {
    let mut caps = gst::Caps::builder_full()
        .structure_with_any_features(gst::Structure::new_empty("video/x-raw"))
        .structure_with_any_features(gst::Structure::new_empty("audio/x-raw"))
        .build();
    for kept in audio::Kept::all(muxer) {
        caps.make_mut().append(kept.caps);
    }
    caps
}

/// Another one in every process, so that two of them never write into one file.
fn unfinished_name(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    PathBuf::from(name)
}

/// Makes an element, or says which one is missing.
pub(crate) fn make(name: &str) -> Result<gst::Element> {
    gst::ElementFactory::make(name)
        .build()
        .with_context(|| format!("GStreamer's element {name} is missing, see scripts/setup.sh"))
}

/// A queue of `buffers` buffers; 0 is as many as come.
pub(crate) fn queue(buffers: u32) -> Result<gst::Element> {
    let queue = make("queue")?;
    queue.set_property("max-size-buffers", buffers);
    queue.set_property("max-size-bytes", 0u32);
    queue.set_property("max-size-time", 0u64);
    Ok(queue)
}

fn set_properties(element: &gst::Element, properties: &[(String, String)]) -> Result<()> {
    // A file is not played: no frame is ever late.
    if element.has_property("qos") {
        element.set_property("qos", false);
    }
    for (name, text) in properties {
        let Some(property) = element.find_property(name) else {
            bail!("there is no option --{name}, see --help");
        };
        let is_writable = property.flags().contains(glib::ParamFlags::WRITABLE);
        let value = if property.value_type() == String::static_type() {
            text.to_value()
        } else {
            glib::Value::deserialize_with_pspec(text, &property)
                .ok()
                .filter(|_| is_writable)
                .with_context(|| format!("--{name} does not take \"{text}\""))?
        };
        element.set_property_from_value(name, &value);
    }
    Ok(())
}
