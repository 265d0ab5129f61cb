// SPDX-License-Identifier: MIT OR Apache-2.0
//! How many CPU threads compute. Own kernels have a pool of their own, LibTorch has OpenMP's, whose
//! threads look for work for milliseconds after each call and take the processor from the pool. So
//! LibTorch gets one thread where own kernels do the work, and all of them elsewhere.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What was asked for; 0 leaves it to LibTorch.
static WISH: AtomicUsize = AtomicUsize::new(0);

/// Asks for so many threads, for all networks of the process.
pub(crate) fn wish(threads: usize) {
    WISH.store(threads, Ordering::Relaxed);
}

/// Threads that compute together.
pub(crate) fn count() -> usize {
    static CHOICE: OnceLock<usize> = OnceLock::new();
    let choice = || usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1);
    match WISH.load(Ordering::Relaxed) {
        0 => *CHOICE.get_or_init(choice),
        wish => wish,
    }
}

/// Gives LibTorch its threads on the calling thread: one beside own kernels.
pub(crate) fn give_libtorch(beside_own: bool) {
    let count = count();
    let threads = i32::try_from(if beside_own { 1 } else { count }).unwrap_or(i32::MAX);
    if tch::get_num_threads() != threads {
        tch::set_num_threads(threads);
    }
}
