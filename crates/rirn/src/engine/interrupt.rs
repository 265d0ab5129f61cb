// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Interrupt`]: how another thread ends a wait for the worker at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Reason bit: a flush is under way.
pub const FLUSHING: u8 = 1;
/// Reason bit: the element stops.
pub const STOPPING: u8 = 2;

type Wake = Box<dyn Fn() + Send>;

#[derive(Default)]
struct Inner {
    reasons: u8,
    wake: Option<Wake>,
}

/// A latch that ends waits. As long as any reason is raised every wait ends with
/// [`crate::Error::Interrupted`], also one that begins later. Clones share the latch.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Mutex<Inner>>);

impl Interrupt {
    /// A latch without a reason.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises `reason` and wakes the waiting thread. Returns at once, from any thread.
    pub fn raise(&self, reason: u8) {
        let mut inner = self.lock();
        inner.reasons |= reason;
        if let Some(wake) = inner.wake.take() {
            wake();
        }
    }

    /// Takes `reason` back; other reasons stay.
    pub fn clear(&self, reason: u8) {
        self.lock().reasons &= !reason;
    }

    /// Whether any reason is raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.lock().reasons != 0
    }

    /// Sets what wakes the wait that begins now; false if it must not begin.
    pub(super) fn arm(&self, wake: Wake) -> bool {
        let mut inner = self.lock();
        if inner.reasons == 0 {
            inner.wake = Some(wake);
        }
        inner.reasons == 0
    }

    /// The wait is over.
    pub(super) fn disarm(&self) {
        self.lock().wake = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
