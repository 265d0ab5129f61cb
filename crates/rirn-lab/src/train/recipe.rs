// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Recipe`]: everything that decides a training run, as a TOML file. Two runs of one recipe on
//! one kind of machine give the same weights.
//!
//! Defaults are what worked on two CPU cores (docs/TRAINING.md gives the comparisons).

mod checks;
mod tables;

pub use tables::{Clips, Loss, LossKind, NetworkTable, Optimiser, Rule, Run, Stage};

use super::TrainError;
use crate::data::{Mixture, MixtureSettings};
use rirn::networks::{Cell, SlotKind, Spec};
use rirn::weights::{Installed, Weights, data_folders};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// What the weights are called.
    pub name: String,
    /// Decides initial values, clips, their order and all chance.
    #[serde(default = "one")]
    pub seed: u64,
    /// Optimiser steps of the whole run.
    pub steps: u64,
    /// Seconds of the whole run from its first step on, where the machine's speed is not known
    /// beforehand: rate and stages follow the time, and it ends with it or after `steps`.
    pub seconds: Option<f64>,
    /// Folder against which relative paths of `[data]` are taken.
    #[serde(default = "here")]
    pub folder: PathBuf,
    /// The network.
    pub network: NetworkTable,
    /// Where clips come from.
    pub data: MixtureSettings,
    /// How many clips there are at a time.
    #[serde(default)]
    pub clips: Clips,
    /// Lengths and sizes over the course of the run, at least one.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
    /// How weights change.
    #[serde(default)]
    pub optimiser: Optimiser,
    /// What is made small.
    #[serde(default)]
    pub loss: Loss,
    /// Where and how it runs.
    #[serde(default)]
    pub run: Run,
}

fn one() -> u64 {
    1
}

fn here() -> PathBuf {
    PathBuf::from(".")
}

