// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log of a run, `log.jsonl`: a [`Line`] for so many steps.

use super::TrainError;
use super::trainer::Report;
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A line of `log.jsonl`: means since the line before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Steps made.
    pub step: u64,
    /// Loss with the penalty of the states.
    pub loss: f64,
    /// Nearer to the truth than the input, in dB, on training clips.
    pub gain: f64,
    /// Largest magnitude of a state.
    pub state: f64,
    /// Learning rate.
    pub rate: f64,
    /// Steps that changed nothing, as the loss was not finite.
    pub skipped: u64,
    /// Seconds that the steps took.
    pub seconds: f64,
    /// Gain of the average weights on the sequences that are watched, in dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watched: Option<f64>,
}

/// What the next line is made of.
#[derive(Default)]
pub(super) struct Sums {
    steps: u64,
    loss: f64,
    gain: f64,
    state: f64,
    skipped: u64,
    time: Duration,
}

impl Sums {
    pub(super) fn add(&mut self, report: &Report, time: Duration) {
        self.time += time;
        if !report.changed {
            self.skipped += 1;
            return;
        }
        self.steps += 1;
        self.loss += report.loss;
        self.gain += report.gain;
        self.state = self.state.max(report.state);
    }

    pub(super) fn line(self, step: u64, rate: f64, watched: Option<f64>) -> Line {
        let steps = self.steps.max(1) as f64;
        Line {
            step,
            loss: self.loss / steps,
            gain: self.gain / steps,
            state: self.state,
            rate,
            skipped: self.skipped,
            seconds: self.time.as_secs_f64(),
            watched,
        }
    }
}

/// Drops lines of steps that a killed run made after its last checkpoint: they are made again.
pub(super) fn forget_beyond(path: &Path, step: u64) -> Result<(), TrainError> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(());
    };
    let made = |line: &&str| {
        let line: Option<serde_json::Value> = serde_json::from_str(line).ok();
        line.and_then(|line| line["step"].as_u64())
            .is_some_and(|made| made <= step)
    };
    let kept: String = text
        .lines()
        .filter(made)
        .map(|line| format!("{line}\n"))
        .collect();
    if kept == text {
        return Ok(());
    }
    rirn::weights::replace(path, kept.as_bytes()).map_err(|error| TrainError::save(path, error))
}
