// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with a picture or a frame that is handed to the pixel floor.
//!
//! Formats appear by their GStreamer name, so that this file needs nothing from the floor above.

use thiserror::Error;

/// A picture, a frame, or a pair of them that cannot be read or written as asked.
///
/// Sizes in messages are in pixels and written `width x height`; lengths and strides of planes
/// are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PixelError {
    /// A picture needs at least one pixel.
    #[error("a picture of {width}x{height} pixels has no pixel, at least 1x1 is needed")]
    ZeroSize {
        /// Width that was asked for.
        width: usize,
        /// Height that was asked for.
        height: usize,
    },

    /// A byte count of this picture, plane or frame does not fit the address space.
    #[error("a {what} of {width}x{height} pixels is too large to be addressed")]
    TooLarge {
        /// `picture` or `frame`.
        what: &'static str,
        /// Width that was asked for.
        width: usize,
        /// Height that was asked for.
        height: usize,
    },

    /// The format has another number of planes.
    #[error("{found} planes were given for a {format} picture, which has {expected}")]
    PlaneCount {
        /// GStreamer name of the format.
        format: &'static str,
        /// Planes that were given.
        found: usize,
        /// Planes that the format has.
        expected: usize,
    },

    /// Rows would overlap, as the stride is shorter than a row.
    #[error("plane {plane} has a stride of {stride} bytes, but a row takes {row_bytes}")]
    Stride {
        /// Index of the plane.
        plane: usize,
        /// Stride that was given.
        stride: usize,
        /// Bytes that the pixels of one row take.
        row_bytes: usize,
    },

    /// The slice ends before the last pixel.
    #[error("plane {plane} holds {found} bytes, but its rows reach to byte {needed}")]
    PlaneLength {
        /// Index of the plane.
        plane: usize,
        /// Bytes that were given.
        found: usize,
        /// Bytes up to the last pixel of the last row.
        needed: usize,
    },

    /// The values given for a frame are not `height * width * 3`.
    #[error(
        "{found} values were given for a frame of {width}x{height} pixels, expected {expected}"
    )]
    FrameLength {
        /// Width of the frame.
        width: usize,
        /// Height of the frame.
        height: usize,
        /// Values that were given.
        found: usize,
        /// Values that the size asks for.
        expected: usize,
    },

    /// A frame does not have the size of the picture it goes with.
    #[error("the {which} frame is {found_width}x{found_height}, the picture {width}x{height}")]
    FrameSize {
        /// `blurred` or `sharp`.
        which: &'static str,
        /// Width of the frame.
        found_width: usize,
        /// Height of the frame.
        found_height: usize,
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
    },

    /// Input and output picture differ in size.
    #[error(
        "the output picture is {found_width}x{found_height}, the input picture {width}x{height}"
    )]
    PictureSize {
        /// Width of the output.
        found_width: usize,
        /// Height of the output.
        found_height: usize,
        /// Width of the input.
        width: usize,
        /// Height of the input.
        height: usize,
    },

    /// Input and output picture differ in format; nothing is converted between formats.
    #[error("the output picture is {found}, but the input picture is {expected}")]
    Format {
        /// Format of the output.
        found: &'static str,
        /// Format of the input.
        expected: &'static str,
    },

    /// Input and output picture differ in matrix, range or siting.
    #[error("the output picture has another colorimetry than the input picture")]
    Colorimetry,

    /// The system refused the memory for a frame.
    #[error("no memory for the {values} values of a frame")]
    Memory {
        /// Values of four bytes each that were asked for.
        values: usize,
    },
}
