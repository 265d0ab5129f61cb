// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a mean PSNR does not tell: what memory brings, whether it holds over a long video and at a
//! cut, what happens to sharp frames, what half precision costs, and whether the element gives
//! what the engine gives.
//!
//! One file each. An experiment runs all weights of a bench and gives tables and curves; the
//! blurred input's figure stands in every table that has a PSNR against the truth.

mod cut;
mod long_run;
mod pipeline;
mod precision;
mod sharp_in;
mod state;

pub use long_run::LongRun;
pub use pipeline::Pipeline;

use crate::data::{RgbImage, Sequence};

use super::bench::Bench;
use super::candidate::{Candidate, Origin};
use super::error::EvalError;
use super::psnr::psnr;
use super::scores::{Curve, Table};

/// An experiment and what can be chosen of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Experiment {
    /// PSNR with the memory forgotten every 1, 2, 4, 8, 16 frames and never.
    State,
    /// A sequence to and fro for a long time.
    LongRun(LongRun),
    /// Two scenes spliced, with the memory kept and forgotten at the cut.
    Cut,
    /// Sharp frames as input.
    SharpIn,
    /// float32 against 16-bit arithmetic.
    Precision,
    /// The same frames through a GStreamer pipeline.
    Pipeline(Pipeline),
}

/// Result of an experiment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Tables.
    pub tables: Vec<Table>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

impl Experiment {
    /// The words of all experiments, as [`Experiment::parse`] reads them.
    pub const WORDS: [&'static str; 6] = ["state", "long", "cut", "sharp", "precision", "pipeline"];

    /// The experiment of this word with what is usual for it; none for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "state" => Self::State,
            "long" => Self::LongRun(LongRun::default()),
            "cut" => Self::Cut,
            "sharp" => Self::SharpIn,
            "precision" => Self::Precision,
            "pipeline" => Self::Pipeline(Pipeline::default()),
            _ => return None,
        })
    }

    /// Its word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::State => "state",
            Self::LongRun(_) => "long",
            Self::Cut => "cut",
            Self::SharpIn => "sharp",
            Self::Precision => "precision",
            Self::Pipeline(_) => "pipeline",
        }
    }

    /// Whether it can be done with what is on the bench.
    ///
    /// # Errors
    /// [`EvalError::Experiment`] if something is missing: a second sequence, a weights file, the
    /// element.
    pub fn check(&self, bench: &Bench<'_>) -> Result<(), EvalError> {
        let checked = match self {
            Self::State | Self::SharpIn => Ok(()),
            Self::LongRun(run) => run.check(bench),
            Self::Cut => cut::check(bench),
            Self::Precision => come_from_files(bench),
            Self::Pipeline(pipeline) => come_from_files(bench).and_then(|()| pipeline.check()),
        };
        let experiment = self.word();
        checked.map_err(|reason| EvalError::Experiment { experiment, reason })
    }

    /// Does it.
    ///
    /// # Errors
    /// As [`Experiment::check`]; data that cannot be read, a network that fails.
    pub fn run(&self, bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
        self.check(bench)?;
        match self {
            Self::State => state::run(bench),
            Self::LongRun(run) => run.run(bench),
            Self::Cut => cut::run(bench),
            Self::SharpIn => sharp_in::run(bench),
            Self::Precision => precision::run(bench),
            Self::Pipeline(pipeline) => pipeline.run(bench),
        }
    }
}

/// Refuses weights that cannot be opened once more.
fn come_from_files(bench: &Bench<'_>) -> Result<(), String> {
    let is_lost = |one: &&Candidate| *one.origin() == Origin::Memory;
    match bench.candidates.iter().find(is_lost) {
        Some(one) => Err(format!("{} has no weights file", one.name())),
        None => Ok(()),
    }
}

/// A running mean that knows its lowest value.
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    sum: f64,
    count: usize,
    lowest: Option<f64>,
}

impl Running {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        self.lowest = Some(self.lowest.map_or(value, |lowest| lowest.min(value)));
    }

    /// The mean, 0 of nothing.
    fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    fn lowest(&self) -> f64 {
        self.lowest.unwrap_or_default()
    }
}

/// PSNR of a picture against the truth of a frame.
fn against_truth(sequence: &Sequence, index: usize, picture: &RgbImage) -> Result<f64, EvalError> {
    psnr(picture, &sequence.sharp(index)?)
}

/// Mean PSNR of the blurred input over all scored frames.
fn blurred_mean(bench: &Bench<'_>) -> Result<f64, EvalError> {
    let mut mean = Running::default();
    for sequence in bench.sequences {
        for index in bench.protocol.scored(sequence.len()) {
            mean.add(against_truth(sequence, index, &sequence.blurred(index)?)?);
        }
    }
    Ok(mean.mean())
}

/// Heads of columns.
fn columns(heads: &[&str]) -> Vec<String> {
    heads.iter().map(|head| (*head).to_owned()).collect()
}

/// dB as tables show them.
fn db(value: f64) -> String {
    // Rounded by hand, so that no "-0.00" comes out.
    format!("{:.2}", (value * 100.0).round() / 100.0 + 0.0)
}

/// Whether an aim was reached.
fn verdict(is_reached: bool) -> String {
    if is_reached { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Experiment, Running, db};

    #[test]
    fn every_word_names_its_experiment() {
        for word in Experiment::WORDS {
            assert_eq!(Experiment::parse(word).expect(word).word(), word);
        }
        assert_eq!(Experiment::parse("States"), None);
    }

    #[test]
    fn a_running_mean_knows_its_lowest_value() {
        let mut running = Running::default();
        assert_eq!((running.mean(), running.lowest()), (0.0, 0.0));
        for value in [3.0, -1.0, 4.0] {
            running.add(value);
        }
        assert_eq!((running.mean(), running.lowest()), (2.0, -1.0));
    }

    #[test]
    fn small_losses_have_no_sign() {
        assert_eq!(db(-0.001), "0.00");
        assert_eq!(db(-0.126), "-0.13");
    }
}
