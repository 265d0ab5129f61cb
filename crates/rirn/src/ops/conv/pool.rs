// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small pool of threads for jobs of many short chunks. The caller works too, and chunks go to
//! whoever comes next, so that a thread that does not get a processor delays nobody: the caller
//! waits only for chunks that have begun. Workers look for the next job for a moment and
//! then sleep, which leaves the processor to whatever runs beside. A call from inside a job, and
//! one that finds the pool taken by another thread, run on the calling thread.
#![allow(unsafe_code)]

use crate::ops::conv::parallel::{Inline, Parallel};
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};

/// Looks at the shared state before a thread goes to sleep: about 50 microseconds, as long as a sleeper
/// needs to wake; most jobs of a step follow each other faster.
const SPINS: usize = 1500;

thread_local! {
    /// Whether this thread is inside a job of a pool.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Some threads that wait for work.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    /// Held by the thread whose job runs.
    caller: Mutex<()>,
    workers: Vec<JoinHandle<()>>,
}

/// What caller and workers share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes workers: a job, or the end.
    wake: Condvar,
    /// Wakes the caller: the last worker has left the job.
    left: Condvar,
    /// Counts jobs and the end, for workers that look without the lock.
    news: AtomicUsize,
    /// Workers in the job, for a caller that looks without the lock.
    inside: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// The job, as long as workers may join.
    job: Option<Job>,
    sleepers: usize,
    end: bool,
}

/// A job on the stack of its caller, who stays until no worker is inside.
#[derive(Clone, Copy)]
struct Job(*const Task<'static>);

// SAFETY: what it points to can be shared among threads, and lives as long as it is used.
unsafe impl Send for Job {}

/// The chunks of a job and what became of them.
struct Task<'a> {
    body: &'a (dyn Fn(usize, usize) + Sync),
    chunks: usize,
    next: AtomicUsize,
    failed: AtomicBool,
    panics: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Pool {
    /// A pool of `threads` threads, the calling one among them. The others start with its
    /// treatment of denormals. A thread that the system refuses is done without.
    #[must_use]
    pub(crate) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let start = |number: usize| {
            let shared = Arc::clone(&shared);
            let builder = thread::Builder::new().name(format!("rirn-pool-{number}"));
            builder.spawn(move || {
                INSIDE.set(true);
                shared.work(number);
            })
        };
        let workers = (1..threads)
            .map_while(|number| start(number).ok())
            .collect();
        Self {
            shared,
            caller: Mutex::new(()),
            workers,
        }
    }

    /// Runs a task with the workers.
    fn share(&self, task: &Task<'_>) {
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. Workers use the task while they are counted in
        // `inside`; `Shared::close` below ends joining and waits until nobody is counted, and
        // nothing between here and there can panic.
        let job =
            Job(unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) });
        shared.open(job, task.chunks - 1);
        INSIDE.set(true);
        task.work(0);
        INSIDE.set(false);
        shared.close();
    }
}

impl Parallel for Pool {
    fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// # Panics
    /// With the first panic of a chunk, when all chunks that had begun are done. The others are
    /// left out.
    fn run(&self, chunks: usize, body: &(dyn Fn(usize, usize) + Sync)) {
        if self.workers.is_empty() || chunks < 2 || INSIDE.get() {
            return Inline.run(chunks, body);
        }
        let _caller = match self.caller.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => return Inline.run(chunks, body),
        };
        let task = Task {
            body,
            chunks,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            panics: Mutex::new(Vec::new()),
        };
        self.share(&task);
        let panics = task.panics.into_inner();
        let panics = panics.unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = panics.into_iter().next() {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().end = true;
        self.shared.news.fetch_add(1, Ordering::Release);
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // Panics of chunks are caught; a worker has none of its own.
            let _ = worker.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads())
            .finish()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets workers join a job and wakes as many as can be of use.
    fn open(&self, job: Job, useful: usize) {
        let mut state = self.lock();
        state.job = Some(job);
        self.news.fetch_add(1, Ordering::Release);
        let sleepers = state.sleepers.min(useful);
        drop(state);
        (0..sleepers).for_each(|_| self.wake.notify_one());
    }

    /// Ends joining and waits for the workers inside.
    fn close(&self) {
        self.lock().job = None;
        // Joining and leaving change the count under the lock or after it, never upwards from here.
        for _ in 0..SPINS {
            if self.inside.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut state = self.lock();
        while self.inside.load(Ordering::Acquire) != 0 {
            state = self
                .left
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What a worker does all its life.
    fn work(&self, number: usize) {
        let mut seen = 0;
        while let Some(job) = self.join(&mut seen) {
            // SAFETY: this thread is counted in `inside`, so that the caller still waits.
            unsafe { &*job.0 }.work(number);
            // Under the lock, so that the caller cannot miss it between look and sleep.
            let state = self.lock();
            if self.inside.fetch_sub(1, Ordering::Release) == 1 && state.job.is_none() {
                self.left.notify_one();
            }
        }
    }

    /// Waits for a job that this worker has not seen and joins it; `None` at the end.
    fn join(&self, seen: &mut usize) -> Option<Job> {
        for _ in 0..SPINS {
            if self.news.load(Ordering::Acquire) != *seen {
                break;
            }
            std::hint::spin_loop();
        }
        let mut state = self.lock();
        loop {
            if state.end {
                return None;
            }
            let news = self.news.load(Ordering::Acquire);
            if news != *seen {
                *seen = news;
                if let Some(job) = state.job {
                    self.inside.fetch_add(1, Ordering::Acquire);
                    return Some(job);
                }
            }
            state.sleepers += 1;
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleepers -= 1;
        }
    }
}

impl Task<'_> {
    /// Takes chunks until none is left. Never panics.
    fn work(&self, thread: usize) {
        let chunks = catch_unwind(AssertUnwindSafe(|| {
            while !self.failed.load(Ordering::Relaxed) {
                let chunk = self.next.fetch_add(1, Ordering::Relaxed);
                if chunk >= self.chunks {
                    break;
                }
                (self.body)(chunk, thread);
            }
        }));
        if let Err(panic) = chunks {
            self.failed.store(true, Ordering::Relaxed);
            let mut panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
            panics.push(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Pool};

    #[test]
    fn workers_end_with_the_pool() {
        let pool = Pool::new(4);
        let shared = Arc::downgrade(&pool.shared);
        assert_eq!(shared.strong_count(), 4);
        drop(pool);
        assert_eq!(shared.strong_count(), 0);
    }
}
