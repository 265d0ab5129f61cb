// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel asks of whoever gives it threads. The kernels hand out their chunks themselves,
//! so that no implementation of [`Parallel`] can make two threads write the same pixels.

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
