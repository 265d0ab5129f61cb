// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an event or a frame does to the two memories of the element: `docs/ELEMENT.md`, the
//! state contract, as one pure function.
//!
//! The *past* is what the network remembers; the *line* holds the frames that wait for
//! look-ahead. [`decide`] is the table and nothing else. [`Timeline`] remembers what came before,
//! measures holes in time and asks the table. Neither knows a buffer, a lock or a tensor: times
//! are nanoseconds, and whoever asks carries the decision out.

mod memory;
mod timeline;

#[cfg(test)]
mod tests;

pub(crate) use timeline::{BufferFacts, SegmentFacts, Timeline};

/// What becomes of the frames that wait for look-ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// They go on waiting and leave in their turn.
    Keep,
    /// They are finished with the future replaced by the last frame, and pushed.
    Drain,
    /// They are thrown away unpushed.
    Drop,
}

/// What becomes of the memory of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// It stays as it is.
    Keep,
    /// It is forgotten, after the line was drained where the line is drained.
    Reset(Reason),
}

/// Why the past was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A flush ended.
    Flush,
    /// The segment jumped, or was done.
    Segment,
    /// Another stream began.
    StreamStart,
    /// The caps changed.
    Caps,
    /// A hole in time was longer than `max-gap`.
    Gap,
    /// Time went against the direction of playback.
    Backward,
    /// A discontinuity that no time stamp bridges.
    Discont,
    /// The picture changed to another shot.
    SceneCut,
    /// The application asked for it.
    User,
    /// The element was switched on again.
    Enabled,
    /// The state of the network grew out of bounds.
    Diverged,
    /// The stream ended.
    Eos,
    /// The network failed, gave no finite picture, or works in other tiles.
    Error,
    /// The element started; nothing was there to forget.
    #[default]
    Start,
}

impl Reason {
    /// The text of `last-reset-reason` in the `stats` property.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Flush => "flush",
            Self::Segment => "segment",
            Self::StreamStart => "stream-start",
            Self::Caps => "caps",
            Self::Gap => "gap",
            Self::Backward => "backward",
            Self::Discont => "discont",
            Self::SceneCut => "scene-cut",
            Self::User => "user",
            Self::Enabled => "enabled",
            Self::Diverged => "diverged",
            Self::Eos => "eos",
            Self::Error => "error",
            Self::Start => "start",
        }
    }
}

/// One row's answer: first the line, then the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What becomes of the waiting frames.
    pub(crate) line: Line,
    /// What becomes of the network's memory.
    pub(crate) past: Past,
}

impl Decision {
    /// Nothing happens to either memory.
    pub(crate) const KEEP: Self = Self {
        line: Line::Keep,
        past: Past::Keep,
    };

    const fn keep(line: Line) -> Self {
        Self {
            line,
            past: Past::Keep,
        }
    }

    const fn reset(line: Line, reason: Reason) -> Self {
        Self {
            line,
            past: Past::Reset(reason),
        }
    }
}

/// How new caps differ from the current ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CapsChange {
    /// Not at all.
    Equal,
    /// In width or height: tensors have another shape.
    Size,
    /// In anything else.
    Other,
}

/// Where a frame lies in time, seen from the last frame that the network took in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motion {
    /// There is no frame before it.
    First,
    /// It, or every frame before it, bears no usable time.
    Unknown,
    /// So many nanoseconds of running time are missing in between; 0 where frames touch.
    Hole(u64),
    /// Against the direction of playback.
    Back,
}

/// A frame as the table sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Its place in time.
    pub(crate) motion: Motion,
    /// Longest hole after which the past is kept; `u64::MAX` is any.
    pub(crate) max_gap: u64,
    /// Flag DISCONT, on it or on a frame passed untouched before it.
    pub(crate) discont: bool,
    /// Flag RESYNC, likewise.
    pub(crate) resync: bool,
    /// The segment asks for key units only.
    pub(crate) key_units: bool,
    /// It passes without entering the memory (GAP, CORRUPTED, DECODE_ONLY, switched off).
    pub(crate) untouched: bool,
}

