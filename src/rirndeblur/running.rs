// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Running`]: what an element holds between READY to PAUSED and back. A [`Deblurrer`], the
//! buffers that wait for their frame, and the timeline that tells when to forget. It belongs to
//! the streaming thread; times, flags and metas of an output come from its own input buffer.

use super::continuity::{Decision, Line, Past, Reason, Timeline};
use super::counters::Counters;
use super::latency::{LatencyMeter, Reported};
use super::line::{Finished, WaitingLine};
use super::locks::{Held, lock};
use super::report::{Report, Stopped};
use super::scene_cut::CutDetector;
use super::settings::Settings;
use super::video::Video;
use rirn::engine::PackedPicture;
use rirn::pixel::{Luma, Mix};
use rirn::{Deblurrer, Engine, Interrupt};
use std::sync::{Arc, Mutex};

mod arrived;
mod events;
mod steps;

pub(crate) use arrived::{Arrived, Wanted};

/// Counters as the streaming thread and the property `stats` share them.
pub(crate) type SharedCounters = Arc<Mutex<Counters>>;

pub(crate) struct Running {
    deblurrer: Deblurrer,
    interrupt: Interrupt,
    timeline: Timeline,
    meter: LatencyMeter,
    counters: SharedCounters,
    current: Option<(gst::Caps, Video)>,
    cuts: CutDetector,
    /// Of the newest frame, where it tells of scene cuts.
    luma: Luma,
    line: WaitingLine,
    /// How pictures are drawn, since the last buffer or event.
    mix: Mix,
    /// Why the past was forgotten since it was told last.
    resets: Vec<Reason>,
    /// The frame before was dropped on the worker.
    hole: bool,
    /// A frame has come in that is neither in the line nor dropped yet.
    in_hand: bool,
}

impl Running {
    pub(crate) fn new(
        engine: Engine,
        interrupt: Interrupt,
        reported: Arc<Reported>,
        counters: SharedCounters,
        enabled: bool,
    ) -> Self {
        let deblurrer = Deblurrer::new(Arc::new(engine));
        let line = WaitingLine::new(deblurrer.delay());
        // What the life before has declared does not count.
        reported.clear();
        let delay = u32::try_from(deblurrer.delay()).unwrap_or(u32::MAX);
        Self {
            deblurrer,
            interrupt,
            timeline: Timeline::new(enabled),
            meter: LatencyMeter::new(delay, reported),
            counters,
            current: None,
            cuts: CutDetector::default(),
            luma: Luma::default(),
            line,
            mix: Mix::default(),
            resets: Vec::new(),
            hole: false,
            in_hand: false,
        }
    }

    /// Frames that wait for a later one.
    pub(crate) fn delay(&self) -> u32 {
        u32::try_from(self.deblurrer.delay()).unwrap_or(u32::MAX)
    }

    /// The negotiated video.
    pub(crate) fn video(&self) -> Option<&Video> {
        self.current.as_ref().map(|(_, video)| video)
    }

    /// The latency to announce, if it has risen enough.
    pub(crate) fn latency_to_announce(
        &mut self,
        declared: Option<u64>,
        playing: bool,
    ) -> Option<u64> {
        self.meter.set_declared(declared);
        self.meter.set_playing(playing);
        self.meter.update()
    }

    /// A buffer came in.
    pub(crate) fn buffer(&mut self, arrived: Arrived, settings: &Settings) -> Report {
        self.in_hand = true;
        let report = self.gather(|running, report| running.take(arrived, settings, report));
        let is_lost = std::mem::take(&mut self.in_hand);
        // What a flush cuts short is counted when that ends.
        if is_lost && matches!(report.stopped, Some(Stopped::Failed(_))) {
            self.lock_counters().dropped();
        }
        report
    }

    fn take(
        &mut self,
        arrived: Arrived,
        settings: &Settings,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        self.mix = settings.mix();
        if arrived.reset {
            let decision = self.timeline.user_reset();
            self.join(decision, report)?;
        }
        let decision = self.timeline.enabled(settings.enabled);
        self.join(decision, report)?;
        let facts = arrived.facts();
        let decision = self.timeline.buffer(facts, Some(settings.max_gap));
        self.join(decision, report)?;
        let mut buffer = arrived.buffer;
        if std::mem::take(&mut self.hole) | matches!(decision.past, Past::Reset(_)) {
            // The stream jumps here, whether or not the source has said so.
            buffer.make_mut().set_flags(gst::BufferFlags::DISCONT);
        }
        self.meter.arrived(facts.pts);
        if facts.untouched || !settings.enabled {
            self.lock_counters().bypassed();
            self.pass(buffer, report)
        } else {
            self.feed(buffer, arrived.wanted, settings, report)
        }
    }

    /// How pictures are drawn from now on.
    pub(crate) fn set_mix(&mut self, mix: Mix) {
        self.mix = mix;
    }

    /// Gives the memory of a picture back that has been written.
    pub(crate) fn recycle(&mut self, sharp: PackedPicture) {
        self.deblurrer.recycle_picture(sharp);
    }

    fn carry_out(&mut self, decision: Decision) -> Report {
        self.gather(|running, report| running.join(decision, report))
    }

    /// What comes of this work, however far it gets.
    fn gather(
        &mut self,
        work: impl FnOnce(&mut Self, &mut Report) -> Result<(), Stopped>,
    ) -> Report {
        let mut report = Report::default();
        report.stopped = work(self, &mut report).err();
        report
    }

    fn join(&mut self, decision: Decision, report: &mut Report) -> Result<(), Stopped> {
        match (decision.line, decision.past) {
            (Line::Keep, Past::Keep) => {}
            (Line::Drop, _) => self.drop_line(report),
            (Line::Drain, _) => self.drain(report)?,
            (Line::Keep, Past::Reset(reason)) => {
                // Frames in the line finish with the memory they were taken in with.
                self.count_reset(reason);
                self.deblurrer.begin_anew();
                return Ok(());
            }
        }
        self.forget(decision);
        Ok(())
    }

    /// Throws the frames away that wait; the events between them go on.
    fn drop_line(&mut self, report: &mut Report) {
        let (events, frames) = self.line.clear();
        report
            .finished
            .extend(events.into_iter().map(Finished::Event));
        self.lock_counters().lost(frames);
    }

    /// Forgets the past if the decision says so.
    fn forget(&mut self, decision: Decision) {
        if let Past::Reset(reason) = decision.past {
            self.count_reset(reason);
            // After a failure the deblurrer has forgotten already, and frames may wait in it.
            if !matches!(reason, Reason::Diverged | Reason::Error) {
                self.deblurrer.reset();
            }
        }
    }

    fn count_reset(&mut self, reason: Reason) {
        self.lock_counters().reset(reason);
        self.resets.push(reason);
        if reason != Reason::SceneCut {
            self.cuts.forget();
        }
    }

    /// Why the past was forgotten since this was asked last.
    pub(crate) fn take_resets(&mut self) -> Vec<Reason> {
        std::mem::take(&mut self.resets)
    }

    /// A frame was dropped before it came here.
    pub(crate) fn skipped(&mut self) {
        self.hole = true;
    }

    fn lock_counters(&self) -> Held<'_, Counters> {
        lock(&self.counters)
    }
}
