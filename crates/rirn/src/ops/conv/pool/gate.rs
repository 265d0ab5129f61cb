// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who is in a job and who may come, without a lock.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many workers are inside, whether more may join, and which job it is, in one number, so that
/// joining and closing cannot cross.
#[derive(Default)]
pub(super) struct Gate(AtomicUsize);

/// Of a [`Gate`]: more may join.
const OPEN: usize = 1 << 16;
/// Of a [`Gate`]: the workers inside.
const INSIDE_NOW: usize = OPEN - 1;
/// From the number of a job to that of the next.
const NEXT: usize = OPEN << 1;

impl Gate {
    /// Opens it for the next job. Nobody is inside, and only the caller calls this.
    pub(super) fn open(&self) {
        let number = self.0.load(Ordering::Relaxed) & !(NEXT - 1);
        let open = number.wrapping_add(NEXT) | OPEN;
        self.0.store(open, Ordering::SeqCst);
    }

    /// Lets nobody join any more.
    pub(super) fn close(&self) {
        self.0.fetch_and(!OPEN, Ordering::SeqCst);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Ordering::SeqCst) & INSIDE_NOW == 0
    }

    /// The number of the job that one may join, unless it is `seen`.
    pub(super) fn news(&self, seen: usize) -> Option<usize> {
        let now = self.0.load(Ordering::SeqCst);
        let number = now & !(NEXT - 1);
        (now & OPEN != 0 && number != seen).then_some(number)
    }

    /// Joins the job of that number, if it is still open.
    pub(super) fn join(&self, number: usize) -> bool {
        let may = |now: usize| (now & !INSIDE_NOW == number | OPEN).then_some(now + 1);
        let (set, get) = (Ordering::SeqCst, Ordering::Relaxed);
        self.0.fetch_update(set, get, may).is_ok()
    }

    /// Leaves the job; whether nobody is inside now and nobody may join.
    pub(super) fn leave(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) & (INSIDE_NOW | OPEN) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn one_joins_an_open_job_once_and_the_last_one_out_is_told() {
        let gate = Gate::default();
        assert_eq!(gate.news(0), None);
        gate.open();
        let first = gate.news(0).expect("a job");
        assert_eq!(gate.news(first), None);
        assert!(gate.join(first) && gate.join(first));
        assert!(!gate.leave(), "another one is inside, and more may come");
        gate.close();
        assert!(!gate.join(first) && gate.news(0).is_none() && !gate.is_empty());
        assert!(gate.leave() && gate.is_empty());
    }

    #[test]
    fn whoever_is_late_does_not_join_the_next_job_as_the_last() {
        let gate = Gate::default();
        gate.open();
        let first = gate.news(0).expect("a job");
        gate.close();
        gate.open();
        assert!(!gate.join(first));
        let second = gate.news(first).expect("another job");
        assert!(second != first && gate.join(second));
        assert!(!gate.leave(), "more may come");
    }
}
