// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which frames are late, by what the sink below has said last: `docs/ELEMENT.md`, QoS. Times are
//! nanoseconds of running time.

/// Longest time without a frame that is let through, so that a picture moves and the memory lives.
const LONGEST_SILENCE: u64 = 1_000_000_000;

/// What the sink has said, and which frame was let through last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lateness {
    complaint: Option<Complaint>,
    last_let_through: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Complaint {
    /// A frame that begins up to here comes too late.
    earliest: u64,
    /// Share of the real speed at which frames would have to be made.
    proportion: f64,
}

/// A frame that is late.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Late {
    /// By how much, never negative.
    pub(crate) jitter: i64,
    /// As the sink has given it.
    pub(crate) proportion: f64,
}

impl Lateness {
    /// A QOS event: the frame of `timestamp` was late by `diff`, or early where that is negative.
    pub(crate) fn complain(&mut self, timestamp: Option<u64>, diff: i64, proportion: f64) {
        let earliest = timestamp.map(|timestamp| timestamp.saturating_add_signed(diff));
        self.complaint = earliest.map(|earliest| Complaint {
            earliest,
            proportion,
        });
    }

    /// A flush or another segment: running time begins anew.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Judges a frame that begins at `time`; none: in time, or not to be judged. The same frame may be
    /// judged again when its turn comes.
    pub(crate) fn judge(&mut self, time: Option<u64>) -> Option<Late> {
        let time = time?;
        let complaint = self.complaint?;
        let silence = time.abs_diff(*self.last_let_through.get_or_insert(time));
        let is_late = time <= complaint.earliest && silence <= LONGEST_SILENCE;
        is_late.then(|| Late {
            jitter: i64::try_from(complaint.earliest - time).unwrap_or(i64::MAX),
            proportion: complaint.proportion,
        })
    }

    /// The frame that begins at `time` was not late at its last judgement.
    pub(crate) fn let_through(&mut self, time: Option<u64>) {
        self.last_let_through = time.or(self.last_let_through);
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SILENCE, Lateness};

    /// A sink that has said that everything up to `earliest` comes too late.
    fn behind(earliest: u64) -> Lateness {
        let mut lateness = Lateness::default();
        lateness.complain(Some(earliest - 10), 10, 1.5);
        lateness
    }

    #[test]
    fn frames_up_to_the_earliest_time_are_late() {
        let mut lateness = behind(100);
        let late = lateness.judge(Some(60)).expect("late");
        assert_eq!((late.jitter, late.proportion), (40, 1.5));
        assert_eq!(lateness.judge(Some(100)).map(|late| late.jitter), Some(0));
        assert_eq!(lateness.judge(Some(101)), None);
    }

    #[test]
    fn a_sink_that_waits_makes_nothing_late() {
        let mut lateness = Lateness::default();
        lateness.complain(Some(100), -30, 0.5);
        assert_eq!(lateness.judge(Some(71)), None);
        assert!(lateness.judge(Some(70)).is_some());
        lateness.complain(Some(5), -30, 0.5);
        assert_eq!(lateness.judge(Some(1)), None, "before the beginning");
    }

    #[test]
    fn frames_and_complaints_without_time_are_not_judged() {
        assert_eq!(behind(100).judge(None), None);
        let mut lateness = behind(100);
        lateness.complain(None, 10, 1.0);
        assert_eq!(lateness.judge(Some(0)), None);
    }

    #[test]
    fn nothing_is_late_after_a_flush() {
        let mut lateness = behind(100);
        lateness.forget();
        assert_eq!(lateness.judge(Some(0)), None);
    }

    #[test]
    fn after_a_second_of_late_frames_one_is_let_through() {
        let mut lateness = behind(10 * LONGEST_SILENCE);
        assert!(lateness.judge(Some(5)).is_some(), "silence begins here");
        assert!(lateness.judge(Some(5 + LONGEST_SILENCE)).is_some());
        let late = Some(6 + LONGEST_SILENCE);
        assert_eq!(lateness.judge(late), None);
        assert_eq!(lateness.judge(late), None, "as before, when its turn comes");
        lateness.let_through(late);
        assert!(lateness.judge(Some(7 + LONGEST_SILENCE)).is_some(), "again");
    }

    #[test]
    fn a_frame_that_is_late_at_the_second_judgement_does_not_end_the_silence() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.judge(Some(0)), None);
        lateness.let_through(Some(0));
        assert_eq!(lateness.judge(Some(LONGEST_SILENCE)), None);
        lateness.complain(Some(10 * LONGEST_SILENCE), 10, 1.5);
        assert!(lateness.judge(Some(LONGEST_SILENCE)).is_some());
        assert_eq!(lateness.judge(Some(LONGEST_SILENCE + 1)), None);
    }
}
