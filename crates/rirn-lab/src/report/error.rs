// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`ReportError`]: what can go wrong while a report is written.

use std::path::PathBuf;

/// Why there is no page or no video. Messages are lower case, without a full stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A figure, or a frame of a video, without pictures.
    #[error("{what} has no pictures, expected at least one")]
    NoPictures {
        /// Which one.
        what: String,
    },
    /// Pictures that cannot lie on each other.
    #[error("{what} has a picture of {read:?} pixels, expected {expected:?} as in the first one")]
    Sizes {
        /// The figure or frame.
        what: String,
        /// Width and height of the picture that differs.
        read: (u32, u32),
        /// Width and height of the first picture.
        expected: (u32, u32),
    },
    /// A frame of a video with more or fewer pictures than the first one.
    #[error("{what} has {read} pictures, expected {expected} as in the first one")]
    Panels {
        /// Which frame.
        what: String,
        /// How many it has.
        read: usize,
        /// How many the first frame has.
        expected: usize,
    },
    /// More pictures than a browser opens gladly.
    #[error("the pictures of the page are more than {limit} bytes, expected fewer or smaller ones")]
    PageTooLarge {
        /// The most that a page may hold.
        limit: usize,
    },
    /// A picture that could not be encoded.
    #[error("{what} cannot be encoded as a picture: {cause}")]
    Picture {
        /// Sequence, file and panel.
        what: String,
        /// What the encoder says.
        cause: image::ImageError,
    },
    /// A fault of the page's template.
    #[error("the page cannot be written: {0}")]
    Template(#[from] minijinja::Error),
    /// A video without frames.
    #[error("{path:?} would be a video without frames, expected at least one")]
    NoFrames {
        /// The video.
        path: PathBuf,
    },
    /// A rate that no video has.
    #[error("{path:?} should have {0} frames in {1} seconds, expected both above zero", rate.0, rate.1)]
    Rate {
        /// The video.
        path: PathBuf,
        /// Frames, and the seconds they last.
        rate: (u32, u32),
    },
    /// The source of the frames failed.
    #[error("frame {index} of {path:?} cannot be had: {cause}")]
    Source {
        /// The video.
        path: PathBuf,
        /// The frame's number, from 0.
        index: usize,
        /// What the source says.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No program on this machine writes videos.
    #[error(
        "{path:?} cannot be encoded: neither ffmpeg nor gst-launch-1.0 is installed, expected one of them in PATH"
    )]
    NoEncoder {
        /// The video.
        path: PathBuf,
    },
    /// The program that encodes gave up.
    #[error("{program} did not write {path:?}: {said}")]
    Encoder {
        /// Its name.
        program: String,
        /// The video.
        path: PathBuf,
        /// The end of what it printed, or how it ended.
        said: String,
    },
    /// A file or folder that cannot be written.
    #[error("{path:?} cannot be written: {cause}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
}
