// SPDX-License-Identifier: MIT OR Apache-2.0
//! A contact sheet of clips, to see what a network is going to be trained on.

use super::clip::Clip;
use super::error::DataError;
use super::mixture::Mixture;
use image::{Rgb, RgbImage};

/// Pixels between frames and between the two rows of a clip.
const GAP: usize = 2;
/// Pixels between clips.
const SPACE: usize = 10;
const PAPER: Rgb<u8> = Rgb([40, 40, 40]);

/// A sheet of `rows` clips of each source of `mixture`, `frames` frames of `size` pixels each: two
/// rows a clip, blurred above sharp; sources in the order pairs, photographs, videos. Clips are
/// numbers 0, 1, ... of `seed`.
///
/// # Errors
/// As [`Mixture::clip`].
pub fn preview(
    mixture: &Mixture,
    seed: u64,
    rows: usize,
    frames: usize,
    size: usize,
) -> Result<RgbImage, DataError> {
    let clips = mixture.sources() * rows;
    let width = frames * (size + GAP);
    let height = clips * (2 * size + GAP + SPACE);
    let mut sheet = RgbImage::from_pixel(width as u32, height as u32, PAPER);
    for number in 0..clips {
        let key = (seed, (number % rows) as u64);
        let clip = mixture.clip_of(number / rows, key, frames, size)?;
        let top = number * (2 * size + GAP + SPACE);
        place(&mut sheet, &clip, &clip.blurred, top);
        place(&mut sheet, &clip, &clip.sharp, top + size + GAP);
    }
    Ok(sheet)
}

fn place(sheet: &mut RgbImage, clip: &Clip, levels: &[u8], top: usize) {
    let stride = sheet.width() as usize * 3;
    for (index, line) in levels.chunks_exact(clip.size * 3).enumerate() {
        let (frame, row) = (index / clip.size, index % clip.size);
        let start = (top + row) * stride + frame * (clip.size + GAP) * 3;
        sheet.as_mut()[start..start + line.len()].copy_from_slice(line);
    }
}
