// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment `sharp`: sharp frames as input. A network that deblurs what is not blurred harms
//! most of an ordinary video; 36 dB against the input and more is in order.

use crate::data::Sequence;
use crate::eval::bench::Bench;
use crate::eval::error::EvalError;
use crate::eval::scores::Table;
use crate::eval::stream::Feed;

use super::{Outcome, Running, against_truth, columns, db, verdict};

/// Mean PSNR that is in order, in dB.
const LEAST: f64 = 36.0;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
    let mut stage = bench.stage("sharp", bench.frames() * bench.candidates.len());
    let mut rows = Vec::new();
    for candidate in bench.candidates {
        let (mut all, mut frames) = (Running::default(), 0);
        for sequence in bench.sequences {
            let mut own = Running::default();
            for played in candidate.stream(sharp(sequence)) {
                let played = played?;
                // A frame that comes out untouched equals the truth, and no network has made it.
                if played.is_made {
                    let psnr = against_truth(sequence, played.index, &played.picture)?;
                    own.add(psnr);
                    all.add(psnr);
                }
                stage.step(bench, candidate.name(), &sequence.name);
            }
            frames += sequence.len();
            rows.push(row(
                candidate.name(),
                &sequence.name,
                (&own, sequence.len()),
            ));
        }
        if bench.sequences.len() > 1 {
            rows.push(row(candidate.name(), "all", (&all, frames)));
        }
    }
    let table = Table {
        title: "Sharp in: PSNR in dB of the output for sharp frames against these".to_owned(),
        columns: columns(&[
            "network",
            "sequence",
            "mean",
            "lowest frame",
            "mean at least 36 dB",
        ]),
        rows,
    };
    Ok(Outcome {
        tables: vec![table],
        ..Outcome::default()
    })
}

fn sharp(sequence: &Sequence) -> impl Iterator<Item = Result<Feed, EvalError>> + use<'_> {
    (0..sequence.len()).map(|index| Feed::next(sequence.sharp(index)))
}

fn row(name: &str, sequence: &str, (psnr, frames): (&Running, usize)) -> Vec<String> {
    vec![
        name.to_owned(),
        sequence.to_owned(),
        db(psnr.mean()),
        db(psnr.lowest()),
        verdict(psnr.mean() >= LEAST && psnr.count == frames),
    ]
}
