// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the element does with buffers and events that come in: asks [`Running`], and delivers and
//! posts what comes of it. No lock is held meanwhile.

use super::LatePolicy;
use super::continuity::SegmentFacts;
use super::imp::{CAT, RirnDeblur};
use super::locks::lock;
use super::qos::{Shown, Turn};
use super::report::Stopped;
use super::running::{Arrived, Running};
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use rirn::engine::FLUSHING;
use std::sync::atomic::Ordering;

impl RirnDeblur {
    /// Works with what runs; none before the start. Only for the streaming thread, and for events
    /// and state changes during which it stands still.
    pub(super) fn with_running<R>(&self, work: impl FnOnce(&mut Running) -> R) -> Option<R> {
        let mut running = lock(&self.running).take()?;
        let result = work(&mut running);
        *lock(&self.running) = Some(running);
        Some(result)
    }

    /// Does what an event on the sink pad asks for, before it goes on. False: it is held in the
    /// line and goes on later.
    pub(super) fn before_event(&self, event: &gst::Event) -> bool {
        use gst::EventView;
        let settings = lock(&self.settings).clone();
        let (mix, max_gap) = (settings.mix(), settings.max_gap);
        if event.is_serialized() {
            // Frames that it finishes are drawn as the properties say now.
            self.with_running(|running| running.set_mix(mix));
        }
        let outcome = match event.view() {
            EventView::FlushStart(_) => {
                self.interrupt.raise(FLUSHING);
                None
            }
            EventView::FlushStop(_) => {
                let report = self.with_running(Running::flush_stop);
                self.forget_position();
                lock(&self.lateness).forget();
                self.interrupt.clear(FLUSHING);
                report
            }
            EventView::StreamStart(start) => {
                self.with_running(|running| running.stream_start(start.stream_id()))
            }
            EventView::Caps(caps) => {
                self.with_running(|running| running.caps_event(&caps.caps_owned()))
            }
            EventView::Segment(segment) => {
                let facts = segment_facts(segment.segment());
                lock(&self.lateness).forget();
                self.with_running(|running| running.segment(facts))
            }
            EventView::SegmentDone(_) => self.with_running(Running::segment_done),
            EventView::Gap(gap) => {
                let (pts, duration) = gap.get();
                self.with_running(|running| running.gap(pts, duration, max_gap))
            }
            EventView::Eos(_) => self.with_running(Running::eos),
            EventView::Tag(_) | EventView::CustomDownstreamSticky(_) => {
                return self.with_running(|running| running.hold(event)) != Some(true);
            }
            _ if event.is_serialized() => self.with_running(Running::finish_line),
            _ => None,
        };
        // Others come while the streaming thread works, or stands in a push.
        if event.is_serialized() {
            self.tell_resets(None);
            // The event has to go on, whatever comes of the frames before it.
            let _flow = self.deliver(outcome.unwrap_or_default());
        }
        if let EventView::Segment(segment) = event.view() {
            self.begin_position(segment.segment());
        }
        true
    }

    /// Takes in a buffer and pushes what is ready then.
    pub(super) fn take_in(&self, buffer: gst::Buffer) -> Result<(), gst::FlowError> {
        self.sync_values(&buffer);
        let settings = lock(&self.settings).clone();
        let shown = Shown::of(&buffer);
        let late = settings.late_policy == LatePolicy::Bypass && self.is_late(&buffer);
        let turn = (!late).then(|| self.turn(&buffer));
        let arrived = Arrived {
            buffer,
            late,
            reset: self.reset.swap(false, Ordering::Relaxed),
            wanted: turn.as_ref().map(Turn::question),
        };
        let report = self
            .with_running(|running| running.buffer(arrived, &settings))
            .ok_or(gst::FlowError::Flushing)?;
        self.tell_resets(shown.pts);
        if let Some(late) = turn.and_then(Turn::end) {
            self.count_late(shown, late);
        }
        self.announce_latency();
        self.deliver(report)
    }

    /// Looks at an event from below that goes on upstream.
    pub(super) fn listen(&self, event: &gst::Event) {
        match event.view() {
            gst::EventView::Qos(qos) => {
                let (_, proportion, diff, timestamp) = qos.get();
                let timestamp = timestamp.map(gst::ClockTime::nseconds);
                lock(&self.lateness).complain(timestamp, diff, proportion);
            }
            gst::EventView::Navigation(_) => self.follow_pointer(event),
            _ => {}
        }
    }

    /// Moves the split with a pressed pointer.
    fn follow_pointer(&self, event: &gst::Event) {
        let split = lock(&self.settings).split_view;
        let Some(structure) = event.structure() else {
            return;
        };
        let position = lock(&self.pointer).follow(structure, split);
        if let Some(position) = position {
            self.obj().set_property("split-position", position);
        }
    }

    /// Brings controlled properties to the time of this frame.
    fn sync_values(&self, buffer: &gst::Buffer) {
        let segment = self.obj().segment();
        let time = segment
            .downcast_ref::<gst::ClockTime>()
            .and_then(|segment| segment.to_stream_time(buffer.pts()));
        if let Some(time) = time
            && let Err(error) = self.obj().sync_values(time)
        {
            gst::warning!(CAT, imp = self, "Controlled properties: {error}");
        }
    }

    pub(super) fn flow_error(&self, stopped: Stopped) -> gst::FlowError {
        match stopped {
            Stopped::Flushing => gst::FlowError::Flushing,
            Stopped::Failed(error) => {
                self.post_error_message(error);
                gst::FlowError::Error
            }
        }
    }

    pub(super) fn announce_latency(&self) {
        let playing = self.playing.load(Ordering::Relaxed);
        let declared = lock(&self.settings).declared_latency();
        let new = self.with_running(|running| running.latency_to_announce(declared, playing));
        lock(&self.counters).set_reported_latency(self.reported.current());
        if let Some(Some(latency)) = new {
            gst::info!(CAT, imp = self, "Latency is now {latency} ns");
            let message = gst::message::Latency::builder().src(&*self.obj()).build();
            let _no_bus = self.obj().post_message(message);
        }
    }
}

/// The parts of a segment that the timeline looks at.
fn segment_facts(segment: &gst::Segment) -> SegmentFacts {
    let time = |value: i64| u64::try_from(value).ok();
    SegmentFacts {
        rate: segment.rate(),
        applied_rate: segment.applied_rate(),
        start: time(segment.start().value()).unwrap_or_default(),
        base: time(segment.base().value()).unwrap_or_default(),
        offset: time(segment.offset().value()).unwrap_or_default(),
        time: time(segment.time().value()),
        key_units: segment
            .flags()
            .contains(gst::SegmentFlags::TRICKMODE_KEY_UNITS),
    }
}
