// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 6: weights on a device, and the deblurring of one video frame by frame.
//!
//! [`Engine`] holds a network and no memory of any video; several videos may share one.
//! [`Deblurrer`] holds the past of one video: push a frame, get a frame. All tensor work of a
//! device runs on one thread of the process (`worker.rs`); callers wait for it and can be
//! interrupted ([`Interrupt`]), in which case the past is lost and the running step is cancelled.

mod config;
mod cpu;
mod cuda;
mod deblurrer;
mod device;
mod interrupt;
mod load;
mod pending;
mod precision;
mod window;
mod worker;

pub use config::{DeviceChoice, EngineConfig, Precision};
pub use cpu::flush_denormals;
pub use deblurrer::{Deblurrer, Output};
pub use interrupt::{FLUSHING, Interrupt, STOPPING};
pub use pending::Pending;
pub use precision::Note;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::networks::{Network, Profile, Rirn};
use crate::weights::Weights;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};
use worker::{Ticket, Worker};

/// The network as the jobs of the worker share it. Only the worker locks it, one job at a time.
type SharedNetwork = Arc<Mutex<Box<dyn Network>>>;

/// A network on its device.
pub struct Engine {
    network: SharedNetwork,
    worker: &'static Worker,
    label: String,
    profile: Profile,
    kind: Kind,
    device: Device,
    delay: usize,
    notes: Vec<Note>,
    pending: Pending,
}

/// Where and in which kind a network computes by these choices, and what to tell the user.
///
/// # Errors
/// [`Error::NoCuda`] if CUDA was asked for and cannot be used.
pub fn placement(config: &EngineConfig) -> Result<(Device, Kind, Vec<Note>)> {
    let (device, mut notes) = device::choose(config.device)?;
    let (kind, note) = precision::choose(config.precision, device, cpu::has_amx());
    notes.extend(note);
    Ok((device, kind, notes))
}

impl Engine {
    /// Puts the network of a weights file on the device that `config` asks for. Checks names,
    /// shapes and values of all tensors first; a refused file changes nothing.
    ///
    /// # Errors
    /// [`Error::Weights`] if the file does not fit, [`Error::UnknownNetwork`],
    /// [`Error::NoCuda`] if CUDA was asked for and cannot be used, [`Error::OutOfMemory`].
    pub fn open(weights: Weights, config: &EngineConfig) -> Result<Self> {
        let (device, kind, notes) = placement(config)?;
        Self::start(config, device, notes, move || {
            let mut source = load::FromFile::new(&weights, device, kind)?;
            Ok(Box::new(Rirn::build(weights.spec(), &mut source)?))
        })
    }

    /// An engine for a network that is not of this crate; it runs on the worker of the CPU.
    ///
    /// # Errors
    /// What `make` reports.
    pub fn with_network(
        config: &EngineConfig,
        make: impl FnOnce() -> Result<Box<dyn Network>> + Send + 'static,
    ) -> Result<Self> {
        Self::start(config, Device::Cpu, Vec::new(), make)
    }

    fn start(
        config: &EngineConfig,
        device: Device,
        notes: Vec<Note>,
        make: impl FnOnce() -> Result<Box<dyn Network>> + Send + 'static,
    ) -> Result<Self> {
        let worker = Worker::of(device)?;
        let threads = config.threads;
        let opened = worker.submit(move || {
            if threads > 0 {
                tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
            }
            let network = make()?;
            let (label, profile) = (network.label(), network.profile());
            let (kind, device) = network.placement();
            Ok((network, label, profile, kind, device))
        });
        let (network, label, profile, kind, device) = opened.wait(None)?;
        let delay = config.look_ahead.unwrap_or(profile.look_ahead);
        Ok(Self {
            network: Arc::new(Mutex::new(network)),
            worker,
            label,
            kind,
            device,
            delay: delay.min(profile.look_ahead),
            profile,
            notes,
            pending: Pending::default(),
        })
    }

    /// Short text of the network, for example `ifi-irm-atb`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Window and states of the network.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// By how many frames the output is late.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.delay
    }

    /// Arithmetic of the network as users know it: `float32`, `float16` or `bfloat16`.
    #[must_use]
    pub fn precision(&self) -> &'static str {
        match self.kind {
            Kind::Half => "float16",
            Kind::BFloat16 => "bfloat16",
            _ => "float32",
        }
    }

    /// Device in use: `cpu` or `cuda:N`.
    #[must_use]
    pub fn device(&self) -> String {
        device::text(self.device)
    }

    /// What a user should know of the way in which the wishes were met.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The jobs that the worker holds of this engine; outlives it.
    #[must_use]
    pub fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// Runs two steps on a grey picture of this size, so that the first real frame finds compiled
    /// kernels and sized pools, and gives the time of the second.
    ///
    /// # Errors
    /// What the step reports, or [`Error::Interrupted`].
    pub fn warm_up(&self, height: usize, width: usize, interrupt: &Interrupt) -> Result<Duration> {
        let window = self.profile.window();
        let device = self.device;
        let ticket = self.submit(move |network| {
            let size = [1, side(height)?, side(width)?, 3 * side(window)?];
            let grey = Tensor::f_full(size, 0.5, (Kind::Float, device))?.f_permute([0, 3, 1, 2])?;
            let mut taken = Duration::ZERO;
            let mut state = network.initial_state(1, size[1], size[2])?;
            for _ in 0..2 {
                let begin = Instant::now();
                let (sharp, next) = network.step(&grey, state)?;
                // Reading a value waits for the device.
                sharp.f_mean(Kind::Float)?.f_double_value(&[])?;
                (state, taken) = (next, begin.elapsed());
            }
            Ok(taken)
        });
        ticket.wait(Some(interrupt))
    }

    fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&dyn Network) -> Result<T> + Send + 'static,
    ) -> Ticket<T> {
        let network = Arc::clone(&self.network);
        let guard = self.pending.enter();
        self.worker.submit(move || {
            let _counted = guard;
            // A step that panicked has moved its state out; the network itself is never changed.
            let network = network.lock().unwrap_or_else(PoisonError::into_inner);
            job(network.as_ref())
        })
    }
}

/// A size as LibTorch counts it.
fn side(pixels: usize) -> Result<i64> {
    i64::try_from(pixels).map_err(|_| Error::Shape(format!("{pixels} pixels are too many")))
}

/// `frame` as a tensor `[1, 3, height, width]` in channels-last memory on `device`.
fn to_tensor(frame: &Frame, device: Device) -> Result<Tensor> {
    let size = [1, side(frame.height())?, side(frame.width())?, 3];
    let tensor = Tensor::f_from_slice(frame.data())?.f_view(size)?;
    Ok(tensor.f_to_device(device)?.f_permute([0, 3, 1, 2])?)
}

/// Copies a tensor `[1, 3, height, width]` into `frame`, and says whether all values are finite.
fn to_frame(tensor: &Tensor, frame: &mut Frame) -> Result<bool> {
    let (_, _, height, width) = tensor.size4()?;
    let tensor = tensor
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_to_device(Device::Cpu)?;
    frame.resize(
        usize::try_from(height).unwrap_or_default(),
        usize::try_from(width).unwrap_or_default(),
    )?;
    let count = frame.data().len();
    tensor.f_copy_data(frame.data_mut(), count)?;
    // All of them, without a way out in between: the loop is vectorised, a sum or `all` is not.
    Ok(frame
        .data()
        .iter()
        .fold(true, |finite, value| finite & value.is_finite()))
}
