// SPDX-License-Identifier: MIT OR Apache-2.0
//! The threads and the memory of whoever calls own kernels.

use crate::ops::conv::memory::Scratch;
use crate::ops::conv::parallel::Parallel;
use crate::ops::conv::pool::Pool;
use crate::ops::threads;
use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

thread_local! {
    /// Threads and memory for the layers that this thread runs, one after the other.
    static TEAM: RefCell<Option<Team>> = const { RefCell::new(None) };
}

/// The threads of one caller. They start with the caller's treatment of denormals, which Linux
/// hands on to new threads.
pub(super) struct Team {
    /// What was wanted, which the system need not have granted.
    threads: usize,
    pub(super) pool: Pool,
    pub(super) scratch: Scratch,
}

/// Calls `work` with every item on this thread's team, each on whichever thread is free.
pub(in crate::ops) fn in_parallel<T>(
    items: impl ExactSizeIterator<Item = T> + Send,
    work: impl Fn(T) + Sync,
) {
    let (count, items) = (items.len(), Mutex::new(items));
    let one = |_, _| {
        let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
        if let Some(item) = next {
            work(item);
        }
    };
    with_team(|team| team.pool.run(count, &one));
}

/// Calls `work` with this thread's team, made anew when another number of threads is wanted.
pub(super) fn with_team<R>(work: impl FnOnce(&mut Team) -> R) -> R {
    let threads = threads::count();
    TEAM.with_borrow_mut(|slot| {
        if slot.as_ref().is_some_and(|team| team.threads != threads) {
            *slot = None;
        }
        work(slot.get_or_insert_with(|| Team {
            threads,
            pool: Pool::new(threads),
            scratch: Scratch::default(),
        }))
    })
}
