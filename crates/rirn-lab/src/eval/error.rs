// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong while weights are measured.

use crate::data::{DataError, RgbImage};

use super::ssim::WINDOW;

/// What can go wrong in [`crate::eval`]. Messages are lower case, without a full stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A sequence or a picture cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Weights that cannot be found, are refused, or do not run on the device.
    #[error("weights {word}: {cause}")]
    Weights {
        /// What the user called them.
        word: String,
        /// Why.
        cause: crate::Error,
    },
    /// A network failed at a frame.
    #[error("{entry}, after {frames} frames: {cause}")]
    Network {
        /// Name of the weights.
        entry: String,
        /// Frames that came out before.
        frames: usize,
        /// Why.
        cause: rirn::Error,
    },
    /// Two pictures that cannot be compared.
    #[error(
        "a picture of {}x{} pixels cannot be compared with one of {}x{}",
        one.0, one.1, other.0, other.1
    )]
    Sizes {
        /// Width and height of the first.
        one: (u32, u32),
        /// Width and height of the second.
        other: (u32, u32),
    },
    /// A frame that is not as large as the one before.
    #[error("a frame of {width}x{height} pixels follows one of another size")]
    SizeChanged {
        /// Width of the frame.
        width: u32,
        /// Height of the frame.
        height: u32,
    },
    /// SSIM is not defined for such a small picture.
    #[error(
        "a picture of {width}x{height} pixels is smaller than the {WINDOW}x{WINDOW} window of SSIM"
    )]
    SmallerThanWindow {
        /// Width of the picture.
        width: u32,
        /// Height of the picture.
        height: u32,
    },
    /// There is nothing to measure on.
    #[error("there are no sequences to evaluate on")]
    NoSequences,
    /// A sequence that cannot be used for what was asked.
    #[error("sequence {sequence}: {reason}")]
    Sequence {
        /// Its name.
        sequence: String,
        /// What was found and what is needed.
        reason: String,
    },
    /// An experiment that cannot be done with what was given.
    #[error("experiment {experiment}: {reason}")]
    Experiment {
        /// Its word.
        experiment: &'static str,
        /// What was found and what is needed.
        reason: String,
    },
}

/// Refuses two pictures of different sizes.
pub(super) fn check_sizes(one: &RgbImage, other: &RgbImage) -> Result<(), EvalError> {
    let (one, other) = (one.dimensions(), other.dimensions());
    if one == other {
        return Ok(());
    }
    Err(EvalError::Sizes { one, other })
}
