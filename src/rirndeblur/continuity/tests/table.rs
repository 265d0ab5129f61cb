// SPDX-License-Identifier: MIT OR Apache-2.0
//! Section 7 of the contract as literal tables, one entry per row and case.

use super::super::Happening as H;
use super::*;

/// Name of the row, what happens, and the answer.
type Row = (&'static str, Happening, Decision);

const DROP: Decision = Decision::keep(Line::Drop);

/// The line goes on, the past is forgotten.
const fn reset(reason: Reason) -> Decision {
    Decision::reset(Line::Keep, reason)
}

/// The line is drained, the past is forgotten.
const fn drained(reason: Reason) -> Decision {
    Decision::reset(Line::Drain, reason)
}

/// The line is thrown away, the past is forgotten.
const fn dropped(reason: Reason) -> Decision {
    Decision::reset(Line::Drop, reason)
}

const fn arrival(motion: Motion) -> Arrival {
    Arrival {
        motion,
        max_gap: 500 * MS,
        discont: false,
        resync: false,
        key_units: false,
        untouched: false,
    }
}

/// A frame after a hole of so many milliseconds.
const fn hole(ms: u64) -> Arrival {
    arrival(Motion::Hole(ms * MS))
}

const FIRST: Arrival = arrival(Motion::First);
const UNKNOWN: Arrival = arrival(Motion::Unknown);
const BACK: Arrival = arrival(Motion::Back);

const fn plain(arrival: Arrival) -> Happening {
    H::Buffer(arrival)
}

const fn discont(arrival: Arrival) -> Happening {
    H::Buffer(Arrival {
        discont: true,
        ..arrival
    })
}

const fn resync(arrival: Arrival) -> Happening {
    H::Buffer(Arrival {
        resync: true,
        ..arrival
    })
}

const fn key_unit(arrival: Arrival) -> Happening {
    H::Buffer(Arrival {
        key_units: true,
        ..arrival
    })
}

const fn untouched(arrival: Arrival) -> Happening {
    H::Buffer(Arrival {
        untouched: true,
        ..arrival
    })
}

const fn gap(ms: u64) -> Happening {
    H::GapEvent {
        hole: ms * MS,
        max_gap: 500 * MS,
    }
}

const SAME_STREAM: Happening = H::StreamStart { other: false };
const OTHER_STREAM: Happening = H::StreamStart { other: true };
const JUMP: Happening = H::Segment { jump: true };
const NO_JUMP: Happening = H::Segment { jump: false };

const EVENTS: &[Row] = &[
    ("FLUSH_START", H::FlushStart, DROP),
    ("FLUSH_STOP", H::FlushStop, dropped(Reason::Flush)),
    ("SEGMENT, first, same, end moved", NO_JUMP, KEEP),
    ("any other SEGMENT", JUMP, drained(Reason::Segment)),
    ("SEGMENT_DONE", H::SegmentDone, drained(Reason::Segment)),
    ("INSTANT_RATE_CHANGE", H::InstantRateChange, KEEP),
    ("GAP event <= max-gap", gap(500), DRAIN),
    ("GAP event > max-gap", gap(501), drained(Reason::Gap)),
    ("CAPS equal", H::Caps(CapsChange::Equal), KEEP),
    (
        "CAPS: size",
        H::Caps(CapsChange::Size),
        drained(Reason::Caps),
    ),
    (
        "CAPS: anything else",
        H::Caps(CapsChange::Other),
        drained(Reason::Caps),
    ),
    ("STREAM_START, same id", SAME_STREAM, KEEP),
    (
        "STREAM_START, other id",
        OTHER_STREAM,
        drained(Reason::StreamStart),
    ),
    ("EOS", H::Eos, drained(Reason::Eos)),
    ("relink, RECONFIGURE", H::Reconfigure, KEEP),
];

const FRAMES: &[Row] = &[
    ("first frame", plain(FIRST), KEEP),
    ("first frame, DISCONT", discont(FIRST), KEEP),
    ("first frame, RESYNC", resync(FIRST), KEEP),
    (
        "key-unit trick mode, <= max-gap",
        key_unit(hole(500)),
        DRAIN,
    ),
    (
        "key-unit trick mode, > max-gap",
        key_unit(hole(501)),
        drained(Reason::Gap),
    ),
    ("DISCONT with PTS within max-gap", discont(hole(500)), KEEP),
    (
        "DISCONT, hole > max-gap",
        discont(hole(501)),
        drained(Reason::Gap),
    ),
    (
        "DISCONT, PTS going back",
        discont(BACK),
        drained(Reason::Backward),
    ),
    (
        "DISCONT without usable PTS",
        discont(UNKNOWN),
        drained(Reason::Discont),
    ),
    ("flag RESYNC", resync(hole(0)), drained(Reason::Discont)),
    (
        "flag RESYNC without PTS",
        resync(UNKNOWN),
        drained(Reason::Discont),
    ),
    ("frames that touch", plain(hole(0)), KEEP),
    ("hole <= max-gap", plain(hole(500)), KEEP),
    ("hole > max-gap", plain(hole(501)), drained(Reason::Gap)),
    ("PTS going back", plain(BACK), drained(Reason::Backward)),
    ("frame without PTS", plain(UNKNOWN), KEEP),
    ("dropped or bypassed by QoS", H::Late, KEEP),
    ("bypassed by error", H::Bypassed, KEEP),
    ("GAP, CORRUPTED", untouched(hole(501)), KEEP),
    ("GAP, CORRUPTED, going back", untouched(BACK), KEEP),
    ("scene cut", H::SceneCut, drained(Reason::SceneCut)),
];

const REST: &[Row] = &[
    ("strength, split-*, qos, max-gap set", H::RuleSet, KEEP),
    ("enabled false", H::Enabled(false), KEEP),
    (
        "enabled true again",
        H::Enabled(true),
        reset(Reason::Enabled),
    ),
    ("R property set", H::StartSettingSet, KEEP),
    ("signal reset", H::UserReset, reset(Reason::User)),
    ("NaN on a frame", H::NotFinite, reset(Reason::Error)),
    (
        "engine error on a frame",
        H::EngineError,
        reset(Reason::Error),
    ),
    (
        "state not finite or above 1e4",
        H::Diverged,
        reset(Reason::Diverged),
    ),
    (
        "out of memory, tiling changed",
        H::TilingChanged,
        reset(Reason::Error),
    ),
    ("PLAYING to PAUSED to PLAYING", H::Pause, KEEP),
    ("PAUSED to READY", H::Stop, dropped(Reason::Start)),
    ("READY to PAUSED", H::Start, dropped(Reason::Start)),
];

#[test]
fn every_row_of_the_contract_has_its_answer() {
    for &(row, happening, wanted) in [EVENTS, FRAMES, REST].concat().iter() {
        assert_eq!(decide(happening), wanted, "{row}");
    }
}

#[test]
fn no_hole_is_longer_than_the_longest_max_gap() {
    let never = Arrival {
        max_gap: u64::MAX,
        ..arrival(Motion::Hole(u64::MAX))
    };
    assert_eq!(decide(H::Buffer(never)), KEEP);
    let event = H::GapEvent {
        hole: u64::MAX,
        max_gap: u64::MAX,
    };
    assert_eq!(decide(event), DRAIN);
}

#[test]
fn reasons_are_the_words_of_the_contract() {
    let all = [
        (Reason::Flush, "flush"),
        (Reason::Segment, "segment"),
        (Reason::StreamStart, "stream-start"),
        (Reason::Caps, "caps"),
        (Reason::Gap, "gap"),
        (Reason::Backward, "backward"),
        (Reason::Discont, "discont"),
        (Reason::SceneCut, "scene-cut"),
        (Reason::User, "user"),
        (Reason::Enabled, "enabled"),
        (Reason::Diverged, "diverged"),
        (Reason::Eos, "eos"),
        (Reason::Error, "error"),
        (Reason::Start, "start"),
    ];
    for (reason, word) in all {
        assert_eq!(reason.as_str(), word);
    }
}