impl Recipe {
    /// Reads a recipe file; `changes` are `key=value` with dots between tables
    /// (`optimiser.rate=1e-3`), the value as TOML or else a text.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] names file, place and what is wrong.
    pub fn open(path: &Path, changes: &[String]) -> Result<Self, TrainError> {
        let wrong = |why: String| TrainError::Recipe {
            path: path.display().to_string(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text, changes).map_err(wrong)
    }

    /// Reads the text of a recipe; errors are sentences.
    pub(crate) fn parse(text: &str, changes: &[String]) -> Result<Self, String> {
        let table = Self::table(text, changes)?;
        let recipe = Self::of_table(&table)?;
        recipe.check_start(&table)?;
        Ok(recipe)
    }

    /// The text of a recipe with changes made, nothing checked.
    pub(crate) fn table(text: &str, changes: &[String]) -> Result<Table, String> {
        let mut table: Table = text.parse().map_err(|error| fault(&error, text, true))?;
        for change in changes {
            apply(&mut table, change)?;
        }
        Ok(table)
    }

    /// The recipe of a table.
    pub(crate) fn of_table(table: &Table) -> Result<Self, String> {
        // Through the text once more: the message then shows the place at fault.
        let text = toml::to_string(table).map_err(|error| error.to_string())?;
        let recipe: Self = toml::from_str(&text).map_err(|error| fault(&error, &text, false))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe as TOML.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] if a path is no Unicode.
    pub fn text(&self) -> Result<String, TrainError> {
        toml::to_string(self).map_err(|error| TrainError::Recipe {
            path: self.name.clone(),
            why: error.to_string(),
        })
    }

    /// The network that is trained.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] if there is no such network, or no such weights to begin with.
    pub fn network_spec(&self) -> Result<Spec, TrainError> {
        self.spec().map_err(|why| TrainError::Recipe {
            path: self.name.clone(),
            why,
        })
    }

    pub(super) fn spec(&self) -> Result<Spec, String> {
        let table = &self.network;
        if let (None, Some(start)) = (&table.cell, &table.start) {
            let mut spec = *weights("start", start)?.spec();
            spec.base = table.base.unwrap_or(spec.base);
            spec.check().map_err(|error| error.to_string())?;
            return Ok(spec);
        }
        let word = table
            .cell
            .as_deref()
            .ok_or("[network] lacks cell or start")?;
        let cell = Cell::ALL.into_iter().find(|cell| cell.word() == word);
        let cell = cell.ok_or_else(|| format!("unknown cell \"{word}\""))?;
        let mut spec = Spec::paper(cell, slot(&table.hidden)?, slot(&table.feature)?);
        (spec.skip, spec.irm_relu) = (table.skip, table.irm_relu);
        spec.base = table.base.unwrap_or(spec.base);
        spec.blocks = table.blocks.unwrap_or(spec.blocks);
        spec.check().map_err(|error| error.to_string())?;
        Ok(spec)
    }

    /// Frames and edge in pixels of the clips in the ring: the most of any stage.
    #[must_use]
    pub fn largest(&self) -> (usize, usize) {
        let most = |of: fn(&Stage) -> usize| self.stages.iter().map(of).max().unwrap_or_default();
        (
            most(|stage| stage.frames + stage.past),
            most(|stage| stage.crop),
        )
    }

    /// The clips of the recipe, everything checked that can be.
    ///
    /// # Errors
    /// [`TrainError::Data`] names what cannot be used.
    pub fn mixture(&self) -> Result<Mixture, TrainError> {
        let (frames, crop) = self.largest();
        Ok(Mixture::open(&self.placed_data(), frames, crop)?)
    }

    /// The settings of the data with `folder` before relative paths.
    fn placed_data(&self) -> MixtureSettings {
        let mut data = self.data.clone();
        let lists = [&mut data.pairs, &mut data.photos, &mut data.videos];
        for path in lists.into_iter().flatten() {
            *path = self.folder.join(&*path);
        }
        data
    }
}

/// A fault as one sentence with the text at which it is; with the number of its line where `text`
/// is what the user wrote.
pub(crate) fn fault(error: &toml::de::Error, text: &str, is_numbered: bool) -> String {
    let why = error.message().trim().replace('\n', ", ");
    // The table as a whole has an empty span at the beginning.
    let place = |span: &std::ops::Range<usize>| is_numbered || !span.is_empty();
    let Some(span) = error.span().filter(place) else {
        return why;
    };
    let (before, behind) = text.split_at_checked(span.start).unwrap_or(("", text));
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let end = behind.find('\n').map_or(text.len(), |at| before.len() + at);
    let line = text[begin..end].trim();
    match (line.is_empty(), is_numbered) {
        (true, _) => why,
        (false, false) => format!("at {line}: {why}"),
        (false, true) => format!("line {}, {line}: {why}", before.matches('\n').count() + 1),
    }
}

/// Weights by name or file, as [`Installed::meant`]; an error begins with the key.
pub(crate) fn weights(key: &str, name: &str) -> Result<Weights, String> {
    let installed = Installed::new(data_folders(|key| std::env::var_os(key)));
    let read = installed.read(&installed.meant(name.as_ref()));
    read.map_err(|error| format!("{key} = \"{name}\": {error}"))
}

fn slot(word: &str) -> Result<SlotKind, String> {
    let kind = SlotKind::ALL.into_iter().find(|kind| kind.word() == word);
    kind.ok_or_else(|| format!("unknown module \"{word}\""))
}

/// Sets one value of a table.
fn apply(table: &mut Table, change: &str) -> Result<(), String> {
    let (key, value) = change
        .split_once('=')
        .ok_or_else(|| format!("\"{change}\" is not of the form key=value"))?;
    let value = format!("x = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("x"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut parts: Vec<&str> = key.trim().split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut place = table;
    for part in parts {
        let inner = place.entry(part).or_insert_with(|| Table::new().into());
        place = inner
            .as_table_mut()
            .ok_or_else(|| format!("\"{part}\" in \"{key}\" is no table"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}
