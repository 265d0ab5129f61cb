// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment `state`: PSNR with a new memory every k frames. A network whose curve is flat has
//! learnt nothing from time.
//!
//! What begins anew is all that is remembered: states and frames looked back at. A reset every k
//! frames does nothing where no sequence is longer than k; such a k has the figure of "never", and
//! in the curve "never" stands at the length of the longest sequence.

use crate::data::Sequence;
use crate::eval::bench::{Bench, Stage, blurred};
use crate::eval::candidate::Candidate;
use crate::eval::error::EvalError;
use crate::eval::run::BLURRED;
use crate::eval::scores::{Curve, Series, Table};
use crate::eval::stream::Feed;

use super::{Outcome, Running, against_truth, blurred_mean, columns, db};

/// Frames from one reset to the next.
const EVERY: [usize; 5] = [1, 2, 4, 8, 16];

pub(super) fn run(bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
    let longest = bench.sequences.iter().map(Sequence::len).max().unwrap_or(1);
    let shorter: Vec<_> = EVERY.into_iter().filter(|every| *every < longest).collect();
    let runs = bench.candidates.len() * (shorter.len() + 1);
    let mut stage = bench.stage("state", runs * bench.frames());
    let mut rows = vec![blurred_row(blurred_mean(bench)?)];
    let mut series = Vec::new();
    for candidate in bench.candidates {
        let mut points = Vec::new();
        for every in &shorter {
            points.push((*every as f64, mean(candidate, *every, bench, &mut stage)?));
        }
        let never = mean(candidate, longest, bench, &mut stage)?;
        points.push((longest as f64, never));
        rows.push(row(candidate.name(), &points, never));
        series.push(Series {
            name: candidate.name().to_owned(),
            points,
        });
    }
    let table = Table {
        title: "State: mean PSNR in dB with the memory forgotten every k frames".to_owned(),
        columns: columns(&[
            "network",
            "k = 1",
            "2",
            "4",
            "8",
            "16",
            "never",
            "gain of memory",
        ]),
        rows,
    };
    let curve = Curve {
        title: "What memory brings".to_owned(),
        x: "frames from one reset to the next (last point: never)".to_owned(),
        y: "mean PSNR in dB".to_owned(),
        series,
    };
    Ok(Outcome {
        tables: vec![table],
        curves: vec![curve],
        notes: Vec::new(),
    })
}

/// Mean PSNR over all scored frames with a reset every so many frames.
fn mean(
    candidate: &Candidate,
    every: usize,
    bench: &mut Bench<'_>,
    stage: &mut Stage,
) -> Result<f64, EvalError> {
    let mut mean = Running::default();
    for sequence in bench.sequences {
        let scored = bench.protocol.scored(sequence.len());
        let frames = blurred(sequence).enumerate().map(|(index, feed)| {
            let fresh = index % every == 0;
            feed.map(|feed| Feed { fresh, ..feed })
        });
        for played in candidate.stream(frames) {
            let played = played?;
            if scored.contains(&played.index) {
                mean.add(against_truth(sequence, played.index, &played.picture)?);
            }
            stage.step(bench, candidate.name(), &sequence.name);
        }
    }
    Ok(mean.mean())
}

fn blurred_row(psnr: f64) -> Vec<String> {
    let mut row = vec![BLURRED.to_owned()];
    row.extend((0..=EVERY.len()).map(|_| db(psnr)));
    row.push(String::new());
    row
}

fn row(name: &str, points: &[(f64, f64)], never: f64) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    // What was not measured is as long as no reset at all.
    row.extend((0..EVERY.len()).map(|at| db(points.get(at).map_or(never, |point| point.1))));
    row.push(db(never));
    row.push(db(never - points.first().map_or(never, |point| point.1)));
    row
}
