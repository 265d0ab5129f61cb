// SPDX-License-Identifier: MIT OR Apache-2.0
//! The main table of an evaluation, as words that Markdown and page only have to lay out.

use super::{decimals, scores_of, sequence_names, signed};
use crate::eval::scores::{Entry, Evaluation, Mean, SequenceScores};

/// What stands where there is no value.
const NONE: &str = "–";

/// The main table of an evaluation, in words.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Summary {
    /// Heads of the columns. The first one is the entries' own.
    pub columns: Vec<String>,
    /// One row an entry, in the evaluation's order.
    pub rows: Vec<Vec<Cell>>,
}

/// A value of a [`Summary`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Cell {
    /// What to print.
    pub text: String,
    /// What to print smaller beside it: the gain over the blurred input. May be empty.
    pub gain: String,
    /// Whether it is the best of its column. None is where all are equal.
    pub best: bool,
}

/// Rows are the entries; columns are the mean over all frames, the mean over sequences, flicker
/// in grey levels, then each sequence of any entry. Scores are `PSNR in dB / SSIM`.
#[must_use]
pub fn summary(evaluation: &Evaluation) -> Summary {
    let entries = &evaluation.entries;
    // The blurred input itself has no gain.
    let base_of = |entry: &Entry| entries.first().filter(|input| !std::ptr::eq(*input, entry));
    let mut columns = vec![Column::new("entry", entries, |entry| {
        Value::text(entry.name.clone())
    })];
    columns.push(Column::new("all frames", entries, |entry| {
        let base = base_of(entry).filter(|input| is_comparable(entry, input));
        Value::score(Some(entry.mean()), base.map(Entry::mean))
    }));
    columns.push(Column::new("mean of sequences", entries, |entry| {
        let base = base_of(entry).filter(|input| is_comparable(entry, input));
        Value::score(
            Some(entry.mean_of_sequences()),
            base.map(Entry::mean_of_sequences),
        )
    }));
    columns.push(Column::new("flicker", entries, |entry| {
        Value::flicker(entry.mean().flicker)
    }));
    for name in sequence_names(evaluation) {
        columns.push(Column::new(name, entries, |entry| {
            let scores = scores_of(entry, name);
            let base = base_of(entry).and_then(|input| scores_of(input, name));
            let base = base.filter(|base| scores.is_some_and(|own| same_frames(own, base)));
            Value::score(
                scores.map(SequenceScores::mean),
                base.map(SequenceScores::mean),
            )
        }));
    }
    let row = |index: usize| columns.iter().map(|column| column.cell(index)).collect();
    Summary {
        rows: (0..entries.len()).map(row).collect(),
        columns: columns.into_iter().map(|column| column.head).collect(),
    }
}

/// A column before its best value is known.
struct Column {
    head: String,
    values: Vec<Value>,
}

impl Column {
    fn new(head: &str, entries: &[Entry], value: impl Fn(&Entry) -> Value) -> Self {
        Self {
            head: head.to_owned(),
            values: entries.iter().map(value).collect(),
        }
    }

    fn cell(&self, index: usize) -> Cell {
        // The blurred input takes part: where no network is better, it is the best.
        let ranks = || self.values.iter().filter_map(|value| value.rank);
        let best = ranks().fold(f64::NEG_INFINITY, f64::max);
        let has_worse = ranks().any(|rank| rank < best);
        let value = &self.values[index];
        Cell {
            text: value.text.clone(),
            gain: value.gain.clone(),
            best: has_worse && value.rank == Some(best),
        }
    }
}

/// A value and what ranks it: the more, the better.
struct Value {
    text: String,
    gain: String,
    rank: Option<f64>,
}

impl Value {
    fn text(text: String) -> Self {
        Self {
            text,
            gain: String::new(),
            rank: None,
        }
    }

    fn flicker(value: f64) -> Self {
        Self {
            rank: value.is_finite().then_some(-value),
            ..Self::text(decimals(value, 3).unwrap_or_else(|| NONE.into()))
        }
    }

    /// `base` is the blurred input's own score on the same frames.
    fn score(own: Option<Mean>, base: Option<Mean>) -> Self {
        let printed = own.filter(|own| own.frames > 0).and_then(|own| {
            let text = format!("{} / {}", decimals(own.psnr, 2)?, decimals(own.ssim, 4)?);
            Some((own, text))
        });
        let Some((own, text)) = printed else {
            return Self::text(NONE.into());
        };
        let gain = base.and_then(|base| {
            let psnr = signed(own.psnr - base.psnr, 2)?;
            Some(format!("({psnr} / {})", signed(own.ssim - base.ssim, 4)?))
        });
        Self {
            text,
            gain: gain.unwrap_or_default(),
            rank: Some(own.psnr),
        }
    }
}

fn is_comparable(entry: &Entry, input: &Entry) -> bool {
    let has = |one: &Entry, other: &Entry| {
        one.sequences.iter().all(|sequence| {
            scores_of(other, &sequence.name).is_some_and(|scores| same_frames(scores, sequence))
        })
    };
    has(entry, input) && has(input, entry)
}

fn same_frames(one: &SequenceScores, other: &SequenceScores) -> bool {
    let indices = |scores: &SequenceScores| scores.frames.iter().map(|f| f.index).collect();
    let (one, other): (Vec<_>, Vec<_>) = (indices(one), indices(other));
    one == other
}
