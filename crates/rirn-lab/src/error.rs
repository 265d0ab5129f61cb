// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one error type of this crate.

use rirn::error::WeightsError;

/// What can go wrong in this crate. Messages are lower case, without a full stop, and hold no
/// control characters of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the library says, in its words: a weights file that it refuses, a network that it
    /// does not have.
    #[error(transparent)]
    Library(#[from] rirn::Error),
    /// A word that is neither a file nor the name of weights, built in or installed.
    #[error("there is no such file, and weights by name are only: {known}")]
    NoSuchWeights {
        /// The names there are.
        known: String,
    },
    /// A value that JSON cannot hold.
    #[error("it cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<WeightsError> for Error {
    fn from(error: WeightsError) -> Self {
        Self::Library(error.into())
    }
}
