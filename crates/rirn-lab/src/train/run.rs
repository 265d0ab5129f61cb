// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`train`]: a run in its folder, from its beginning or from where it was stopped.

use super::TrainError;
use super::checkpoint::Checkpoint;
use super::log::{Line, Sums, forget_beyond};
use super::recipe::Recipe;
use super::ring::{MakeClip, Ring};
use super::schedule::{self, Moment};
use super::trainer::Trainer;
use super::watch::Watch;
use crate::data::Mixture;
use rirn::engine::Note;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What ends a run before its last step.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Set from outside.
    pub stop: Arc<AtomicBool>,
    /// Time of this call.
    pub time: Option<Duration>,
}

/// The time of a call from a number of minutes, for a command line.
///
/// # Errors
/// A sentence, if it is no number from 0 to what a clock can count.
pub fn minutes(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().map(|minutes| 60.0 * minutes);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected minutes, 0 or more".to_owned())
}

/// What a run tells while it goes on.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// Something about the device.
    Note(&'a Note),
    /// Why a GPU's work is not repeated from recordings, which makes the steps slower.
    Unrecorded(&'a str),
    /// Material is checked; the run begins at this step.
    Begins(u64),
    /// So many clips of the ring are made.
    Clips(usize),
    /// A step is done.
    Step(u64),
    /// A line of the log.
    Line(&'a Line),
    /// A checkpoint is on disk.
    Saved(u64),
}

/// Where a call of [`train`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Steps made.
    pub step: u64,
    /// Whether the run is over; else a limit came first.
    pub is_done: bool,
}

/// Trains by a recipe in a folder until its last step, its time or a limit.
///
/// # Errors
/// Bad material before the first step, named; a checkpoint of another recipe; a full disk, in
/// which case the last checkpoint is still whole.
pub fn train(
    recipe: &Recipe,
    folder: &Path,
    limits: &Limits,
    tell: &mut dyn FnMut(Event),
) -> Result<End, TrainError> {
    let began = Instant::now();
    let mut session = Session::open(recipe, folder, tell)?;
    tell(Event::Begins(session.trainer.step_number()));
    if session.trainer.is_done() {
        let step = session.trainer.step_number();
        return Ok(End {
            step,
            is_done: true,
        });
    }
    let mut ring = session.ring(tell)?;
    let (mut passed, mut told) = (Instant::now(), false);
    while !session.trainer.is_done() {
        let over = limits.time.is_some_and(|time| began.elapsed() >= time);
        if over || limits.stop.load(Ordering::Relaxed) {
            break;
        }
        ring.advance(session.trainer.step_number())?;
        let step = Instant::now();
        let at = session.trainer.moment();
        let report = session.trainer.step(&ring)?;
        if let Some(why) = session.trainer.unrecorded().filter(|_| !told) {
            told = true;
            tell(Event::Unrecorded(why));
        }
        session.sums.add(&report, step.elapsed());
        session
            .trainer
            .pass(std::mem::replace(&mut passed, Instant::now()).elapsed());
        session.after_step(at, tell)?;
    }
    session.save()?;
    Ok(End {
        step: session.trainer.step_number(),
        is_done: session.trainer.is_done(),
    })
}

/// A run and its files.
struct Session<'r> {
    recipe: &'r Recipe,
    folder: PathBuf,
    trainer: Trainer,
    mixture: Arc<Mixture>,
    watch: Option<Watch>,
    log: File,
    sums: Sums,
}

