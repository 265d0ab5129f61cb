// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks that do more than remember, a step that lasts until the test lets it go, and a thread
//! that pushes.

use crate::harness::{self, PATIENCE, Rig};
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::networks::{Network, Profile, State};
use rirn::testing::Stub;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

/// A gate that a failed test has left closed opens by itself, while others still wait for their turn on
/// the worker.
const LIMIT: Duration = Duration::from_secs(20);

/// The result of pushing a buffer.
pub(crate) type Flow = Result<gst::FlowSuccess, gst::FlowError>;

/// What a [`hooked`] network does to the result of a step.
type Hook = dyn Fn(Tensor, State) -> rirn::Result<(Tensor, State)> + Send + Sync;

struct Hooked {
    past: Stub,
    hook: Arc<Hook>,
}

/// `streams::mean`, with every step's result going through `hook` on the worker.
pub(crate) fn hooked(
    hook: impl Fn(Tensor, State) -> rirn::Result<(Tensor, State)> + Send + Sync + 'static,
) -> RirnDeblur {
    let element = harness::without_cuts();
    let hook: Arc<Hook> = Arc::new(hook);
    element.set_network(move || {
        let (past, hook) = (Stub::mean_of_all(), Arc::clone(&hook));
        Ok(Box::new(Hooked { past, hook }))
    });
    element
}

impl Network for Hooked {
    fn label(&self) -> String {
        self.past.label()
    }

    fn profile(&self) -> Profile {
        self.past.profile()
    }

    fn initial_state(&self, batch: i64, height: i64, width: i64) -> rirn::Result<State> {
        self.past.initial_state(batch, height, width)
    }

    fn step(&self, window: &Tensor, state: State) -> rirn::Result<(Tensor, State)> {
        let (picture, state) = self.past.step(window, state)?;
        (self.hook)(picture, state)
    }

    fn placement(&self) -> (Kind, Device) {
        self.past.placement()
    }
}

/// Makes a step last until the test has seen enough of it.
#[derive(Default)]
pub(crate) struct Gate {
    doors: Mutex<Doors>,
    changed: Condvar,
}

#[derive(Default)]
struct Doors {
    closed: bool,
    inside: bool,
}

impl Gate {
    /// An element like `streams::mean` whose steps pass this gate.
    pub(crate) fn element(self: &Arc<Self>) -> RirnDeblur {
        let gate = Arc::clone(self);
        hooked(move |picture, state| {
            gate.pass();
            Ok((picture, state))
        })
    }

    /// From now on steps last until the gate opens.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Steps end at once, the running one too.
    pub(crate) fn open(&self) {
        self.lock().closed = false;
        self.changed.notify_all();
    }

    /// Waits until a step stands in the gate.
    #[track_caller]
    pub(crate) fn wait_inside(&self) {
        let doors = self.lock();
        let waited = self
            .changed
            .wait_timeout_while(doors, PATIENCE.into(), |doors| !doors.inside);
        assert!(waited.expect("no panic").0.inside, "a step has begun");
    }

    /// Whether a step stands in the gate.
    pub(crate) fn is_inside(&self) -> bool {
        self.lock().inside
    }

    fn pass(&self) {
        let mut doors = self.lock();
        doors.inside = doors.closed;
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(doors, LIMIT, |doors| doors.closed);
        waited.expect("no panic").0.inside = false;
    }

    fn lock(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().expect("no panic")
    }
}

/// A thread that pushes into a rig, as a source does.
pub(crate) struct Pusher {
    buffers: Option<Sender<gst::Buffer>>,
    results: Receiver<Flow>,
    thread: Option<JoinHandle<()>>,
}

impl Pusher {
    /// Starts the thread.
    pub(crate) fn new(rig: &Rig) -> Self {
        let pad = rig.harness.srcpad().expect("the pad above the element");
        let (buffers, incoming) = channel();
        let (outgoing, results) = channel();
        let thread = std::thread::spawn(move || {
            for buffer in incoming {
                let _unread = outgoing.send(pad.push(buffer));
            }
        });
        Self {
            buffers: Some(buffers),
            results,
            thread: Some(thread),
        }
    }

    /// Lets the thread push a buffer.
    pub(crate) fn push(&self, buffer: gst::Buffer) {
        let buffers = self.buffers.as_ref().expect("the thread runs");
        buffers.send(buffer).expect("the thread runs");
    }

    /// What came of the oldest push, if it has returned.
    pub(crate) fn poll(&self) -> Option<Flow> {
        self.results.try_recv().ok()
    }

    /// What came of the oldest push.
    #[track_caller]
    pub(crate) fn result(&self) -> Flow {
        let result = self.results.recv_timeout(PATIENCE.into());
        result.expect("the push returns")
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        self.buffers = None;
        let joined = self.thread.take().map(JoinHandle::join);
        debug_assert!(joined.is_none_or(|joined| joined.is_ok()));
    }
}

/// How long this takes.
pub(crate) fn clocked<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed(), result)
}
