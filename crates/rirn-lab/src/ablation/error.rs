// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong with a grid.

use crate::data::DataError;
use crate::eval::EvalError;
use crate::train::TrainError;
use std::fmt::Display;
use std::path::Path;

/// A fault of an ablation. Messages are lower case, without a full stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AblationError {
    /// A grid file that cannot be followed.
    #[error("grid {path}: {why}")]
    Grid {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A row that the grid does not have.
    #[error("the grid has no row \"{name}\", it has {known}")]
    NoRow {
        /// What was asked for.
        name: String,
        /// The rows there are.
        known: String,
    },
    /// A folder with a row of another grid.
    #[error("{folder} holds a row of another grid; take another folder")]
    OtherGrid {
        /// The row's folder.
        folder: String,
    },
    /// A row that was scored on other sequences.
    #[error("{folder} was scored on other sequences; remove its scores.json to score it anew")]
    OtherSequences {
        /// The row's folder.
        folder: String,
    },
    /// A file of a row that cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// What training says.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// What scoring says.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Sequences that cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl AblationError {
    pub(super) fn file(path: &Path, why: impl Display) -> Self {
        Self::File {
            path: path.display().to_string(),
            why: why.to_string(),
        }
    }
}
