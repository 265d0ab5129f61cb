// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel asks of whoever gives it threads. The kernels hand out their chunks themselves,
//! so that no implementation of [`Parallel`] can make two threads write the same pixels.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bands that each thread should find, where a map has so many rows.
const BANDS_PER_THREAD: usize = 4;

/// Calls a body several times, perhaps from several threads at once.
pub(crate) trait Parallel: Sync {
    /// How many threads may be in the body at the same time, at least 1.
    fn threads(&self) -> usize;

    /// Calls `body(chunk, thread)` once for every chunk below `chunks`, with `thread` below
    /// [`Self::threads`], and returns when every call has returned.
    fn run(&self, chunks: usize, body: &(dyn Fn(usize, usize) + Sync));
}

/// One chunk after the other on the thread that asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Inline;

impl Parallel for Inline {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, chunks: usize, body: &(dyn Fn(usize, usize) + Sync)) {
        (0..chunks).for_each(|chunk| body(chunk, 0));
    }
}

/// Calls `body(chunks, thread)` on every thread, with an iterator over the chunks that the thread is to
/// do: all `count` of them are given to one thread each. Every thread begins with a share of its
/// own, the same in every call with this count, so that it finds in its caches what it wrote there in the
/// call before; whoever is done takes from the ends of the others' shares.
pub(crate) fn in_shares(
    count: usize,
    threads: &dyn Parallel,
    body: impl Fn(Share<'_>, usize) + Sync,
) {
    let sharers = threads.threads().clamp(1, count.max(1));
    let shares = Shares::new(count, sharers);
    threads.run(sharers, &|_, thread| {
        let own = thread % sharers;
        let shares = &shares;
        body(Share { shares, own }, thread);
    });
}

/// Cuts `rows` into bands of at most so many, fewer where threads would find nothing to do else, and
/// calls `body(bands, thread)` on every thread with the bands that it is to do.
pub(crate) fn in_bands(
    rows: usize,
    most: usize,
    threads: &dyn Parallel,
    body: impl Fn(&mut dyn Iterator<Item = Range<usize>>, usize) + Sync,
) {
    let share = rows.div_ceil(BANDS_PER_THREAD.saturating_mul(threads.threads().max(1)));
    let per_band = share.clamp(1, most);
    in_shares(rows.div_ceil(per_band), threads, |bands, thread| {
        let first = bands.map(|band| band * per_band);
        body(
            &mut first.map(|first| first..rows.min(first + per_band)),
            thread,
        );
    });
}

/// What is left of the chunks of a call, a range for each thread.
struct Shares(Vec<Rest>);

/// A range, begin and end in one number, on a cache line of its own.
#[repr(align(64))]
struct Rest(AtomicU64);

/// The chunks of one thread.
pub(crate) struct Share<'a> {
    shares: &'a Shares,
    own: usize,
}

impl Shares {
    fn new(count: usize, sharers: usize) -> Self {
        // A call has fewer chunks than a map has rows.
        let edge = |number: usize| (count * number / sharers) as u64;
        let rest = |number| Rest(AtomicU64::new(edge(number) << 32 | edge(number + 1)));
        Self((0..sharers).map(rest).collect())
    }
}

impl Rest {
    /// Takes one chunk, the first one of a share of one's own.
    fn take(&self, is_own: bool) -> Option<usize> {
        let take = |rest: u64| {
            let (first, end) = (rest >> 32, rest & u64::from(u32::MAX));
            (first < end).then(|| if is_own { rest + (1 << 32) } else { rest - 1 })
        };
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let (first, last) = before
            .map(|rest| (rest >> 32, (rest & u64::from(u32::MAX)) - 1))
            .ok()?;
        Some(if is_own { first } else { last } as usize)
    }
}

impl Iterator for Share<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let all = &self.shares.0;
        let others = (1..all.len()).map(|step| &all[(self.own + step) % all.len()]);
        let from_others = || others.into_iter().find_map(|rest| rest.take(false));
        all[self.own].take(true).or_else(from_others)
    }
}

#[cfg(test)]
mod tests {
    use super::{Share, Shares, in_bands};
    use crate::ops::conv::pool::Pool;
    use std::sync::Mutex;

    #[test]
    fn a_thread_does_its_own_share_in_order_and_then_the_ends_of_the_others() {
        let shares = Shares::new(7, 3);
        let mut of = [0, 1, 2].map(|own| Share {
            shares: &shares,
            own,
        });
        assert_eq!(of[1].next(), Some(2));
        assert_eq!(of[0].by_ref().collect::<Vec<_>>(), [0, 1, 3, 6, 5, 4]);
        assert_eq!(of.map(|mut share| share.next()), [None; 3]);
    }

    #[test]
    fn bands_cover_all_rows_once() {
        let pool = Pool::new(3);
        for rows in [1, 2, 3, 5, 24, 97] {
            let seen = Mutex::new(Vec::new());
            in_bands(rows, 5, &pool, |bands, _| {
                bands.for_each(|band| seen.lock().expect("no panic").extend(band));
            });
            let mut seen = seen.into_inner().expect("no panic");
            seen.sort_unstable();
            assert_eq!(seen, (0..rows).collect::<Vec<_>>());
        }
    }
}
