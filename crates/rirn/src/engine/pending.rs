// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Pending`]: how many jobs of an engine the worker still holds, waited for or not.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Default)]
struct Jobs {
    count: Mutex<usize>,
    none: Condvar,
}

/// A count of jobs that outlives their engine. Clones share the count.
#[derive(Clone, Default)]
pub struct Pending(Arc<Jobs>);

impl Pending {
    /// Waits until the worker has let go of every job, `limit` at most. Jobs that nobody waits for
    /// go on to the end of a layer; a process that ends while LibTorch computes may crash in its
    /// destructors.
    pub fn settle(&self, limit: Duration) {
        let count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .0
            .none
            .wait_timeout_while(count, limit, |count| *count > 0);
        drop(waited);
    }

    /// Counts a job for as long as the guard lives.
    pub(super) fn enter(&self) -> Guard {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Guard(Arc::clone(&self.0))
    }
}

/// A job that is counted.
pub(super) struct Guard(Arc<Jobs>);

impl Drop for Guard {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count -= 1;
        if *count == 0 {
            self.0.none.notify_all();
        }
    }
}
