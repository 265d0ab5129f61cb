// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel asks of whoever gives it threads. The kernels hand out their chunks themselves,
//! so that no implementation of [`Parallel`] can make two threads write the same pixels.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Cuts `rows` into bands of at most so many, fewer where threads would find nothing to do else, and
/// calls `body(band, thread)` once for each.
pub(crate) fn in_bands(
    rows: usize,
    most: usize,
    threads: &dyn Parallel,
    body: impl Fn(Range<usize>, usize) + Sync,
) {
    let share = rows.div_ceil(BANDS_PER_THREAD.saturating_mul(threads.threads().max(1)));
    let per_band = share.clamp(1, most);
    let bands = rows.div_ceil(per_band);
    // Bands are handed out here and not by `threads`, so that none is handed out twice.
    let next = AtomicUsize::new(0);
    threads.run(bands, &|_, thread| {
        let band = next.fetch_add(1, Ordering::Relaxed);
        if band < bands {
            let first = band * per_band;
            body(first..rows.min(first + per_band), thread);
        }
    });
}
