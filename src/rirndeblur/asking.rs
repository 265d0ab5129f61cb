// SPDX-License-Identifier: MIT OR Apache-2.0
//! Queries from below: latency, position, and how frames come. They may come from any thread, so
//! nothing here waits for a step, a push or the stream.

use super::imp::RirnDeblur;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use std::sync::atomic::Ordering;

/// No position.
const NOWHERE: u64 = u64::MAX;

impl RirnDeblur {
    /// The answer to a query from below; none to those that are left to the base class.
    pub(super) fn answer(&self, query: &mut gst::QueryRef) -> Option<bool> {
        match query.view_mut() {
            gst::QueryViewMut::Latency(latency) => Some(self.answer_latency(latency)),
            gst::QueryViewMut::Position(position) => self.answer_position(position).then_some(true),
            gst::QueryViewMut::Scheduling(scheduling) => {
                // Frames are pushed as they become ready; there is nothing to pull.
                scheduling.set(gst::SchedulingFlags::SEQUENTIAL, 1, -1, 0);
                scheduling.add_scheduling_modes([gst::PadMode::Push]);
                Some(true)
            }
            _ => None,
        }
    }

    /// Answers POSITION with what has gone out last, if anything has.
    fn answer_position(&self, query: &mut gst::query::Position) -> bool {
        let position = self.position.load(Ordering::Relaxed);
        let known = position != NOWHERE && query.format() == gst::Format::Time;
        if known {
            query.set(gst::ClockTime::from_nseconds(position));
        }
        known
    }

    /// Nothing of a new segment has gone out yet.
    pub(super) fn begin_position(&self, segment: &gst::Segment) {
        let time = segment.downcast_ref::<gst::ClockTime>();
        let begin = time.and_then(|segment| {
            let forward = segment.rate() > 0.0;
            segment.to_stream_time(if forward {
                segment.start()
            } else {
                segment.stop()
            })
        });
        let begin = begin.map_or(NOWHERE, gst::ClockTime::nseconds);
        self.position.store(begin, Ordering::Relaxed);
    }

    /// Nothing has gone out, or all of it is gone.
    pub(super) fn forget_position(&self) {
        self.position.store(NOWHERE, Ordering::Relaxed);
    }

    fn answer_latency(&self, query: &mut gst::query::Latency) -> bool {
        let mut upstream = gst::query::Latency::new();
        if !self.obj().sink_pad().peer_query(&mut upstream) {
            return false;
        }
        let (live, min, max) = upstream.result();
        // The highest number stands for no time at all.
        let own = self
            .reported
            .answer(live)
            .min(gst::ClockTime::MAX.nseconds());
        let own = gst::ClockTime::from_nseconds(own);
        let max = max.map(|max| max.saturating_add(own));
        query.set(live, min.saturating_add(own), max);
        true
    }

    /// A frame has gone out: its end in stream time is where the stream is.
    pub(super) fn remember_position(&self, buffer: &gst::BufferRef) {
        let length = buffer.duration().unwrap_or_default();
        let end = buffer.pts().map(|pts| pts.saturating_add(length));
        let segment = self.obj().segment();
        let position = segment
            .downcast_ref::<gst::ClockTime>()
            .and_then(|segment| {
                segment
                    .to_stream_time(end)
                    .or(segment.to_stream_time(buffer.pts()))
            });
        if let Some(position) = position {
            self.position.store(position.nseconds(), Ordering::Relaxed);
        }
    }
}
