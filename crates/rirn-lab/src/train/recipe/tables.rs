// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of a recipe, with the defaults that worked on two CPU cores.

use rirn::networks::SlotKind;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[network]`: the description, or the weights to go on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NetworkTable {
    /// `ifi`, `strcnn`, `rdbn`, `gru`, `lstm`; may be left out with `start`.
    pub cell: Option<String>,
    /// Base channels; the paper's if left out.
    pub base: Option<u32>,
    /// Residual blocks; the paper's if left out.
    pub blocks: Option<u32>,
    /// Module on the hidden state: `none`, `irm`, `atb`.
    #[serde(default = "nothing")]
    pub hidden: String,
    /// Module on the feature.
    #[serde(default = "nothing")]
    pub feature: String,
    /// Whether the blurred frame is added to the output.
    #[serde(default = "yes")]
    pub skip: bool,
    /// Whether ReLU follows the IRM's convolutions.
    #[serde(default = "yes")]
    pub irm_relu: bool,
    /// Weights file, or name of built-in weights, to begin with instead of chance.
    pub start: Option<String>,
    /// Weights of an `ifi` with `irm` and `atb`, by file or name, that an `rdbn` with them learns to compute
    /// what they do; the clips' truth is not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<String>,
}

fn nothing() -> String {
    SlotKind::None.word().to_owned()
}

fn yes() -> bool {
    true
}

/// `[clips]`: a ring of clips is made, trained on, and renewed in part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Clips {
    /// Clips in a step.
    pub batch: usize,
    /// Clips in the ring, all of the largest stage's length and size.
    pub ring: usize,
    /// Clips that are renewed at a time.
    pub renew: usize,
    /// Steps between renewals.
    pub every: u64,
    /// Threads that make the next clips while steps run; 0 makes them between two steps with all
    /// cores, which is faster where there are few.
    pub producers: usize,
}

impl Default for Clips {
    fn default() -> Self {
        Self {
            batch: 4,
            ring: 1600,
            renew: 400,
            every: 800,
            producers: 0,
        }
    }
}

/// `[[stage]]`: a part of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stage {
    /// Share of all steps at which it ends; 1 for the last.
    pub until: f64,
    /// Frames that gradients go through.
    pub frames: usize,
    /// Edge of the crop in pixels.
    pub crop: usize,
    /// Half of the steps begin with states that are up to so many frames old: those before the first
    /// one of `frames` in the clip, and where that begins, from there on back.
    #[serde(default)]
    pub old: usize,
    /// So many frames more than `frames` the clips have; where in them the first one is, is chance.
    #[serde(default, skip_serializing_if = "is_none")]
    pub past: usize,
    /// So large a share of the values of the states is thrown far off before the first frame that
    /// gradients go through; what a network does not get rid of itself grows in long videos.
    #[serde(default, skip_serializing_if = "crate::data::is_nothing")]
    pub disturbed: f64,
    /// Share of the steps whose clips turn at one of their frames and go back from there: motion that is
    /// reversed at once.
    #[serde(default, skip_serializing_if = "crate::data::is_nothing")]
    pub turned: f64,
    /// With a teacher: each group of blocks learns for itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_none(frames: &usize) -> bool {
    *frames == 0
}

/// `[optimiser]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Optimiser {
    /// The rule.
    pub kind: Rule,
    /// Highest learning rate.
    pub rate: f64,
    /// Share of it for the recurrent parts: `hidden.`, `feature.`, `hid.`.
    pub recurrent: f64,
    /// Steps over which the rate rises from zero.
    pub warm_up: u64,
    /// Share of the rate at the end of the cosine.
    pub last: f64,
    /// Decay of convolution weights a step, times the rate; not for `adam`.
    pub decay: f64,
    /// Largest norm of the gradient of all variables together.
    pub clip: f64,
    /// Of the moving average of the weights, which is what is kept.
    pub average: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            kind: Rule::Muon,
            rate: 1.2e-3,
            recurrent: 0.5,
            warm_up: 200,
            last: 0.02,
            decay: 0.05,
            clip: 1.0,
            average: 0.999,
        }
    }
}

/// How a gradient becomes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Orthogonalised momentum for convolution weights, Adam for biases.
    Muon,
    /// Adam.
    Adam,
    /// Adam with decay of weights apart from the gradient.
    AdamW,
}

/// `[loss]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Loss {
    /// Of one frame.
    pub kind: LossKind,
    /// `log-mse`: what is added to the mean squared error before the logarithm. Clips with a smaller
    /// error than this count for little. Default 1e-5, an error of 50 dB.
    #[serde(skip_serializing_if = "is_usual_floor")]
    pub floor: f64,
    /// Weight of the mean magnitude of the error's Fourier coefficients.
    pub fourier: f64,
    /// Weight of the penalty on states above `state_limit`.
    pub state: f64,
    /// Magnitude up to which states are free.
    pub state_limit: f64,
}

const USUAL_FLOOR: f64 = 1e-5;

/// Left out of what is written, so that runs from before there was such a key go on.
fn is_usual_floor(floor: &f64) -> bool {
    *floor == USUAL_FLOOR
}

impl Default for Loss {
    fn default() -> Self {
        Self {
            kind: LossKind::LogMse,
            floor: USUAL_FLOOR,
            fourier: 0.0,
            state: 0.1,
            state_limit: 4.0,
        }
    }
}

/// Loss of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// Mean over the clips of ln(MSE + floor): it weighs blur alike, light or heavy, that leaves more error than
    /// the floor.
    LogMse,
    /// Mean of √(d² + 1e-6).
    Charbonnier,
    /// Mean of |d|.
    L1,
    /// Mean of d².
    Mse,
}

/// `[run]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Run {
    /// `auto`, `cpu`, `cuda`, `cuda:N`.
    pub device: String,
    /// `auto` (bfloat16 on CUDA and on CPUs with AMX), `float32`, `bfloat16`.
    pub precision: String,
    /// CPU threads of LibTorch; 0 leaves its own choice.
    pub threads: u32,
    /// Steps between two lines of the log.
    pub log_every: u64,
    /// Steps between two checkpoints.
    pub save_every: u64,
    /// Sequences to score while training; they decide nothing.
    pub watch: Option<PathBuf>,
    /// Steps between two such scores.
    pub watch_every: u64,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            device: "auto".to_owned(),
            precision: "auto".to_owned(),
            threads: 0,
            log_every: 50,
            save_every: 500,
            watch: None,
            watch_every: 2000,
        }
    }
}
