// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 4: the recurrent networks.
//!
//! [`Rirn`] is what all of them share: centre the values, pad, one step of a baseline with its
//! two [`Slots`], add the input, crop. A baseline is one file here and one row in `registry.rs`;
//! nothing above this floor names one. Layers and choices: `docs/NETWORKS.md`. Paper: Park, Nah,
//! Lee, "Recurrence-in-Recurrence Networks for Video Deblurring", BMVC 2022, tables S1 to S4.

mod atb;
mod gru;
mod ifi_rnn;
mod irm;
mod lstm;
mod parts;
mod rdbn;
mod registry;
mod rirn;
mod slots;
mod spec;
mod state;
mod strcnn;

pub use registry::expected_tensors;
pub use rirn::Rirn;
pub use slots::Slots;
pub use spec::{Cell, SlotKind, Spec};
pub use state::State;

use crate::error::Result;
use crate::ops::seen::Seen;
use tch::{Device, Kind, Tensor};

/// What a network needs around it, and what it carries from frame to frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Earlier frames that the network sees beside the current one.
    pub look_behind: usize,
    /// Later frames that it sees; the output is late by as many.
    pub look_ahead: usize,
    /// The states, in canonical order (h, c, f).
    pub states: Vec<StateProfile>,
}

impl Profile {
    /// Frames that one step sees.
    #[must_use]
    pub fn window(&self) -> usize {
        self.look_behind + 1 + self.look_ahead
    }
}

/// One state tensor `[batch, channels, height/divisor, width/divisor]`, sizes of the padded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateProfile {
    /// `h` hidden state, `c` memory cell, `f` feature.
    pub name: &'static str,
    /// Channels.
    pub channels: i64,
    /// Padded frame size over state size.
    pub divisor: i64,
}

/// Values that a network holds in memory, by its layers; their size in bytes is that of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Demand {
    /// Weights and biases.
    pub weights: u64,
    /// Weights as the own kernels keep them beside, where those compute.
    pub packed: u64,
    /// Values for each pixel of the frame that a step holds at its height, states aside.
    pub scratch: f64,
    /// The same where the own kernels compute, which do without the largest maps.
    pub own_scratch: f64,
    /// Whether the own kernels take neither a copy of the window nor a frame for the answer alone.
    pub own_in_place: bool,
}

impl Demand {
    /// Values that a step on so many pixels holds.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    pub fn scratch_for(&self, pixels: u64) -> u64 {
        // An estimate; beyond the range it saturates.
        (self.scratch * pixels as f64).ceil() as u64
    }
}

/// A network that deblurs one frame after another. A step is a pure function of weights, window
/// and state.
pub trait Network: Send {
    /// Short text that names the network, for example `ifi-irm-atb`.
    fn label(&self) -> String;

    /// Window and states.
    fn profile(&self) -> Profile;

    /// The state before the first frame of `height` × `width` pixels: zeros.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    fn initial_state(&self, batch: i64, height: i64, width: i64) -> Result<State>;

    /// Deblurs one frame. `window` is `[batch, 3·window, height, width]`, RGB in [0, 1], the
    /// frames joined from the oldest to the newest, in float32. Gives the sharp frame
    /// `[batch, 3, height, width]`, float32, before any clamp, and the state for the next step.
    ///
    /// # Errors
    /// What LibTorch reports, or [`crate::Error::Interrupted`] when the job was cancelled.
    fn step(&self, window: &Tensor, state: State) -> Result<(Tensor, State)>;

    /// Where and in which kind it computes.
    fn placement(&self) -> (Kind, Device);

    /// An estimate of the memory that it needs.
    fn demand(&self) -> Demand {
        Demand::default()
    }

    /// The same network in float32, where one in half precision can give it by itself. Networks of
    /// weights files need not: the engine builds them anew.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`], or what making it reports.
    fn widened(&self) -> Result<Option<Box<dyn Network>>> {
        Ok(None)
    }
}

/// Channels and sizes of a baseline, from which its slots and states follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BaselineShape {
    /// Channels of h.
    pub(crate) hidden: i64,
    /// Channels of f.
    pub(crate) feature: i64,
    /// Whether it carries a memory cell beside h (LSTM).
    pub(crate) memory_cell: bool,
    /// Padded frame size over state size.
    pub(crate) divisor: i64,
    /// Earlier frames that it sees.
    pub(crate) look_behind: usize,
    /// Later frames that it sees.
    pub(crate) look_ahead: usize,
}

impl BaselineShape {
    /// A network that sees one frame and works at a quarter of its size.
    pub(crate) fn at_quarter(hidden: i64, feature: i64) -> Self {
        Self {
            hidden,
            feature,
            memory_cell: false,
            divisor: 4,
            look_behind: 0,
            look_ahead: 0,
        }
    }
}

/// The part in which the five networks differ: one cell step between padding and cropping.
pub(crate) trait Baseline: Send {
    /// One step. `seen` is the padded window; `slots` are called where the baseline's own structure has
    /// them, with the new value and the one from `past`. Gives the finished frame, padded likewise, and
    /// the states.
    fn step(&self, seen: &Seen, past: &State, slots: &Slots) -> Result<(Tensor, State)>;
}
