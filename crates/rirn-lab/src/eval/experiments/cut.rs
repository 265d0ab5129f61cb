// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment `cut`: the end of one sequence followed by the beginning of the next, with the
//! memory kept over the cut and with a new one behind it, which is what a cut detector would do.
//!
//! Every sequence is followed by the next one of the bench; where their sizes differ both are cut
//! to the upper left corner that they share.

use crate::data::{DataError, RgbImage, Sequence};
use crate::eval::bench::{Bench, Stage};
use crate::eval::candidate::Candidate;
use crate::eval::error::EvalError;
use crate::eval::psnr::psnr;
use crate::eval::run::BLURRED;
use crate::eval::scores::{Curve, Series, Table};
use crate::eval::stream::Feed;

use super::{Outcome, Running, columns, db};

/// Frames before the cut, enough to fill a memory.
const BEFORE: usize = 24;

/// Frames after the cut that are scored.
const AFTER: usize = 5;

/// PSNR of each frame after the cut.
type Scores = [Running; AFTER];

pub(super) fn check(bench: &Bench<'_>) -> Result<(), String> {
    if bench.sequences.len() < 2 {
        return Err("a cut needs two sequences, there is one".to_owned());
    }
    Ok(())
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
    let cuts: Vec<_> = bench.sequences.windows(2).map(Cut::new).collect();
    let most = |cut: &Cut<'_>| cut.before.len() + 2 * cut.scored();
    let total: usize = cuts.iter().map(most).sum();
    let mut stage = bench.stage("cut", total * bench.candidates.len());

    let mut rows = vec![row(BLURRED, "", &blurred(&cuts)?)];
    let mut series = Vec::new();
    for candidate in bench.candidates {
        for (is_kept, memory) in [(true, "kept"), (false, "new")] {
            let mut scores = Scores::default();
            for cut in &cuts {
                cut.play(candidate, is_kept, &mut scores, (bench, &mut stage))?;
            }
            rows.push(row(candidate.name(), memory, &scores));
            series.push(line(
                format!("{}, memory {memory}", candidate.name()),
                &scores,
            ));
        }
    }
    let table = Table {
        title: format!(
            "Cut: PSNR in dB of the frames after a cut, mean over {} cuts",
            cuts.len()
        ),
        columns: columns(&["network", "memory", "frame 1", "2", "3", "4", "5", "mean"]),
        rows,
    };
    let curve = Curve {
        title: "After a cut".to_owned(),
        x: "frame after the cut".to_owned(),
        y: "PSNR in dB".to_owned(),
        series,
    };
    Ok(Outcome {
        tables: vec![table],
        curves: vec![curve],
        notes: Vec::new(),
    })
}

/// The end of one sequence and the beginning of another.
struct Cut<'a> {
    from: &'a Sequence,
    before: std::ops::Range<usize>,
    to: &'a Sequence,
    size: (u32, u32),
}

impl<'a> Cut<'a> {
    fn new(pair: &'a [Sequence]) -> Self {
        let (from, to) = (&pair[0], &pair[1]);
        Self {
            from,
            before: from.len().saturating_sub(BEFORE)..from.len(),
            to,
            size: (from.width.min(to.width), from.height.min(to.height)),
        }
    }

    /// Frames after the cut that are scored.
    fn scored(&self) -> usize {
        self.to.len().min(AFTER)
    }

    fn play(
        &self,
        candidate: &Candidate,
        is_kept: bool,
        scores: &mut Scores,
        (bench, stage): (&mut Bench<'_>, &mut Stage),
    ) -> Result<(), EvalError> {
        // A cut detector lets the frames before the cut finish and then begins anew, so that the
        // frames behind it are as if there were nothing before.
        let before = if is_kept { self.before.clone() } else { 0..0 };
        let first = before.len();
        let seen = self.to.len().min(AFTER + candidate.engine().delay());
        let frames = before
            .map(|index| self.from.blurred(index))
            .chain((0..seen).map(|index| self.to.blurred(index)))
            .map(|picture| Feed::next(self.corner(picture)));
        for played in candidate.stream(frames).take(first + self.scored()) {
            let played = played?;
            if let Some(index) = played.index.checked_sub(first) {
                let truth = self.corner(self.to.sharp(index))?;
                scores[index].add(psnr(&played.picture, &truth)?);
            }
            stage.step(bench, candidate.name(), &self.to.name);
        }
        Ok(())
    }

    fn corner(&self, picture: Result<RgbImage, DataError>) -> Result<RgbImage, DataError> {
        let (width, height) = self.size;
        let picture = picture?;
        if picture.dimensions() == self.size {
            return Ok(picture);
        }
        Ok(image::imageops::crop_imm(&picture, 0, 0, width, height).to_image())
    }
}

/// The input's own figures.
fn blurred(cuts: &[Cut<'_>]) -> Result<Scores, EvalError> {
    let mut scores = Scores::default();
    for cut in cuts {
        for (index, score) in scores.iter_mut().enumerate().take(cut.scored()) {
            let picture = cut.corner(cut.to.blurred(index))?;
            score.add(psnr(&picture, &cut.corner(cut.to.sharp(index))?)?);
        }
    }
    Ok(scores)
}

fn row(name: &str, memory: &str, scores: &Scores) -> Vec<String> {
    let mut row = vec![name.to_owned(), memory.to_owned()];
    let mut all = Running::default();
    for score in scores {
        let is_there = score.count > 0;
        row.push(if is_there {
            db(score.mean())
        } else {
            String::new()
        });
        all.sum += score.sum;
        all.count += score.count;
    }
    row.push(db(all.mean()));
    row
}

fn line(name: String, scores: &Scores) -> Series {
    let there = scores
        .iter()
        .enumerate()
        .filter(|(_, score)| score.count > 0);
    let points = there.map(|(index, score)| ((index + 1) as f64, score.mean()));
    Series {
        name,
        points: points.collect(),
    }
}
