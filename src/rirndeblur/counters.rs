// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counters behind the `stats` property: `docs/ELEMENT.md`, observability.
//!
//! A frame is counted in once, and out or dropped once; in between it is queued. What the engine
//! knows (device, precision, tiles, memory) is added by the element.

use super::continuity::Reason;
use std::time::Duration;

/// A value of a field of `stats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A counter, or nanoseconds.
    U64(u64),
    /// A small number.
    U32(u32),
    /// A word.
    Str(&'static str),
}

/// Everything counted since READY to PAUSED, where it starts anew from the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    frames_in: u64,
    frames_out: u64,
    processed: u64,
    bypassed: u64,
    dropped: u64,
    resets: u64,
    last_reset_reason: Reason,
    inference_last: u64,
    inference_avg: u64,
    inference_max: u64,
    reported_latency: u64,
    late_frames: u64,
    nan_events: u64,
    oom_events: u64,
    queued: u32,
    scene_cuts: u64,
    tile_size: u32,
    tiles: u32,
    memory_bytes: u64,
}

impl Counters {
    /// A frame was taken in.
    pub(crate) fn frame_in(&mut self) {
        self.frames_in += 1;
        self.queued += 1;
    }

    /// A frame taken in was pushed.
    pub(crate) fn frame_out(&mut self) {
        self.frames_out += 1;
        self.queued = self.queued.saturating_sub(1);
    }

    /// A frame taken in will not be pushed.
    pub(crate) fn dropped(&mut self) {
        self.dropped += 1;
        self.queued = self.queued.saturating_sub(1);
    }

    /// Frames made and frames dropped, as QOS messages tell them.
    pub(crate) fn quality(&self) -> (u64, u64) {
        (self.processed, self.dropped)
    }

    /// So many frames that waited were thrown away.
    pub(crate) fn lost(&mut self, frames: usize) {
        (0..frames).for_each(|_| self.dropped());
    }

    /// All frames that were in the element were thrown away: a flush, or the end.
    pub(crate) fn line_dropped(&mut self) {
        self.dropped += u64::from(self.queued);
        self.queued = 0;
    }

    /// The network made a frame in this time; warm-up is not counted.
    pub(crate) fn processed(&mut self, step: Duration) {
        let step = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
        self.inference_avg = match self.processed {
            0 => step,
            // One sixteenth of the way towards the new value.
            _ if step >= self.inference_avg => {
                self.inference_avg + (step - self.inference_avg) / 16
            }
            _ => self.inference_avg - (self.inference_avg - step) / 16,
        };
        self.processed += 1;
        self.inference_last = step;
        self.inference_max = self.inference_max.max(step);
    }

    /// A frame goes out as it came.
    pub(crate) fn bypassed(&mut self) {
        self.bypassed += 1;
    }

    /// A frame came too late, whatever is done with it.
    pub(crate) fn late(&mut self) {
        self.late_frames += 1;
    }

    /// The past was forgotten. The start itself forgets nothing and is not counted.
    pub(crate) fn reset(&mut self, reason: Reason) {
        if reason == Reason::Start {
            return;
        }
        self.resets += 1;
        self.last_reset_reason = reason;
    }

    /// The network gave NaN or Inf.
    pub(crate) fn nan(&mut self) {
        self.nan_events += 1;
    }

    /// Memory ran out.
    pub(crate) fn oom(&mut self) {
        self.oom_events += 1;
    }

    /// A frame was found to belong to another shot.
    pub(crate) fn scene_cut(&mut self) {
        self.scene_cuts += 1;
    }

    /// Edge of a tile in pixels, 0 for whole frames; number of tiles; estimated network memory.
    pub(crate) fn set_tiles(&mut self, size: usize, count: usize, bytes: u64) {
        self.tile_size = u32::try_from(size).unwrap_or(u32::MAX);
        self.tiles = u32::try_from(count).unwrap_or(u32::MAX);
        self.memory_bytes = bytes;
    }

    /// The latency declared now, in nanoseconds.
    pub(crate) fn set_reported_latency(&mut self, latency: u64) {
        self.reported_latency = latency;
    }

