// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment `long`: a sequence to and fro for a long time. A memory that drifts shows as frames
//! that get worse from visit to visit, and as states that grow.
//!
//! It runs the longest sequence of the bench (the first of equals), whole or its upper left
//! corner. A frame is compared with its own first visit, and with that from the same side: on the way
//! back a frame has another past, so it differs without anything being lost. Frames that are first
//! visited while the memory still fills are not judged. What the turn itself harms, where motion is reversed
//! at once, is told by runs that begin at it with a new memory.

mod walk;

use crate::data::{RgbImage, Sequence, to_and_fro};
use crate::eval::bench::{Bench, Stage};
use crate::eval::candidate::Candidate;
use crate::eval::error::EvalError;
use crate::eval::psnr::psnr;
use crate::eval::run::BLURRED;
use crate::eval::scores::{Curve, Series, Table};
use crate::eval::ssim::WINDOW;
use crate::eval::stream::{Feed, Mishaps};

use super::{Outcome, columns};
use walk::Walk;

/// What can be chosen of the experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongRun {
    /// Frames to run, more than the sequence has.
    pub frames: usize,
    /// Width and height of the upper left corner to run on; none for whole frames.
    pub corner: Option<(u32, u32)>,
}

impl Default for LongRun {
    fn default() -> Self {
        Self {
            frames: 1000,
            corner: None,
        }
    }
}

impl LongRun {
    pub(super) fn check(&self, bench: &Bench<'_>) -> Result<(), String> {
        let sequence = longest(bench.sequences);
        if self.frames <= sequence.len() {
            return Err(format!(
                "{} frames are no more than sequence {} has once",
                self.frames, sequence.name
            ));
        }
        let (width, height) = self.size(sequence);
        let fits = |side, whole| (WINDOW..=whole).contains(&side);
        if fits(width, sequence.width) && fits(height, sequence.height) {
            return Ok(());
        }
        Err(format!(
            "a corner of {width}x{height} pixels is not within {WINDOW}x{WINDOW} and the {}x{} of \
             sequence {}",
            sequence.width, sequence.height, sequence.name
        ))
    }

    pub(super) fn run(&self, bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
        let sequence = longest(bench.sequences);
        let frames = self.frames + sequence.len();
        let mut stage = bench.stage("long", frames * bench.candidates.len());
        let mut rows = vec![self.blurred_row(sequence)?];
        let (mut states, mut changes) = (Vec::new(), Vec::new());
        for candidate in bench.candidates {
            let walk = self.walk(candidate, sequence, bench, &mut stage)?;
            rows.push(walk.row(candidate.name()));
            let series = |points| Series {
                name: candidate.name().to_owned(),
                points,
            };
            states.push(series(walk.states));
            changes.push(series(walk.changes));
        }
        let (width, height) = self.size(sequence);
        let of = format!(
            "sequence {} ({width}x{height}) to and fro for {} frames",
            sequence.name, self.frames
        );
        Ok(Outcome {
            tables: vec![Table {
                title: format!("Long run: {of}; PSNR in dB"),
                columns: columns(&[
                    "network",
                    "first 100 frames",
                    "last 100 frames",
                    "largest drop below first visit",
                    "at frame",
                    "largest drop below first visit from the same side",
                    "largest drop below a run that begins at the turn",
                    "largest state",
                    "drop at most 0.3 dB",
                ]),
                rows,
            }],
            curves: vec![
                curve(
                    format!("States over a long run: {of}"),
                    "largest magnitude",
                    states,
                ),
                curve(
                    format!("PSNR over a long run: {of}"),
                    "PSNR less that of the first visit, in dB",
                    changes,
                ),
            ],
            notes: Vec::new(),
        })
    }

    fn walk(
        &self,
        candidate: &Candidate,
        sequence: &Sequence,
        bench: &mut Bench<'_>,
        stage: &mut Stage,
    ) -> Result<Walk, EvalError> {
        let last = sequence.len() - 1;
        let mut back = vec![0.0; sequence.len()];
        let reversed = (sequence.len(), |time| last - time);
        self.play(candidate, sequence, reversed, |_, place, psnr, _| {
            back[place] = psnr;
            stage.step(bench, candidate.name(), &sequence.name);
        })?;
        let mut walk = Walk::new(back, self.frames);
        let order = (self.frames, |time| to_and_fro(time, sequence.len()));
        let mishaps = self.play(candidate, sequence, order, |time, place, psnr, state| {
            walk.add(time, place, psnr, state);
            stage.step(bench, candidate.name(), &sequence.name);
        })?;
        walk.is_broken = mishaps != Mishaps::default();
        Ok(walk)
    }

    /// Plays so many frames in an order with a new memory; what is seen are the time, the place of the
    /// frame in the sequence, its PSNR and the largest state.
    fn play(
        &self,
        candidate: &Candidate,
        sequence: &Sequence,
        (frames, order): (usize, impl Fn(usize) -> usize),
        mut seen: impl FnMut(usize, usize, f64, f64),
    ) -> Result<Mishaps, EvalError> {
        let frames = (0..frames).map(|time| {
            Ok(Feed {
                picture: self.cut(sequence.blurred(order(time))?),
                fresh: false,
            })
        });
        let mut stream = candidate.stream(frames);
        while let Some(played) = stream.next() {
            let played = played?;
            let place = order(played.index);
            let truth = self.cut(sequence.sharp(place)?);
            let state = stream.largest_state()?;
            seen(played.index, place, psnr(&played.picture, &truth)?, state);
        }
        Ok(stream.mishaps())
    }

    fn blurred_row(&self, sequence: &Sequence) -> Result<Vec<String>, EvalError> {
        let mut of_frames = Vec::with_capacity(sequence.len());
        for index in 0..sequence.len() {
            let picture = self.cut(sequence.blurred(index)?);
            of_frames.push(psnr(&picture, &self.cut(sequence.sharp(index)?))?);
        }
        let mut walk = Walk::new(of_frames.clone(), self.frames);
        for time in 0..self.frames {
            let place = to_and_fro(time, sequence.len());
            walk.add(time, place, of_frames[place], 0.0);
        }
        let mut row = walk.row(BLURRED);
        row[3..].fill(String::new());
        Ok(row)
    }

    fn size(&self, sequence: &Sequence) -> (u32, u32) {
        self.corner.unwrap_or((sequence.width, sequence.height))
    }

    fn cut(&self, picture: RgbImage) -> RgbImage {
        match self.corner {
            Some((width, height)) => {
                image::imageops::crop_imm(&picture, 0, 0, width, height).to_image()
            }
            None => picture,
        }
    }
}

fn longest(sequences: &[Sequence]) -> &Sequence {
    // The last of equals is the first of the reversed.
    let longest = sequences.iter().rev().max_by_key(|sequence| sequence.len());
    longest.expect("a bench has a sequence")
}

fn curve(title: String, y: &str, series: Vec<Series>) -> Curve {
    Curve {
        title,
        x: "frame".to_owned(),
        y: y.to_owned(),
        series,
    }
}
