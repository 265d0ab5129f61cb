// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment `precision`: float32 against bfloat16, and on CUDA float16, frame by frame. A loss
//! of more than 0.02 dB against the truth is a defect.

use std::sync::Arc;

use rirn::Engine;
use rirn::engine::Precision;

use crate::eval::bench::{Bench, Stage, blurred};
use crate::eval::candidate::Candidate;
use crate::eval::error::EvalError;
use crate::eval::psnr::psnr;
use crate::eval::run::BLURRED;
use crate::eval::scores::Table;
use crate::eval::stream::{Mishaps, Stream};

use super::{Outcome, Running, against_truth, blurred_mean, columns, db, verdict};

/// Largest loss in dB that is in order.
const LOSS: f64 = 0.02;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
    let mut all = Vec::new();
    for candidate in bench.candidates {
        all.push((candidate, engines(candidate)?));
    }
    let runs: usize = all.iter().map(|(_, (_, halves))| halves.len()).sum();
    let mut stage = bench.stage("precision", runs * bench.frames());
    let mut rows = vec![blurred_row(blurred_mean(bench)?)];
    for (candidate, (full, halves)) in all {
        for half in halves {
            let pair = [Arc::clone(&full), Arc::clone(&half)];
            // Before the run, for it may end in another one.
            let precision = half.precision();
            let seen = compare(candidate, pair, bench, &mut stage)?;
            rows.push(seen.row(candidate.name(), precision));
        }
    }
    let table = Table {
        title: "Precision: mean PSNR in dB against the truth, and of one output against the \
                other"
            .to_owned(),
        columns: columns(&[
            "network",
            "arithmetic",
            "float32",
            "16 bit",
            "loss",
            "one against the other",
            "lowest frame",
            "loss at most 0.02 dB",
        ]),
        rows,
    };
    Ok(Outcome {
        tables: vec![table],
        ..Outcome::default()
    })
}

/// The network in float32 and in every 16-bit arithmetic that its device has.
fn engines(candidate: &Candidate) -> Result<(Arc<Engine>, Vec<Arc<Engine>>), EvalError> {
    let full = candidate.in_precision(Precision::Float32)?;
    let mut halves = vec![candidate.in_precision(Precision::Bfloat16)?];
    if full.device() != "cpu" {
        halves.push(candidate.in_precision(Precision::Float16)?);
    }
    Ok((full, halves))
}

fn compare(
    candidate: &Candidate,
    [full, half]: [Arc<Engine>; 2],
    bench: &mut Bench<'_>,
    stage: &mut Stage,
) -> Result<Seen, EvalError> {
    let mut seen = Seen::default();
    for sequence in bench.sequences {
        let scored = bench.protocol.scored(sequence.len());
        let [full, mut half] = [&full, &half].map(|engine| {
            let stream = Stream::new(candidate.name(), Arc::clone(engine), blurred(sequence));
            stream.told_to(candidate.ledger())
        });
        for (full, half) in full.zip(half.by_ref()) {
            let (full, half) = (full?, half?);
            seen.between.add(psnr(&full.picture, &half.picture)?);
            if scored.contains(&full.index) {
                seen.full
                    .add(against_truth(sequence, full.index, &full.picture)?);
                seen.half
                    .add(against_truth(sequence, half.index, &half.picture)?);
            }
            stage.step(bench, candidate.name(), &sequence.name);
        }
        seen.is_broken |= half.mishaps() != Mishaps::default();
    }
    Ok(seen)
}

/// PSNR of both against the truth and of one against the other.
#[derive(Default)]
struct Seen {
    full: Running,
    half: Running,
    between: Running,
    /// The half did not go through as it was asked to.
    is_broken: bool,
}

impl Seen {
    fn row(&self, name: &str, precision: &str) -> Vec<String> {
        let loss = self.full.mean() - self.half.mean();
        vec![
            name.to_owned(),
            precision.to_owned(),
            db(self.full.mean()),
            db(self.half.mean()),
            format!("{loss:.4}"),
            db(self.between.mean()),
            db(self.between.lowest()),
            verdict(loss <= LOSS && !self.is_broken),
        ]
    }
}

fn blurred_row(psnr: f64) -> Vec<String> {
    let mut row = vec![String::new(); 8];
    row[0] = BLURRED.to_owned();
    row[2] = db(psnr);
    row[3] = db(psnr);
    row
}
