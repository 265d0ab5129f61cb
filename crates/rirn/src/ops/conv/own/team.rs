// SPDX-License-Identifier: MIT OR Apache-2.0
//! The threads and the memory of whoever calls own kernels.

use crate::ops::conv::memory::Scratch;
use crate::ops::conv::parallel::in_shares;
use crate::ops::conv::pool::Pool;
use crate::ops::threads;
use std::cell::RefCell;
use std::num::NonZero;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// Threads that copy together, the calling one among them, where there are as many cores.
const COPIERS: usize = 4;

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

/// Calls `work` with every item on this thread's team. The items of a thread are those that it had in
/// the call before with as many, as far as it is not late ([`in_shares`]).
pub(in crate::ops) fn in_parallel<T: Send>(
    items: impl ExactSizeIterator<Item = T>,
    work: impl Fn(T) + Sync,
) {
    with_team(|team| with_items(&team.pool, items, work));
}

/// Calls `work` with every item on a few threads of the process that copy memory. One caller at a
/// time has them, another does its work alone.
pub(in crate::ops) fn by_copiers<T: Send>(
    items: impl ExactSizeIterator<Item = T>,
    work: impl Fn(T) + Sync,
) {
    static POOL: OnceLock<Pool> = OnceLock::new();
    let start = || {
        let cores = thread::available_parallelism();
        Pool::new(cores.map_or(1, NonZero::get).min(COPIERS))
    };
    with_items(POOL.get_or_init(start), items, work);
}

fn with_items<T: Send>(
    pool: &Pool,
    items: impl ExactSizeIterator<Item = T>,
    work: impl Fn(T) + Sync,
) {
    let items: Vec<_> = items.map(|item| Mutex::new(Some(item))).collect();
    let take = |place: usize| {
        let mut item = items[place].lock().unwrap_or_else(PoisonError::into_inner);
        item.take()
    };
    in_shares(items.len(), pool, |places, _| {
        places.filter_map(take).for_each(&work);
    });
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
