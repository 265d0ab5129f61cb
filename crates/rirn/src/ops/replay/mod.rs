// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Repeated`]: work on a GPU that is recorded once and then done again with one call (a CUDA graph).
//! A step of these networks is hundreds of small kernels; asking for them one by one takes the
//! processor longer than the GPU needs to do them.

#[allow(unsafe_code)]
mod graph;

use crate::error::{Error, Result};
use graph::Graph;
use std::sync::OnceLock;
use tch::Device;

/// Set to `off`, nothing is recorded; set to `on`, work takes the ways of what is recorded also where
/// nothing can be, so that they can be tested without a GPU. Read once in a process.
const SWITCH: &str = "RIRNDEBLUR_CUDA_GRAPHS";

/// Turns in which the work is done as it stands: LibTorch finds its algorithms then, which it cannot while
/// it is recorded.
const TURNS_BEFORE: u32 = 2;

/// Work that is done again and again on tensors in the same places, and what it makes. On CUDA it is
/// recorded in its third turn and repeated from the recording thereafter; elsewhere, and where
/// RIRNDEBLUR_CUDA_GRAPHS is `off`, it is done each time.
#[derive(Debug)]
pub struct Repeated<T> {
    turns: u32,
    graph: Option<Graph>,
    made: Option<T>,
    refused: Option<String>,
}

impl<T> Default for Repeated<T> {
    fn default() -> Self {
        Self {
            turns: 0,
            graph: None,
            made: None,
            refused: None,
        }
    }
}

impl<T> Repeated<T> {
    /// Does the work and gives what it has made. Once recorded, `work` is not called any more: it is the
    /// caller's part that whatever it reads lies where it lay then, and what it has made is overwritten.
    ///
    /// # Errors
    /// What the work reports. That it cannot be recorded is no error: see [`Repeated::refused`].
    pub fn run<E: From<Error> + std::fmt::Display>(
        &mut self,
        device: Device,
        work: impl Fn() -> Result<T, E>,
    ) -> Result<&T, E> {
        let made = match (device, &self.graph) {
            (_, Some(graph)) => {
                graph.replay()?;
                None
            }
            (Device::Cuda(index), None) if self.refused.is_none() && can_record(device) => {
                let before = || graph::aside(index, &work)?;
                Some(self.lead_up(index, before, || Graph::record(None, &work), &work)?)
            }
            _ => Some(work()?),
        };
        if let Some(made) = made {
            self.made = Some(made);
        }
        self.made
            .as_ref()
            .ok_or_else(|| Error::Shape("nothing was made".to_owned()).into())
    }

    /// What it made last.
    #[must_use]
    pub fn made(&self) -> Option<&T> {
        self.made.as_ref()
    }

    /// Whether it is repeated from a recording.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.graph.is_some()
    }

    /// Why it could not be recorded, in LibTorch's own words.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// A turn before there is a recording, which is done by `before`, or the one that makes it.
    fn lead_up<E: From<Error> + std::fmt::Display>(
        &mut self,
        index: usize,
        before: impl Fn() -> Result<T, E>,
        record: impl Fn() -> Result<(Graph, T), String>,
        work: &impl Fn() -> Result<T, E>,
    ) -> Result<T, E> {
        self.turns += 1;
        if self.turns <= TURNS_BEFORE {
            return before();
        }
        // What the last turn made would only take room beside the recording's.
        self.made = None;
        match graph::aside(index, record)? {
            Ok((graph, made)) => {
                graph.replay()?;
                self.graph = Some(graph);
                Ok(made)
            }
            Err(why) => {
                self.refused = Some(why);
                work()
            }
        }
    }
}

impl Repeated<()> {
    /// As [`Repeated::run`] for work that leaves nothing but in tensors that are there already: recordings
    /// of such work on one device share their memory, and must follow each other on one thread.
    pub(crate) fn run_sharing<E: From<Error> + std::fmt::Display>(
        &mut self,
        device: Device,
        work: impl Fn() -> Result<(), E>,
    ) -> Result<(), E> {
        match (device, &self.graph) {
            (_, Some(graph)) => Ok(graph.replay()?),
            (Device::Cuda(index), None) if self.refused.is_none() && can_record(device) => {
                // Without gradients LibTorch does not mind which stream finds its algorithms; on this one
                // there is memory already.
                let record = || graph::record_sharing(index, &work);
                self.lead_up(index, &work, record, &work)
            }
            _ => work(),
        }
    }
}

/// Lets LibTorch have the memory back that recordings on a device share, once none uses it.
pub(crate) fn stop_sharing(device: Device) {
    if let Device::Cuda(index) = device {
        drop(graph::stop_sharing(index));
    }
}

/// Whether work on this device should be written so that it can be recorded.
pub(crate) fn is_wanted(device: Device) -> bool {
    switch().unwrap_or_else(|| can_record(device))
}

/// Whether work on this device is recorded.
fn can_record(device: Device) -> bool {
    matches!(device, Device::Cuda(_)) && switch() != Some(false) && graph::are_there()
}

fn switch() -> Option<bool> {
    static CHOICE: OnceLock<Option<bool>> = OnceLock::new();
    *CHOICE.get_or_init(|| match std::env::var(SWITCH).ok()?.as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::Repeated;
    use crate::error::Error;
    use std::cell::Cell;
    use tch::Device;

    #[test]
    fn on_a_processor_the_work_is_done_each_time() {
        let turns = Cell::new(0);
        let mut repeated = Repeated::default();
        for turn in 1..5 {
            let made = repeated.run(Device::Cpu, || {
                turns.set(turns.get() + 1);
                Ok::<_, Error>(turns.get())
            });
            assert_eq!(made.ok(), Some(&turn));
        }
        assert!(!repeated.is_recorded());
        assert_eq!(repeated.refused(), None);
    }

    #[test]
    fn what_the_work_reports_comes_through() {
        let mut repeated = Repeated::<()>::default();
        let error = repeated.run(Device::Cpu, || Err(Error::Shape("no".to_owned())));
        assert_eq!(
            error.err().map(|error| error.to_string()).as_deref(),
            Some("no")
        );
    }
}
