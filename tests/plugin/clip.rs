// SPDX-License-Identifier: MIT OR Apache-2.0
//! A file of uncompressed video, and a pipeline that plays it through an element.

use crate::harness::{self, PATIENCE, bytes, wait_for};
use gst::ClockTime;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use std::sync::{Arc, Mutex};

/// Time stamp and bytes of a frame.
pub(crate) type Seen = (ClockTime, Vec<u8>);

/// A moving picture of 40 frames, 25 a second, in a folder that goes with it.
pub(crate) struct Clip {
    folder: tempfile::TempDir,
}

impl Clip {
    /// Writes the file.
    pub(crate) fn new() -> Self {
        harness::init();
        let clip = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let description = format!(
            "videotestsrc num-buffers=40 pattern=ball \
             ! video/x-raw,format=I420,width=64,height=48,framerate=25/1 \
             ! matroskamux ! filesink location={}",
            clip.path()
        );
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        pipeline.set_state(gst::State::Playing).expect("it plays");
        let bus = pipeline.bus().expect("a bus");
        let end =
            bus.timed_pop_filtered(PATIENCE, &[gst::MessageType::Eos, gst::MessageType::Error]);
        assert_eq!(end.map(|end| end.type_()), Some(gst::MessageType::Eos));
        pipeline.set_state(gst::State::Null).expect("it stops");
        clip
    }

    fn path(&self) -> String {
        let path = self.folder.path().join("clip.mkv");
        path.to_str().expect("a plain path").to_owned()
    }
}

/// A pipeline from a [`Clip`] through an element, which notes what goes in and what comes out.
pub(crate) struct Player {
    pipeline: gst::Pipeline,
    inputs: Arc<Mutex<Vec<Seen>>>,
    outputs: Arc<Mutex<Vec<Seen>>>,
}

/// Notes all buffers that come by.
fn note(pad: &gst::Pad) -> Arc<Mutex<Vec<Seen>>> {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let notes = Arc::clone(&seen);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let buffer = info.buffer().expect("a buffer");
        let pts = buffer.pts().expect("a time stamp");
        notes.lock().expect("no panic").push((pts, bytes(buffer)));
        gst::PadProbeReturn::Ok
    });
    seen
}

impl Player {
    /// Builds the pipeline and waits for its first frame.
    pub(crate) fn new(clip: &Clip, element: &RirnDeblur) -> Self {
        let source = format!(
            "filesrc location={} ! matroskademux name=demux",
            clip.path()
        );
        let source = gst::parse::bin_from_description(&source, false).expect("a source");
        let sink = gst::ElementFactory::make("fakesink");
        let sink = sink.property("sync", false).build().expect("a sink");
        let pipeline = gst::Pipeline::new();
        pipeline
            .add_many([source.upcast_ref(), element.upcast_ref(), &sink])
            .expect("new elements");
        element.link(&sink).expect("linked");
        let below = element.static_pad("sink").expect("a sink pad");
        let demux = source.by_name("demux").expect("the demuxer");
        let inputs = note(&below);
        let outputs = note(&element.static_pad("src").expect("a source pad"));
        demux.connect_pad_added(move |demux, pad| {
            let bin = demux
                .parent()
                .and_downcast::<gst::Bin>()
                .expect("the source");
            let ghost = gst::GhostPad::with_target(pad).expect("a ghost pad");
            ghost.set_active(true).expect("active");
            bin.add_pad(&ghost).expect("a new pad");
            ghost.link(&below).expect("linked");
        });
        pipeline.set_state(gst::State::Paused).expect("it pauses");
        wait_for(&pipeline.bus().expect("a bus"), gst::MessageType::AsyncDone);
        Self {
            pipeline,
            inputs,
            outputs,
        }
    }

    /// Plays to the end, and gives what went in and what came out since the last call.
    #[track_caller]
    pub(crate) fn play_to_end(&self) -> (Vec<Seen>, Vec<Seen>) {
        let playing = self.pipeline.set_state(gst::State::Playing);
        playing.expect("it plays");
        wait_for(&self.bus(), gst::MessageType::Eos);
        let take = |seen: &Mutex<Vec<Seen>>| std::mem::take(&mut *seen.lock().expect("no panic"));
        (take(&self.inputs), take(&self.outputs))
    }

    /// A flushing seek to this time, in PAUSED; nothing that was noted before remains.
    #[track_caller]
    pub(crate) fn seek(&self, time: ClockTime) {
        self.pipeline.set_state(gst::State::Paused).expect("paused");
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        for notes in [&self.inputs, &self.outputs] {
            notes.lock().expect("no panic").clear();
        }
        self.pipeline.seek_simple(flags, time).expect("it seeks");
        wait_for(&self.bus(), gst::MessageType::AsyncDone);
    }

    fn bus(&self) -> gst::Bus {
        self.pipeline.bus().expect("a bus")
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _stopped = self.pipeline.set_state(gst::State::Null);
    }
}
