// SPDX-License-Identifier: MIT OR Apache-2.0
//! CUDA graphs and streams of LibTorch, through `cuda_graph.cpp`.

use crate::error::{Error, Result, caught};
use std::ffi::{CStr, c_char, c_void};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As in `cuda_graph.cpp`.
#[repr(C)]
struct Stream {
    kind: i8,
    device: i8,
    id: i64,
}

unsafe extern "C" {
    fn rirn_graphs_are_there() -> bool;
    fn rirn_stream_enter(device: i8, before: *mut Stream, why: *mut c_char, size: usize) -> bool;
    fn rirn_stream_leave(before: *const Stream, why: *mut c_char, size: usize) -> bool;
    fn rirn_graph_begin(other: *mut c_void, why: *mut c_char, size: usize) -> *mut c_void;
    fn rirn_graph_end(graph: *mut c_void, why: *mut c_char, size: usize) -> bool;
    fn rirn_graph_replay(graph: *mut c_void, why: *mut c_char, size: usize) -> bool;
    fn rirn_graph_free(graph: *mut c_void);
}

/// What LibTorch says.
struct Words([c_char; 600]);

impl Words {
    fn new() -> Self {
        Self([0; 600])
    }

    /// Where they are to be written, and how much room there is.
    fn place(&mut self) -> (*mut c_char, usize) {
        (self.0.as_mut_ptr(), self.0.len())
    }

    fn text(&self) -> String {
        // SAFETY: the other side ends its text with a zero within the array.
        let text = unsafe { CStr::from_ptr(self.0.as_ptr()) }.to_string_lossy();
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// The answer of a call as a result.
    fn judge(&self, is_good: bool) -> Result<()> {
        match is_good {
            true => Ok(()),
            false => Err(Error::from(tch::TchError::Torch(self.text()))),
        }
    }
}

/// Whether LibTorch's CUDA part is loaded and can record.
pub(super) fn are_there() -> bool {
    // SAFETY: looks names up.
    unsafe { rirn_graphs_are_there() }
}

/// Does something on a stream of its own, once the device has done all before it, and waits for it.
pub(super) fn aside<T>(device: usize, work: impl FnOnce() -> T) -> Result<T> {
    let index = i64::try_from(device).unwrap_or_default();
    wait(index)?;
    let aside = Aside::new(i8::try_from(device).unwrap_or_default())?;
    let done = work();
    drop(aside);
    wait(index)?;
    Ok(done)
}

/// Waits until a device has done all that it was asked for.
fn wait(index: i64) -> Result<()> {
    caught(|| {
        tch::Cuda::synchronize(index);
        Ok(())
    })
}

/// This thread on another stream; ends with the value, also where a panic ends it.
struct Aside(Stream);

impl Aside {
    fn new(device: i8) -> Result<Self> {
        let mut words = Words::new();
        let mut before = Stream {
            kind: 0,
            device: 0,
            id: 0,
        };
        let (why, size) = words.place();
        // SAFETY: both places live through the call; `are_there` was asked before.
        let entered = unsafe { rirn_stream_enter(device, &raw mut before, why, size) };
        words.judge(entered).map(|()| Self(before))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let mut words = Words::new();
        let (why, size) = words.place();
        // SAFETY: the stream that was this thread's before. Making it that again does not fail.
        unsafe { rirn_stream_leave(&raw const self.0, why, size) };
    }
}

/// A recording.
#[derive(Debug)]
pub(super) struct Graph(NonNull<c_void>);

// SAFETY: LibTorch's graphs belong to no thread; a `Graph` is owned alone.
unsafe impl Send for Graph {}

impl Graph {
    /// Records what `work` asks of this thread's stream, which must not be the device's first one, without
    /// doing it, with memory of its own or of another recording's. Says why it cannot.
    pub(super) fn record<T, E: Display>(
        other: Option<&Self>,
        work: impl Fn() -> Result<T, E>,
    ) -> Result<(Self, T), String> {
        let mut words = Words::new();
        let (why, size) = words.place();
        let other = other.map_or(std::ptr::null_mut(), |other| other.0.as_ptr());
        // SAFETY: the words and the other graph live through the call; the answer is null or to be
        // freed once.
        let graph = unsafe { rirn_graph_begin(other, why, size) };
        let graph = NonNull::new(graph).map(Self).ok_or_else(|| words.text())?;
        // A panic that is not about recording comes again when the work is done as it stands.
        let made = catch_unwind(AssertUnwindSafe(work));
        let (why, size) = words.place();
        // SAFETY: the graph is recording, on this thread.
        let ended = unsafe { rirn_graph_end(graph.0.as_ptr(), why, size) };
        match made {
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the work panics while it is recorded".to_owned()),
            Ok(Ok(_)) if !ended => Err(words.text()),
            Ok(Ok(made)) => Ok((graph, made)),
        }
    }

    /// Does what was recorded, on this thread's stream.
    pub(super) fn replay(&self) -> Result<()> {
        let mut words = Words::new();
        let (why, size) = words.place();
        // SAFETY: the recording is over.
        let done = unsafe { rirn_graph_replay(self.0.as_ptr(), why, size) };
        words.judge(done)
    }
}

/// Takes out what holds the memory that recordings on a device share: without it, that goes with the last
/// of them.
pub(super) fn stop_sharing(device: usize) -> Option<Graph> {
    let mut keepers = keepers();
    let place = keepers.iter().position(|(of, _)| *of == device)?;
    Some(keepers.swap_remove(place).1)
}

/// Records with memory that all recordings of this kind on a device share: what they make besides the
/// tensors that they write to is gone with the next one. LibTorch gives memory of a recording back only
/// when it runs out of other, so a new one for each video would take more and more.
pub(super) fn record_sharing<E: Display>(
    device: usize,
    work: impl Fn() -> Result<(), E>,
) -> Result<(Graph, ()), String> {
    // Out of the list meanwhile: only the worker of the device asks for it, and others need not wait.
    let keeper = match stop_sharing(device) {
        Some(keeper) => keeper,
        None => {
            // The pool lives as long as a recording has it.
            let options = (tch::Kind::Float, tch::Device::Cuda(device));
            Graph::record(None, || tch::Tensor::f_zeros([1], options))?.0
        }
    };
    let recorded = Graph::record(Some(&keeper), work);
    keepers().push((device, keeper));
    recorded
}

fn keepers() -> MutexGuard<'static, Vec<(usize, Graph)>> {
    /// For each device a recording of next to nothing, whose memory others share.
    static KEEPERS: Mutex<Vec<(usize, Graph)>> = Mutex::new(Vec::new());
    KEEPERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: made by `rirn_graph_begin` and freed nowhere else.
        unsafe { rirn_graph_free(self.0.as_ptr()) }
    }
}
