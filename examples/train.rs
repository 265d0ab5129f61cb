// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trains a network by a recipe; see docs/TRAINING.md.
//!
//! ```sh
//! cargo run --release --example train -- recipes/lite.toml --out runs/lite
//! ```

use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rirn_lab::data::preview;
use rirn_lab::train::{Event, Limits, Line, Recipe, minutes, train};
use rirn_lab::visible::visible;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Train a deblurring network by a recipe.
///
/// The run lives in the folder --out: checkpoint.safetensors to go on from, weights.safetensors (a
/// moving average) to use, log.jsonl. The same command again goes on where it stopped; Ctrl-C saves
/// and stops, which is no failure: the exit status is 0.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The recipe, a TOML file; recipes/ has some.
    recipe: PathBuf,
    /// Folder of the run.
    #[arg(long, required_unless_present = "preview")]
    out: Option<PathBuf>,
    /// Folder against which relative paths of the recipe's [data] are taken (key: folder).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Optimiser steps of the whole run (key: steps).
    #[arg(long)]
    steps: Option<u64>,
    /// Time of the whole run instead, without making the clips: rate and stages follow it (key: seconds).
    #[arg(long)]
    seconds: Option<f64>,
    /// Decides initial values, clips and their order (key: seed).
    #[arg(long)]
    seed: Option<u64>,
    /// Weights to begin with, a file or the name of built-in or installed ones (key: network.start).
    #[arg(long, value_name = "WEIGHTS")]
    start: Option<String>,
    /// auto, cpu, cuda, cuda:N (key: run.device).
    #[arg(long)]
    device: Option<String>,
    /// auto, float32, bfloat16 (key: run.precision).
    #[arg(long)]
    precision: Option<String>,
    /// CPU threads; 0 leaves LibTorch's own choice (key: run.threads).
    #[arg(long)]
    threads: Option<u32>,
    /// Sequences to score while training (key: run.watch).
    #[arg(long, value_name = "DIR")]
    watch: Option<PathBuf>,
    /// Any other key of the recipe, for example --set optimiser.rate=1e-3.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Stop after so many minutes; the same command goes on from there.
    #[arg(long, value_parser = minutes)]
    minutes: Option<Duration>,
    /// Write a picture of sample clips, blurred above sharp, and do not train.
    #[arg(long, value_name = "FILE.png")]
    preview: Option<PathBuf>,
}

fn main() -> ExitCode {
    match work(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("train: {}", visible(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

fn work(options: &Options) -> Result<()> {
    let recipe = Recipe::open(&options.recipe, &changes(options))?;
    if let Some(path) = &options.preview {
        let (frames, size) = recipe.largest();
        let sheet = preview(&recipe.mixture()?, recipe.seed, 4, frames.min(6), size)?;
        sheet
            .save(path)
            .with_context(|| format!("{} could not be written", path.display()))?;
        return Ok(());
    }
    let out = options.out.as_deref().context("--out is missing")?;
    let limits = Limits {
        time: options.minutes,
        ..Limits::default()
    };
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&limits.stop))?;
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&limits.stop))?;
    let face = Face::new(&recipe);
    let end = train(&recipe, out, &limits, &mut |event| face.show(&event))?;
    face.finish();
    let step = end.step;
    match recipe.steps.saturating_sub(step) {
        _ if end.is_done => say(&format!(
            "done: {}",
            out.join("weights.safetensors").display()
        )),
        _ if recipe.seconds.is_some() => say(&format!(
            "stopped at step {step}, before its time; the same command goes on"
        )),
        left => say(&format!(
            "stopped at step {step}, {left} to go; the same command goes on"
        )),
    }
    Ok(())
}

/// The options that stand for keys of the recipe.
fn changes(options: &Options) -> Vec<String> {
    let text = |key: &str, value: Option<String>| value.map(|value| format!("{key}={value:?}"));
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let own = [
        text("folder", path(&options.data)),
        options.steps.map(|steps| format!("steps={steps}")),
        options
            .seconds
            .map(|seconds| format!("seconds={seconds:?}")),
        options.seed.map(|seed| format!("seed={seed}")),
        text("network.start", options.start.clone()),
        text("run.device", options.device.clone()),
        text("run.precision", options.precision.clone()),
        options
            .threads
            .map(|threads| format!("run.threads={threads}")),
        text("run.watch", path(&options.watch)),
    ];
    own.into_iter()
        .flatten()
        .chain(options.set.clone())
        .collect()
}

/// A line on the error output. That nobody reads it is no reason to stop.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A bar with the time left on a terminal, plain lines in a log.
struct Face {
    bar: ProgressBar,
    terminal: bool,
}

impl Face {
    fn new(recipe: &Recipe) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = match terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        // How many steps a run of so much time makes is not known.
        let steps = recipe.seconds.is_none().then_some(recipe.steps);
        let bar = ProgressBar::with_draw_target(steps, target);
        let style = match steps {
            Some(_) => "{bar:30} step {pos}/{len}, {per_sec}, {eta} left  {msg}",
            None => "step {pos}, {per_sec}, {elapsed}  {msg}",
        };
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self { bar, terminal }
    }

    fn show(&self, event: &Event) {
        match event {
            Event::Note(note) => self.say(&note.to_string()),
            Event::Unrecorded(why) => {
                self.say(&format!("steps are not recorded for the GPU: {why}"));
            }
            Event::Begins(step) => {
                self.say(&format!("begins at step {step}; making clips"));
                self.bar.set_position(*step);
                self.bar.reset_eta();
            }
            Event::Clips(made) => self.bar.set_message(format!("{made} clips")),
            Event::Step(step) => self.bar.set_position(*step),
            Event::Line(line) => self.line(line),
            Event::Saved(_) => {}
        }
    }

    fn line(&self, line: &Line) {
        let mut text = format!("loss {:.4}, gain {:.3} dB", line.loss, line.gain);
        if let Some(watched) = line.watched {
            text += &format!(", watched {watched:.3} dB");
        }
        if line.skipped > 0 {
            text += &format!(", {} steps skipped", line.skipped);
        }
        self.bar.set_message(text.clone());
        if !self.terminal || line.watched.is_some() {
            self.say(&format!(
                "step {}: {text}, {:.1} s",
                line.step, line.seconds
            ));
        }
    }

    fn say(&self, text: &str) {
        match self.terminal {
            true => self.bar.println(text),
            false => say(text),
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