    /// Names and values of the fields of `stats`.
    pub(crate) fn fields(&self) -> [(&'static str, Value); 19] {
        use Value::{Str, U32, U64};
        [
            ("frames-in", U64(self.frames_in)),
            ("frames-out", U64(self.frames_out)),
            ("processed", U64(self.processed)),
            ("bypassed", U64(self.bypassed)),
            ("dropped", U64(self.dropped)),
            ("resets", U64(self.resets)),
            ("last-reset-reason", Str(self.last_reset_reason.as_str())),
            ("inference-last", U64(self.inference_last)),
            ("inference-avg", U64(self.inference_avg)),
            ("inference-max", U64(self.inference_max)),
            ("reported-latency", U64(self.reported_latency)),
            ("queued", U32(self.queued)),
            ("nan-events", U64(self.nan_events)),
            ("oom-events", U64(self.oom_events)),
            ("late-frames", U64(self.late_frames)),
            ("scene-cuts", U64(self.scene_cuts)),
            ("tile-size", U32(self.tile_size)),
            ("tiles", U32(self.tiles)),
            ("memory-bytes", U64(self.memory_bytes)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(counters: &Counters, name: &str) -> Option<Value> {
        let fields = counters.fields();
        let found = fields.iter().find(|(field, _)| *field == name)?;
        Some(found.1)
    }

    #[test]
    fn fields_tell_what_was_counted() {
        let mut counters = Counters::default();
        for _ in 0..7 {
            counters.frame_in();
        }
        counters.processed(Duration::from_nanos(5));
        counters.bypassed();
        counters.bypassed();
        for _ in 0..3 {
            counters.frame_out();
        }
        counters.late();
        counters.dropped();
        counters.reset(Reason::Gap);
        counters.reset(Reason::SceneCut);
        counters.set_reported_latency(99);
        counters.scene_cut();
        counters.set_tiles(256, 6, 77);
        counters.nan();
        counters.oom();
        counters.oom();
        let wanted = [
            ("frames-in", Value::U64(7)),
            ("frames-out", Value::U64(3)),
            ("processed", Value::U64(1)),
            ("bypassed", Value::U64(2)),
            ("dropped", Value::U64(1)),
            ("resets", Value::U64(2)),
            ("last-reset-reason", Value::Str("scene-cut")),
            ("inference-last", Value::U64(5)),
            ("inference-avg", Value::U64(5)),
            ("inference-max", Value::U64(5)),
            ("reported-latency", Value::U64(99)),
            ("queued", Value::U32(3)),
            ("nan-events", Value::U64(1)),
            ("oom-events", Value::U64(2)),
            ("late-frames", Value::U64(1)),
            ("scene-cuts", Value::U64(1)),
            ("tile-size", Value::U32(256)),
            ("tiles", Value::U32(6)),
            ("memory-bytes", Value::U64(77)),
        ];
        assert_eq!(counters.fields(), wanted);
    }

    #[test]
    fn the_average_moves_by_a_sixteenth() {
        let mut counters = Counters::default();
        for (step, average) in [(1600, 1600), (3200, 1700), (100, 1600), (1615, 1600)] {
            counters.processed(Duration::from_nanos(step));
            assert_eq!(field(&counters, "inference-avg"), Some(Value::U64(average)));
        }
        counters.processed(Duration::MAX);
        counters.processed(Duration::from_nanos(1));
        assert_eq!(field(&counters, "inference-last"), Some(Value::U64(1)));
        assert_eq!(
            field(&counters, "inference-max"),
            Some(Value::U64(u64::MAX))
        );
    }

    #[test]
    fn a_start_is_no_reset() {
        let mut counters = Counters::default();
        counters.reset(Reason::Start);
        assert_eq!(field(&counters, "resets"), Some(Value::U64(0)));
        assert_eq!(
            field(&counters, "last-reset-reason"),
            Some(Value::Str("start"))
        );
    }

    proptest! {
        #[test]
        fn in_is_out_and_dropped_and_queued(calls in proptest::collection::vec(0..5_u8, 0..200)) {
            let mut counters = Counters::default();
            for call in calls {
                match call {
                    0 | 1 => counters.frame_in(),
                    2 if counters.queued > 0 => counters.frame_out(),
                    3 if counters.queued > 0 => counters.dropped(),
                    4 => counters.line_dropped(),
                    _ => counters.bypassed(),
                }
                let sum = counters.frames_out + counters.dropped + u64::from(counters.queued);
                prop_assert_eq!(counters.frames_in, sum);
            }
        }
    }
}