impl<'r> Session<'r> {
    fn open(
        recipe: &'r Recipe,
        folder: &Path,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Self, TrainError> {
        rirn::engine::load_cuda();
        rirn::engine::flush_denormals();
        if recipe.run.threads > 0 {
            tch::set_num_threads(i32::try_from(recipe.run.threads).unwrap_or(i32::MAX));
        }
        let saved = Checkpoint::open(&folder.join("checkpoint.safetensors"))?;
        if let Some(saved) = &saved {
            same_run(recipe, &saved.recipe, folder)?;
        }
        let mixture = Arc::new(recipe.mixture()?);
        let watch = recipe.run.watch.as_deref().map(Watch::open).transpose()?;
        let (mut trainer, notes) = Trainer::new(recipe)?;
        for note in &notes {
            tell(Event::Note(note));
        }
        if let Some(saved) = &saved {
            trainer.restore(saved)?;
        }
        fs::create_dir_all(folder).map_err(|error| TrainError::save(folder, error))?;
        let path = folder.join("log.jsonl");
        forget_beyond(&path, trainer.step_number())?;
        let log = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self {
            recipe,
            folder: folder.to_owned(),
            trainer,
            mixture,
            watch,
            log: log.map_err(|error| TrainError::save(&path, error))?,
            sums: Sums::default(),
        })
    }

    fn ring(&self, tell: &mut dyn FnMut(Event)) -> Result<Ring, TrainError> {
        let (frames, crop) = self.recipe.largest();
        let (mixture, seed) = (Arc::clone(&self.mixture), self.recipe.seed);
        let make: MakeClip = Arc::new(move |number| Ok(mixture.clip(seed, number, frames, crop)?));
        let (_, device) = self.trainer.placement();
        let step = self.trainer.step_number();
        let ring = Ring::at(&self.recipe.clips, make, step, device, &mut |made| {
            tell(Event::Clips(made))
        })?;
        Ok(match self.recipe.seconds {
            Some(_) => ring.without_waiting(),
            None => ring,
        })
    }

    /// Watches, logs and saves after a step that began at a moment.
    fn after_step(&mut self, at: Moment, tell: &mut dyn FnMut(Event)) -> Result<(), TrainError> {
        let (step, run) = (self.trainer.step_number(), &self.recipe.run);
        tell(Event::Step(step));
        let last = self.trainer.is_done();
        let watched = match &self.watch {
            Some(watch) if last || step.is_multiple_of(run.watch_every) => {
                let (_, device) = self.trainer.placement();
                Some(watch.gain(self.trainer.average(), device)?)
            }
            _ => None,
        };
        if last || watched.is_some() || step.is_multiple_of(run.log_every) {
            let rate = schedule::rate(self.recipe, at);
            let line = std::mem::take(&mut self.sums).line(step, rate, watched);
            self.write(&line)?;
            tell(Event::Line(&line));
        }
        if step.is_multiple_of(run.save_every) {
            self.save()?;
            tell(Event::Saved(step));
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), TrainError> {
        let path = self.folder.join("log.jsonl");
        let text = serde_json::to_string(line).map_err(|error| TrainError::save(&path, error))?;
        writeln!(self.log, "{text}").map_err(|error| TrainError::save(&path, error))
    }

    fn save(&self) -> Result<(), TrainError> {
        let checkpoint = self.trainer.checkpoint()?;
        checkpoint.save(&self.folder.join("checkpoint.safetensors"))?;
        let notes = BTreeMap::from([
            (
                "trained_by".to_owned(),
                format!("recipe {}", self.recipe.name),
            ),
            ("trained_steps".to_owned(), checkpoint.at.step.to_string()),
        ]);
        let average = self.trainer.average();
        average.save(&self.folder.join("weights.safetensors"), &notes)
    }
}

/// Refuses to go on with another recipe. Where the data lies, how long the run is, and how it runs
/// may change.
fn same_run(recipe: &Recipe, saved: &str, folder: &Path) -> Result<(), TrainError> {
    let wrong = |key: &str| TrainError::OtherRecipe {
        folder: folder.display().to_string(),
        key: key.to_owned(),
    };
    let table = |text: &str| text.parse::<toml::Table>().map_err(|_| wrong("recipe"));
    let (now, then) = (table(&recipe.text()?)?, table(saved)?);
    let free = ["steps", "seconds", "folder", "run"];
    let keys = now.keys().chain(then.keys());
    let mut differing =
        keys.filter(|key| !free.contains(&key.as_str()) && now.get(*key) != then.get(*key));
    match differing.next() {
        Some(key) => Err(wrong(key)),
        None => Ok(()),
    }
}
