// SPDX-License-Identifier: MIT OR Apache-2.0
//! A clip, what gives clips, and what has to be true of both.

use super::error::DataError;
use rand_chacha::ChaCha8Rng;

/// Consecutive blurred frames and their truth, both `[frames, size, size, 3]`, RGB, 8 bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Number of frames.
    pub frames: usize,
    /// Width and height of a frame in pixels.
    pub size: usize,
    /// Blurred frames, one after the other.
    pub blurred: Vec<u8>,
    /// Sharp frames, one after the other.
    pub sharp: Vec<u8>,
}

/// A source of clips. Equal states of `random` give equal clips, whatever was asked for before.
pub trait ClipSource: Send + Sync {
    /// A clip of `frames` frames of `size` x `size` pixels.
    ///
    /// # Errors
    /// Where a file has become unreadable since the source was opened, or the clip is longer or
    /// larger than what the source was opened for.
    fn clip(&self, random: &mut ChaCha8Rng, frames: usize, size: usize) -> Result<Clip, DataError>;

    /// What the source holds, such as `5 sequences (278 frames)`.
    fn about(&self) -> String;
}

/// Appends the square of `size` pixels at `(x, y)` of `picture` to `bytes`.
pub(super) fn crop(
    picture: &image::RgbImage,
    (x, y): (usize, usize),
    size: usize,
    bytes: &mut Vec<u8>,
) {
    let stride = picture.width() as usize * 3;
    for row in y..y + size {
        let start = row * stride + x * 3;
        bytes.extend_from_slice(&picture.as_raw()[start..start + size * 3]);
    }
}

/// Refuses pictures smaller than a crop.
pub(super) fn check_crop(
    path: &std::path::Path,
    found: (u32, u32),
    size: usize,
) -> Result<(), DataError> {
    if (found.0.min(found.1) as usize) < size {
        let path = path.to_owned();
        return Err(DataError::Small { path, found, size });
    }
    Ok(())
}
