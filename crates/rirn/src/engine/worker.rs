// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one thread per device and process that calls LibTorch.
//!
//! LibTorch keeps an OpenMP pool for every thread that calls it, so k elements computing on their
//! own streaming threads would cost k pools and fight for the cores; and a flush must not wait for
//! a running step. Jobs therefore go through this thread's queue, each with its whole past, and
//! the waiting caller can walk away: a job that has not begun is taken out of the queue, one that
//! runs sees its cancel flag before the next layer, and its result is dropped.

use super::{Interrupt, cpu, cuda};
use crate::cancel;
use crate::error::{Error, Result, caught};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tch::Device;

/// A job that waits for its turn.
struct Waiting {
    id: u64,
    cancelled: Arc<AtomicBool>,
    run: Box<dyn FnOnce() + Send>,
}

/// The workers started so far.
static WORKERS: Mutex<Vec<(Device, &'static Worker)>> = Mutex::new(Vec::new());

/// The queue of one device's thread. The thread is started on first use and never joined: a
/// library's destructor must not wait for a thread.
pub(super) struct Worker {
    queue: Mutex<VecDeque<Waiting>>,
    filled: Condvar,
    next: AtomicU64,
}

impl Worker {
    /// The worker of `device`.
    ///
    /// # Errors
    /// [`Error::Torch`] if its thread cannot be started.
    pub(super) fn of(device: Device) -> Result<&'static Self> {
        let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, worker)) = workers.iter().find(|(of, _)| *of == device) {
            return Ok(worker);
        }
        let worker: &'static Self = Box::leak(Box::new(Self {
            queue: Mutex::default(),
            filled: Condvar::new(),
            next: AtomicU64::new(0),
        }));
        let thread = std::thread::Builder::new().name("rirn-worker".into());
        thread
            .spawn(move || worker.run())
            .map_err(|error| Error::Torch(format!("no thread for the network: {error}")))?;
        workers.push((device, worker));
        Ok(worker)
    }

    /// Puts a job into the queue.
    pub(super) fn submit<T: Send + 'static>(
        &'static self,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Ticket<T> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let cancelled = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = channel();
        let reply = sender.clone();
        let run = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(|| caught(job)));
            let result = result.unwrap_or(Err(Error::WorkerPanicked));
            // Nobody waits any more: the result is dropped here, on this thread.
            let _unwanted = reply.send(result);
        });
        self.lock().push_back(Waiting {
            id,
            cancelled: Arc::clone(&cancelled),
            run,
        });
        self.filled.notify_one();
        Ticket {
            worker: self,
            id,
            cancelled,
            sender,
            receiver,
        }
    }

    fn run(&self) {
        cuda::prepare();
        // Before the first tensor call: threads of the OpenMP pool inherit it when they start.
        cpu::flush_denormals();
        let _no_grad = tch::no_grad_guard();
        loop {
            let job = self.take();
            if !job.cancelled.load(Ordering::Relaxed) {
                cancel::with_flag(job.cancelled, job.run);
            }
        }
    }

    fn take(&self) -> Waiting {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.pop_front() {
                return job;
            }
            queue = self
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn forget(&self, id: u64) {
        // Dropped after the lock: it may own tensors.
        let forgotten = {
            let mut queue = self.lock();
            let index = queue.iter().position(|job| job.id == id);
            index.and_then(|index| queue.remove(index))
        };
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller's half of a job. Dropping it cancels the job.
pub(super) struct Ticket<T> {
    worker: &'static Worker,
    id: u64,
    cancelled: Arc<AtomicBool>,
    sender: Sender<Result<T>>,
    receiver: Receiver<Result<T>>,
}

impl<T: Send + 'static> Ticket<T> {
    /// Waits for the result, or until `interrupt` is raised.
    pub(super) fn wait(self, interrupt: Option<&Interrupt>) -> Result<T> {
        let Some(interrupt) = interrupt else {
            return self.receive();
        };
        let sender = self.sender.clone();
        let wake = Box::new(move || {
            let _answered = sender.send(Err(Error::Interrupted));
        });
        if !interrupt.arm(wake) {
            return Err(Error::Interrupted);
        }
        let result = self.receive();
        interrupt.disarm();
        result
    }

    fn receive(&self) -> Result<T> {
        self.receiver.recv().unwrap_or(Err(Error::WorkerPanicked))
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.worker.forget(self.id);
    }
}
