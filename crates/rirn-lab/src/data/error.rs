// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with folders, pictures, videos and settings. Every message names the file,
//! folder or setting, what was read and what was expected.

use crate::blur::{CompressError, ProgramError};
use std::path::PathBuf;

/// Why data cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The system does not give the file or folder.
    #[error("{}: {source}", path.display())]
    Read {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that is no picture, or a broken one.
    #[error("{}: not a readable picture: {source}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What its decoder says.
        source: image::ImageError,
    },
    /// A folder without pictures (or videos).
    #[error("{}: the folder holds no {wanted}", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A folder that looks like no known data set.
    #[error("{}: {found}, expected {expected}", folder.display())]
    Layout {
        /// The folder.
        folder: PathBuf,
        /// What was found in it.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// Blurred and sharp frames of a sequence are not equally many.
    #[error("{}: {blurred} blurred and {sharp} sharp frames, expected as many of each", folder.display())]
    Counts {
        /// The folder of the sequence.
        folder: PathBuf,
        /// Blurred frames.
        blurred: usize,
        /// Sharp frames.
        sharp: usize,
    },
    /// A blurred frame stands beside a sharp one of another name.
    #[error("{}: its sharp frame would be {}, expected the same name or number", blurred.display(), sharp.display())]
    Names {
        /// The blurred frame.
        blurred: PathBuf,
        /// The sharp frame at the same place in order.
        sharp: PathBuf,
    },
    /// Frames of a sequence differ in size.
    #[error("{}: {}x{} pixels, expected {}x{} as the first frame of the sequence", path.display(), found.0, found.1, expected.0, expected.1)]
    Size {
        /// The frame.
        path: PathBuf,
        /// Its width and height.
        found: (u32, u32),
        /// Width and height of the first frame.
        expected: (u32, u32),
    },
    /// Too few frames.
    #[error("{}: {found} frames, expected {expected} or more", path.display())]
    Short {
        /// Sequence or video.
        path: PathBuf,
        /// Its frames.
        found: usize,
        /// The fewest that are of use.
        expected: usize,
    },
    /// A picture smaller than what is cut from it.
    #[error("{}: {}x{} pixels, expected {size}x{size} or more for crops of that size", path.display(), found.0, found.1)]
    Small {
        /// Picture, sequence or video.
        path: PathBuf,
        /// Its width and height.
        found: (u32, u32),
        /// Width and height of a crop.
        size: usize,
    },
    /// Blurred frames alone, where pairs are needed.
    #[error("{}: blurred frames without sharp ones, expected pairs to train on", folder.display())]
    NoTruth {
        /// The folder of the sequence.
        folder: PathBuf,
    },
    /// A video that does not become frames.
    #[error("{}: not usable: {reason}", path.display())]
    Video {
        /// The video.
        path: PathBuf,
        /// What the decoder says, or what is wrong with its frames.
        reason: String,
    },
    /// Another program is missing or failed.
    #[error("{what}: {source}")]
    Program {
        /// What it was wanted for.
        what: String,
        /// Name and complaint.
        source: ProgramError,
    },
    /// A clip could not be compressed.
    #[error("compressing a clip: {0}")]
    Compress(#[from] CompressError),
    /// A setting outside of its range.
    #[error("setting {name}: {reason}")]
    Setting {
        /// Its key.
        name: &'static str,
        /// What was read and what was expected.
        reason: String,
    },
}
