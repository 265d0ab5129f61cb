// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 6: weights on a device, and the deblurring of one video frame by frame.
//!
//! [`Engine`] holds a network and no memory of any video; several videos may share one.
//! [`Deblurrer`] holds the past of one video: push a frame, get a frame. All tensor work of a
//! device runs on one thread of the process (`worker.rs`); callers wait for it and can be
//! interrupted ([`Interrupt`]), in which case the past is lost and the running step is cancelled.

mod bytes;
mod config;
mod cpu;
mod cuda;
mod deblurrer;
mod device;
mod fit;
mod interrupt;
mod load;
mod memory;
mod notes;
mod output;
mod past;
mod pending;
mod pictures;
mod precision;
mod shared;
mod tensors;
mod tiles;
mod warm;
mod window;
mod worker;

pub use crate::ops::conv::meter::LayerTime;
pub use crate::ops::replay::Repeated;
pub use config::{DeviceChoice, EngineConfig, Precision, Tiles};
pub use cpu::flush_denormals;
pub use deblurrer::{Deblurrer, PAUSE};
pub use interrupt::{FLUSHING, Interrupt, STOPPING};
pub use notes::StepNote;
pub use output::{Output, Pushed, WarmUp};
pub use pending::Pending;
pub use pictures::{PackedPicture, Staged};
pub use precision::Note;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use tiles::{axis_sums, blended_ones, tile_rects};

use crate::error::Result;
use crate::networks::{Demand, Network, Profile};
use crate::ops;
use crate::ops::products::storage;
use crate::weights::Weights;
use fit::Fit;
use memory::Needs;
use shared::Core;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tch::{Device, Kind};
use tiles::TilePlan;
use worker::{Ticket, Worker};

/// A network on its device. Engines of the same weights, device and precision share the tensors.
pub struct Engine {
    core: Arc<Core>,
    worker: &'static Worker,
    label: String,
    profile: Profile,
    demand: Demand,
    tiles: Tiles,
    delay: usize,
    notes: Vec<Note>,
    pending: Pending,
}

/// Loads LibTorch's CUDA part where there is an NVIDIA driver. LibTorch asks for it once, on first
/// use: to be called before anything else of LibTorch by programs that do not begin with an
/// [`Engine`] or [`placement`].
pub fn load_cuda() {
    cuda::prepare();
}

/// Where and in which kind a network computes by these choices, and what to tell the user.
///
/// # Errors
/// [`crate::Error::NoCuda`] if CUDA was asked for and cannot be used.
pub fn placement(config: &EngineConfig) -> Result<(Device, Kind, Vec<Note>)> {
    let (device, mut notes) = device::choose(config.device)?;
    let (kind, note) = precision::choose(config.precision, device, ops::conv::Unit::Amx.usable());
    notes.extend(note);
    Ok((device, kind, notes))
}

/// The forms that own kernels were seen to be fastest in, one line for each layer and size: in this
/// process, for all engines. Empty where there is nothing to choose, as in float32.
#[must_use]
pub fn kernel_choices() -> Vec<String> {
    ops::conv::told()
}

impl Engine {
    /// Puts the network of a weights file on the device that `config` asks for, or shares the one
    /// that is there already. Checks names, shapes and values of all tensors first; a refused file
    /// changes nothing.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] if the file does not fit, [`crate::Error::UnknownNetwork`],
    /// [`crate::Error::NoCuda`] if CUDA was asked for and cannot be used,
    /// [`crate::Error::OutOfMemory`].
    pub fn open(weights: Weights, config: &EngineConfig) -> Result<Self> {
        let (device, kind, notes) = placement(config)?;
        Self::start(config, device, notes, move || {
            Core::open(weights, kind, device)
        })
    }

    /// An engine for a network that is not of this crate; it runs on the worker of the CPU and is
    /// shared with no other engine.
    ///
    /// # Errors
    /// What `make` reports.
    pub fn with_network(
        config: &EngineConfig,
        make: impl FnOnce() -> Result<Box<dyn Network>> + Send + 'static,
    ) -> Result<Self> {
        Self::start(config, Device::Cpu, Vec::new(), || {
            Ok(Core::custom(make()?))
        })
    }

