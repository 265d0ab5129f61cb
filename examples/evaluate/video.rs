// SPDX-License-Identifier: MIT OR Apache-2.0
//! The side-by-side videos: the networks run once more, so that no frame has to be kept.

use anyhow::{Context, Result};
use rirn_lab::data::{RgbImage, Sequence};
use rirn_lab::eval::{Candidate, Feed};
use rirn_lab::report;
use std::path::Path;

/// Frames a second: slow enough to compare.
const RATE: (u32, u32) = (15, 1);

/// Writes `SEQUENCE.mp4` for every sequence: blurred, each candidate, sharp.
pub(crate) fn write_all(
    folder: &Path,
    sequences: &[Sequence],
    candidates: &[Candidate],
) -> Result<()> {
    for sequence in sequences {
        let file = format!("{}.mp4", sequence.name.replace(['/', '\\'], "_"));
        let feeds = || (0..sequence.len()).map(|index| Feed::next(sequence.blurred(index)));
        let streams = candidates.iter().map(|candidate| candidate.stream(feeds()));
        let mut streams: Vec<_> = streams.collect();
        let frames = (0..sequence.len()).map(|index| -> Result<Vec<RgbImage>> {
            let mut pictures = vec![sequence.blurred(index)?];
            for stream in &mut streams {
                let played = stream.next().context("a network gave too few frames")?;
                pictures.push(played?.picture);
            }
            pictures.push(sequence.sharp(index)?);
            Ok(pictures)
        });
        report::side_by_side(&folder.join(file), RATE, frames)?;
    }
    Ok(())
}
