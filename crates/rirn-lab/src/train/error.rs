// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong while training.

use crate::data::DataError;
use std::fmt::Display;
use std::path::Path;

/// A fault of a training run. Messages are lower case, without a full stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A recipe that cannot be followed.
    #[error("recipe {path}: {why}")]
    Recipe {
        /// The file, or the part of the recipe.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// Material that cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// What the library says.
    #[error(transparent)]
    Library(#[from] rirn::Error),
    /// A file that could not be written; what was there before is still there.
    #[error("{path} could not be written, what was there before is unchanged: {why}")]
    Save {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// Sequences that cannot be watched.
    #[error("run.watch = \"{path}\": {why}")]
    Watch {
        /// The folder.
        path: String,
        /// The reason.
        why: String,
    },
    /// A checkpoint that cannot be read.
    #[error("checkpoint {path} cannot be gone on from: {why}; take another folder or remove it")]
    Checkpoint {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// A checkpoint of another recipe.
    #[error(
        "the run in {folder} was begun with another recipe (\"{key}\" differs); take another \
         folder, or begin with its weights as network.start"
    )]
    OtherRecipe {
        /// The run's folder.
        folder: String,
        /// The first key that differs.
        key: String,
    },
    /// A checkpoint without a tensor that the network has.
    #[error("the checkpoint has no tensor \"{name}\" of the right shape")]
    Misfit {
        /// The tensor.
        name: String,
    },
    /// Loss after loss was not finite.
    #[error("training diverged before step {step}: try a lower optimiser.rate")]
    Diverged {
        /// The step.
        step: u64,
    },
    /// Weights that have no mean.
    #[error("no mean of these weights: {0}")]
    Mean(String),
    /// Threads that make clips could not be started, or one panicked.
    #[error("the threads that make clips stopped")]
    Producer,
}

impl TrainError {
    /// A file that could not be written.
    pub(super) fn save(path: &Path, why: impl Display) -> Self {
        Self::Save {
            path: path.display().to_string(),
            why: why.to_string(),
        }
    }

    /// A checkpoint that cannot be read.
    pub(super) fn checkpoint(path: &Path, why: impl Display) -> Self {
        Self::Checkpoint {
            path: path.display().to_string(),
            why: why.to_string(),
        }
    }
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        Self::Library(error.into())
    }
}
