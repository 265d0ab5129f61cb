// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory for kernels: numbers that begin on a cache line and are always initialised, and the
//! scratch memory that a network keeps from call to call.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Numbers in a cache line.
pub(crate) const LINE: usize = 16;

/// A cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Numbers that begin on a cache line.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// At least `numbers` zeros.
    pub(crate) fn zeros(numbers: usize) -> Self {
        let mut lines = Self::default();
        lines.grow(numbers);
        lines
    }

    /// Room for at least `numbers`; what is new is zero.
    pub(crate) fn grow(&mut self, numbers: usize) {
        let lines = numbers.div_ceil(LINE);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; LINE]));
        }
    }

    /// The first number.
    pub(crate) fn as_ptr(&self) -> *const f32 {
        self.0.as_ptr().cast()
    }

    /// The first number, to write.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }

    /// Writes one number.
    pub(crate) fn set(&mut self, at: usize, number: f32) {
        self.0[at / LINE].0[at % LINE] = number;
    }
}

/// Memory for what happens between input and output, one piece a thread. It grows to what the
/// largest layer needs and can be shared by all layers that run one after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Vec<Mutex<Lines>>);

impl Scratch {
    /// A piece for each of `threads` threads.
    pub(crate) fn prepare(&mut self, threads: usize) {
        let threads = threads.max(1);
        if self.0.len() < threads {
            self.0.resize_with(threads, Mutex::default);
        }
    }

    /// The piece of a thread. Two threads that call themselves the same wait for each other.
    pub(crate) fn piece(&self, thread: usize) -> MutexGuard<'_, Lines> {
        let piece = &self.0[thread % self.0.len()];
        piece.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
