// SPDX-License-Identifier: MIT OR Apache-2.0
//! What events on the sink pad do to line and past.

use super::super::continuity::{CapsChange, SegmentFacts};
use super::super::report::{Report, Stopped};
use super::super::video::Video;
use super::Running;

impl Running {
    /// CAPS are about to come: finishes what belongs to the old ones.
    pub(crate) fn caps_event(&mut self, caps: &gst::Caps) -> Report {
        let Some(new) = Video::from_caps(caps) else {
            return Report::default();
        };
        let change = match &self.current {
            Some((old, _)) if old == caps => CapsChange::Equal,
            Some((_, old)) if (old.width(), old.height()) == (new.width(), new.height()) => {
                CapsChange::Other
            }
            _ => CapsChange::Size,
        };
        let decision = self.timeline.caps(change, new.interval());
        self.carry_out(decision)
    }

    /// CAPS are agreed on. A new size is warmed up, so that the first frame is not late.
    pub(crate) fn set_caps(&mut self, caps: &gst::Caps, video: Video) -> Result<Report, Stopped> {
        let mut report = Report::default();
        let size = (video.height(), video.width());
        let known = self.video().map(|video| (video.height(), video.width()));
        self.meter.set_interval(video.interval());
        if known != Some(size) {
            self.current = None;
            self.warm_up(size, &mut report)?;
        }
        self.current = Some((caps.clone(), video));
        Ok(report)
    }

    /// STREAM_START.
    pub(crate) fn stream_start(&mut self, id: &str) -> Report {
        let decision = self.timeline.stream_start(id);
        self.carry_out(decision)
    }

    /// SEGMENT.
    pub(crate) fn segment(&mut self, segment: SegmentFacts) -> Report {
        let decision = self.timeline.segment(segment);
        self.carry_out(decision)
    }

    /// SEGMENT_DONE.
    pub(crate) fn segment_done(&mut self) -> Report {
        let decision = self.timeline.segment_done();
        self.carry_out(decision)
    }

    /// GAP.
    pub(crate) fn gap(
        &mut self,
        pts: gst::ClockTime,
        duration: Option<gst::ClockTime>,
        max_gap: u64,
    ) -> Report {
        let duration = duration.map(gst::ClockTime::nseconds);
        let decision = self
            .timeline
            .gap_event(Some(pts.nseconds()), duration, Some(max_gap));
        self.carry_out(decision)
    }

    /// Takes an event into the line that changes nothing and must not overtake the frames before
    /// it (TAG, sticky custom ones). False where nothing waits: it may go on at once.
    pub(crate) fn hold(&mut self, event: &gst::Event) -> bool {
        self.line.hold(event)
    }

    /// Any other serialized event or query: the frames before it are finished first.
    pub(crate) fn finish_line(&mut self) -> Report {
        self.gather(Self::drain)
    }

    /// EOS.
    pub(crate) fn eos(&mut self) -> Report {
        let decision = self.timeline.eos();
        self.carry_out(decision)
    }

    /// FLUSH_STOP: whatever waits is dropped, the past is forgotten. Caps and weights stay.
    pub(crate) fn flush_stop(&mut self) -> Report {
        let mut report = Report::default();
        let decision = self.timeline.flush_stop();
        self.drop_line(&mut report);
        self.lock_counters().line_dropped();
        self.forget(decision);
        // A step that a flush cut short has lost the past even where nothing was remembered.
        self.deblurrer.reset();
        self.cuts.forget();
        report
    }
}
