// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training: from a [`Recipe`] and pictures to a weights file.
//!
//! A run lives in a folder: `checkpoint.safetensors` to go on from, `weights.safetensors` (the moving
//! average) to use, `log.jsonl` to look at. It can be stopped at any time and goes on where it was;
//! on the CPU, with as many threads, the losses are those of an unbroken run. Why the recipe is as
//! it is, and how runs compare: `docs/TRAINING.md`.

mod batch;
mod checkpoint;
mod disturb;
mod error;
mod grow;
mod log;
mod loss;
mod mean;
mod numbers;
mod optimiser;
mod passes;
mod places;
mod recipe;
mod ring;
mod run;
mod schedule;
mod teacher;
#[cfg(test)]
mod tests;
mod trainer;
mod variables;
mod watch;

pub use error::TrainError;
pub use log::Line;
pub use mean::{Mean, mean};
pub use recipe::{Clips, Loss, LossKind, NetworkTable, Optimiser, Recipe, Rule, Run, Stage};
pub use ring::{MakeClip, Ring};
pub use run::{End, Event, Limits, minutes, train};
pub use trainer::{Report, Trainer};
pub use variables::Variables;