/// Every event and condition of the state contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    dead_code,
    reason = "rows that change nothing are part of the table too"
)]
pub(crate) enum Happening {
    /// FLUSH_START, from any thread.
    FlushStart,
    /// FLUSH_STOP.
    FlushStop,
    /// SEGMENT; `jump` where more than `stop` or `position` differs from the current one.
    Segment {
        /// It does not carry on the current segment.
        jump: bool,
    },
    /// SEGMENT_DONE.
    SegmentDone,
    /// INSTANT_RATE_CHANGE.
    InstantRateChange,
    /// A frame came in.
    Buffer(Arrival),
    /// GAP event.
    GapEvent {
        /// Running time without a frame, up to the end of the gap.
        hole: u64,
        /// As in [`Arrival`].
        max_gap: u64,
    },
    /// A late frame was dropped or bypassed by QoS.
    Late,
    /// A frame was bypassed after a failure.
    Bypassed,
    /// CAPS.
    Caps(CapsChange),
    /// STREAM_START.
    StreamStart {
        /// Its stream-id is not the current one.
        other: bool,
    },
    /// The incoming frame belongs to another shot.
    SceneCut,
    /// A property of mixing or of the rules was set (`strength`, `split-*`, `qos`, `max-gap`, …).
    RuleSet,
    /// `enabled` was set to this.
    Enabled(bool),
    /// A property that acts at the next start was set.
    StartSettingSet,
    /// Signal `reset`, seen before the next frame in.
    UserReset,
    /// The network gave NaN or Inf.
    NotFinite,
    /// The engine failed on a frame.
    EngineError,
    /// The state of the network is not finite or out of bounds.
    Diverged,
    /// Memory ran out and the tiling changed.
    TilingChanged,
    /// EOS.
    Eos,
    /// PLAYING to PAUSED, or back.
    Pause,
    /// PAUSED to READY.
    Stop,
    /// READY to PAUSED.
    Start,
    /// Relink, or RECONFIGURE from below; caps that differ come as [`Happening::Caps`].
    Reconfigure,
}

/// The state contract, row by row.
///
/// A reset is answered also where nothing is remembered yet; [`Timeline`] knows whether there is.
pub(crate) fn decide(happening: Happening) -> Decision {
    use Happening as H;
    match happening {
        // The past is doomed, but FLUSH_STOP counts its end: a reset here would count it twice.
        H::FlushStart => Decision::keep(Line::Drop),
        H::FlushStop => Decision::reset(Line::Drop, Reason::Flush),
        H::Segment { jump: true } | H::SegmentDone => Decision::reset(Line::Drain, Reason::Segment),
        H::Buffer(arrival) => decide_arrival(arrival),
        H::GapEvent { hole, max_gap } if hole > max_gap => {
            Decision::reset(Line::Drain, Reason::Gap)
        }
        H::GapEvent { .. } => Decision::keep(Line::Drain),
        H::Caps(CapsChange::Size | CapsChange::Other) => Decision::reset(Line::Drain, Reason::Caps),
        H::StreamStart { other: true } => Decision::reset(Line::Drain, Reason::StreamStart),
        H::SceneCut => Decision::reset(Line::Drain, Reason::SceneCut),
        H::Enabled(true) => Decision::reset(Line::Keep, Reason::Enabled),
        H::UserReset => Decision::reset(Line::Keep, Reason::User),
        H::NotFinite | H::EngineError | H::TilingChanged => {
            Decision::reset(Line::Keep, Reason::Error)
        }
        H::Diverged => Decision::reset(Line::Keep, Reason::Diverged),
        H::Eos => Decision::reset(Line::Drain, Reason::Eos),
        // Stopping has no reason of its own: the counters begin anew at the next start.
        H::Stop | H::Start => Decision::reset(Line::Drop, Reason::Start),
        H::Segment { jump: false } | H::InstantRateChange | H::Late | H::Bypassed => Decision::KEEP,
        H::Caps(CapsChange::Equal) | H::StreamStart { other: false } => Decision::KEEP,
        // Frozen: kept and not fed. The line goes on, so the delay does not jump.
        H::Enabled(false) => Decision::KEEP,
        H::RuleSet | H::StartSettingSet | H::Pause | H::Reconfigure => Decision::KEEP,
    }
}

/// The rows about frames: flags first where they overrule time, then time.
fn decide_arrival(arrival: Arrival) -> Decision {
    if arrival.untouched {
        return Decision::KEEP;
    }
    let reason = match arrival.motion {
        Motion::First => None,
        _ if arrival.resync => Some(Reason::Discont),
        Motion::Back => Some(Reason::Backward),
        // With usable time DISCONT does not count: leaky queues set it on every hole.
        Motion::Hole(hole) => (hole > arrival.max_gap).then_some(Reason::Gap),
        Motion::Unknown => arrival.discont.then_some(Reason::Discont),
    };
    match reason {
        Some(reason) => Decision::reset(Line::Drain, reason),
        None if arrival.key_units => Decision::keep(Line::Drain),
        None => Decision::KEEP,
    }
}
