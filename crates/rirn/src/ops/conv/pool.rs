// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small pool of threads for jobs of many short chunks. The caller works too, and chunks go to
//! whoever comes next, so that a thread that does not get a processor delays nobody: the caller
//! waits only for chunks that have begun. Workers look for the next job for a moment and
//! then sleep, which leaves the processor to whatever runs beside. A call from inside a job, and
//! one that finds the pool taken by another thread, run on the calling thread.
#![allow(unsafe_code)]

mod gate;

use crate::ops::conv::parallel::{Inline, Parallel};
use gate::Gate;
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a thread looks for work or for the end of a job before it goes to sleep: about as long as a
/// sleeper needs to wake; most jobs of a step follow each other faster.
const LOOK: Duration = Duration::from_micros(100);

/// Looks between two glances at the clock.
const LOOKS: usize = 32;

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

/// What caller and workers share. Nobody takes the lock but to sleep and to wake a sleeper.
#[derive(Default)]
struct Shared {
    gate: Gate,
    /// The job on the stack of its caller, who stays until no worker is inside.
    job: AtomicPtr<Task<'static>>,
    /// Workers that sleep or are about to.
    asleep: AtomicUsize,
    /// Whether the caller sleeps or is about to.
    caller_asleep: AtomicBool,
    end: AtomicBool,
    lock: Mutex<()>,
    /// Wakes workers: a job, or the end.
    wake: Condvar,
    /// Wakes the caller: the last worker has left the job.
    left: Condvar,
}

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
        // Only the lifetime changes. Workers use the task while they are inside; `Shared::close` below
        // waits until nobody is, and nothing between here and there can panic.
        let job = std::ptr::from_ref(task).cast_mut().cast();
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
        self.shared.end.store(true, Ordering::SeqCst);
        drop(self.shared.lock());
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
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets workers join a job and wakes as many as can be of use.
    fn open(&self, job: *mut Task<'static>, useful: usize) {
        self.job.store(job, Ordering::Relaxed);
        self.gate.open();
        let asleep = self.asleep.load(Ordering::SeqCst).min(useful);
        if asleep > 0 {
            // Whoever counts as asleep has the lock until it sleeps.
            drop(self.lock());
            (0..asleep).for_each(|_| self.wake.notify_one());
        }
    }

    /// Ends joining and waits for the workers inside.
    fn close(&self) {
        self.gate.close();
        if look(|| self.gate.is_empty()) {
            return;
        }
        let mut guard = self.lock();
        self.caller_asleep.store(true, Ordering::SeqCst);
        while !self.gate.is_empty() {
            guard = self
                .left
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.caller_asleep.store(false, Ordering::SeqCst);
    }

    /// What a worker does all its life.
    fn work(&self, number: usize) {
        let mut seen = 0;
        while let Some(job) = self.next(seen) {
            seen = job;
            if !self.gate.join(job) {
                continue;
            }
            // SAFETY: this thread is inside, so that the caller still waits.
            unsafe { &*self.job.load(Ordering::Relaxed) }.work(number);
            if self.gate.leave() && self.caller_asleep.load(Ordering::SeqCst) {
                drop(self.lock());
                self.left.notify_one();
            }
        }
    }

    /// Waits for a job after `seen`; `None` at the end.
    fn next(&self, seen: usize) -> Option<usize> {
        let mut found = None;
        let mut is_there = || {
            found = self.gate.news(seen);
            found.is_some()
        };
        if look(&mut is_there) {
            return found;
        }
        let mut guard = self.lock();
        self.asleep.fetch_add(1, Ordering::SeqCst);
        while !is_there() && !self.end.load(Ordering::SeqCst) {
            guard = self
                .wake
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        found
    }
}

/// Looks for a while; whether it was found.
fn look(mut is_there: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    loop {
        for _ in 0..LOOKS {
            if is_there() {
                return true;
            }
            std::hint::spin_loop();
        }
        if begin.elapsed() >= LOOK {
            return false;
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