    fn start(
        config: &EngineConfig,
        device: Device,
        notes: Vec<Note>,
        make: impl FnOnce() -> Result<Core> + Send + 'static,
    ) -> Result<Self> {
        let worker = Worker::of(device)?;
        let (threads, deterministic) = (config.threads, config.deterministic);
        let opened = worker.submit(move || {
            if threads > 0 {
                ops::threads::wish(usize::try_from(threads).unwrap_or(usize::MAX));
            }
            match device {
                Device::Cuda(_) => ops::conv::cuda::begin(deterministic),
                _ => ops::conv::begin(deterministic),
            }
            let core = make()?;
            let (_, network) = core.current();
            let network = network.lock().unwrap_or_else(PoisonError::into_inner);
            Ok((core, network.label(), network.profile(), network.demand()))
        });
        let (core, label, profile, demand) = opened.wait(None)?;
        let delay = config.look_ahead.unwrap_or(profile.look_ahead);
        Ok(Self {
            core: Arc::new(core),
            worker,
            label,
            delay: delay.min(profile.look_ahead),
            profile,
            demand,
            tiles: config.tiles,
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

    /// Arithmetic of the network as users know it: `float32`, `float16` or `bfloat16`. Becomes
    /// `float32` where half precision was not enough ([`StepNote::Widened`]).
    #[must_use]
    pub fn precision(&self) -> &'static str {
        match self.core.kind() {
            Kind::Half => "float16",
            Kind::BFloat16 => "bfloat16",
            _ => "float32",
        }
    }

    /// What computes convolutions: the own kernels by their instruction sets, `avx2`, `avx512`, with
    /// `+amx` in bfloat16; else `libtorch`.
    #[must_use]
    pub fn kernels(&self) -> String {
        let own = ops::conv::kernels(self.core.kind(), self.core.device());
        own.unwrap_or_else(|| "libtorch".to_owned())
    }

    /// Device in use: `cpu` or `cuda:N`.
    #[must_use]
    pub fn device(&self) -> String {
        device::text(self.core.device())
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

    /// Estimated bytes of network memory while a frame of `height` × `width` pixels is deblurred
    /// as a whole: weights, states, the frames of the window, and what the widest layer holds.
    /// Neither LibTorch itself nor what engines share is taken off. See `docs/STRUCTURE.md` for
    /// how it was measured.
    #[must_use]
    pub fn memory_estimate(&self, height: usize, width: usize) -> u64 {
        let whole = TilePlan::new(height, width, 0, 0);
        self.needs().total((height, width), &whole)
    }

    /// Runs two steps on a grey picture of this size, in pixels, as a whole and gives the time of
    /// the second. [`Deblurrer::warm_up`] also finds out about memory.
    ///
    /// # Errors
    /// What the step reports, or [`crate::Error::Interrupted`].
    pub fn warm_up(&self, height: usize, width: usize, interrupt: &Interrupt) -> Result<Duration> {
        let window = self.profile.window();
        let ticket = self.submit(move |core| warm::step(core, (height, width), window));
        ticket.wait(Some(interrupt))
    }

    /// Runs `rounds` steps on a grey picture of this size, in pixels, on the CPU and gives the time of a step
    /// and of each of its convolutions in order, the least of all rounds; and what the multipliers of
    /// the machine can do: multiply-adds of float32 in a second, by all threads together.
    ///
    /// # Errors
    /// What the step reports, or [`crate::Error::Interrupted`].
    pub fn layer_times(
        &self,
        height: usize,
        width: usize,
        rounds: usize,
        interrupt: &Interrupt,
    ) -> Result<(Duration, Vec<LayerTime>, f64)> {
        let window = self.profile.window();
        let ticket = self.submit(move |core| {
            let (step, times) = warm::layer_times(core, (height, width), window, rounds)?;
            Ok((step, times, ops::conv::peak::measured()))
        });
        ticket.wait(Some(interrupt))
    }

    /// What the network needs in the kind in which it computes now.
    fn needs(&self) -> Needs<'_> {
        let kind = storage(self.core.kind(), self.core.device());
        let bytes = match kind {
            Kind::Half | Kind::BFloat16 => 2,
            _ => 4,
        };
        let mut demand = self.demand;
        let own = ops::conv::computes(kind, self.core.device());
        match own {
            true => demand.scratch = demand.own_scratch,
            false => demand.packed = 0,
        }
        Needs {
            profile: &self.profile,
            demand,
            bytes,
            own,
        }
    }

    /// The tiles with which frames of this size begin.
    fn first_fit(&self, size: (usize, usize)) -> Fit {
        let Tiles {
            size: mut tile,
            overlap,
            memory_limit,
        } = self.tiles;
        if memory_limit > 0 {
            let fits = self.needs().largest_tile(size, overlap, memory_limit);
            // 0 is the whole frame, so larger than all others.
            tile = [tile, fits]
                .into_iter()
                .filter(|tile| *tile > 0)
                .min()
                .unwrap_or(0);
        }
        Fit::new(size, tile, overlap)
    }

    fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Core) -> Result<T> + Send + 'static,
    ) -> Ticket<T> {
        let core = Arc::clone(&self.core);
        let guard = self.pending.enter();
        self.worker.submit(move || {
            let _counted = guard;
            job(&core)
        })
    }
}
