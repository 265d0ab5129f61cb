// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clips cut from real pairs of blurred and sharp sequences.
//!
//! A sequence is drawn by its share of all frames, a place in it at random. Sequences shorter than
//! a clip are played to and fro. Where it is asked for, a share of clips is cut from up to twice as wide
//! a square and reduced by area: motions and detail of more than one size from few scenes.

use super::cache::PictureCache;
use super::clip::{Clip, ClipSource, check_crop, crop};
use super::error::DataError;
use super::layout::{Choice, sequences};
use super::order::to_and_fro;
use super::sequence::Sequence;
use crate::blur::reduce;
use image::{RgbImage, imageops};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::sync::Arc;

/// Sequences with truth, and the cache their frames go through.
#[derive(Debug)]
pub struct Pairs {
    sequences: Vec<Sequence>,
    reduced: f64,
    cache: Arc<PictureCache>,
}

impl Pairs {
    /// Opens the data sets in `folders` for crops of `size` pixels, of which a share is `reduced`.
    ///
    /// # Errors
    /// Those of [`sequences`], and [`DataError::NoTruth`], [`DataError::Short`] (a single frame is
    /// no sequence) and [`DataError::Small`].
    pub fn open(
        folders: &[PathBuf],
        choice: &Choice,
        size: usize,
        reduced: f64,
        cache: Arc<PictureCache>,
    ) -> Result<Self, DataError> {
        let mut all = Vec::new();
        for folder in folders {
            all.extend(sequences(folder, choice)?);
        }
        for sequence in &all {
            let first = &sequence.blurred[0];
            let folder = first.parent().unwrap_or(first).to_owned();
            if sequence.sharp.is_empty() {
                return Err(DataError::NoTruth { folder });
            }
            if sequence.len() < 2 {
                return Err(DataError::Short {
                    path: folder,
                    found: sequence.len(),
                    expected: 2,
                });
            }
            check_crop(first, (sequence.width, sequence.height), size)?;
        }
        let sequences = all;
        Ok(Self {
            sequences,
            reduced,
            cache,
        })
    }

    fn frames(&self) -> usize {
        self.sequences.iter().map(Sequence::len).sum()
    }
}

impl ClipSource for Pairs {
    fn clip(&self, random: &mut ChaCha8Rng, frames: usize, size: usize) -> Result<Clip, DataError> {
        let mut frame = random.random_range(0..self.frames());
        let mut sequences = self.sequences.iter();
        let sequence = loop {
            match sequences.next() {
                Some(sequence) if frame < sequence.len() => break sequence,
                Some(sequence) => frame -= sequence.len(),
                None => unreachable!("the frame was drawn from all sequences"),
            }
        };
        let (width, height) = (sequence.width, sequence.height);
        check_crop(&sequence.blurred[0], (width, height), size)?;
        // Where no clip is reduced nothing is drawn for it, so that clips stay those they were.
        let wide = match self.reduced > 0.0 && random.random_bool(self.reduced) {
            true => random.random_range(size..=(2 * size).min(width.min(height) as usize)),
            false => size,
        };
        let place = (
            random.random_range(0..=width as usize - wide),
            random.random_range(0..=height as usize - wide),
        );
        let mut clip = Clip {
            frames,
            size,
            blurred: Vec::with_capacity(frames * size * size * 3),
            sharp: Vec::with_capacity(frames * size * size * 3),
        };
        for index in consecutive(random, sequence.len(), frames) {
            let blurred = self.cache.get(&sequence.blurred[index])?;
            cut(&blurred.pixels, place, (wide, size), &mut clip.blurred);
            let sharp = self.cache.get(&sequence.sharp[index])?;
            cut(&sharp.pixels, place, (wide, size), &mut clip.sharp);
        }
        Ok(clip)
    }

    fn about(&self) -> String {
        format!(
            "{} sequences ({} frames)",
            self.sequences.len(),
            self.frames()
        )
    }
}

/// Appends the square of `wide` pixels at `place` of `picture`, reduced to `size` pixels, to `bytes`.
fn cut(
    picture: &RgbImage,
    place: (usize, usize),
    (wide, size): (usize, usize),
    bytes: &mut Vec<u8>,
) {
    if wide == size {
        return crop(picture, place, size, bytes);
    }
    let [x, y, side] = [place.0, place.1, wide].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let square = imageops::crop_imm(picture, x, y, side, side).to_image();
    let reduced = reduce(&square, size as f64 / wide as f64);
    bytes.extend_from_slice(reduced.as_raw());
}

/// Indices of `wanted` consecutive frames of `length` (2 or more). Where there are not enough of
/// them, the sequence goes back from its end and forth from its start.
pub(super) fn consecutive(random: &mut impl Rng, length: usize, wanted: usize) -> Vec<usize> {
    let start = if length >= wanted {
        random.random_range(0..=length - wanted)
    } else {
        random.random_range(0..2 * (length - 1))
    };
    let steps = start..start + wanted;
    steps.map(|step| to_and_fro(step, length)).collect()
}
