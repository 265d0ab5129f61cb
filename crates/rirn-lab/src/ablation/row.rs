// SPDX-License-Identifier: MIT OR Apache-2.0
//! One row of a grid in its folder: trained, scored, done.

use super::AblationError;
use super::grid::{Grid, GridRow};
use crate::data::{Choice, Sequence, sequences};
use crate::eval::scores::{Entry, Evaluation};
use crate::eval::{self, Bench, Candidate, Protocol, evaluate};
use crate::train::{self, Limits, Recipe, TrainError, train};
use rirn::EngineConfig;
use rirn::engine::Precision;
use rirn::weights::{Installed, replace};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a row tells while it goes on.
pub enum Told<'a> {
    /// Training.
    Train(train::Event<'a>),
    /// Scoring.
    Eval(eval::Event<'a>),
}

/// Trains and scores a row in `folder/NAME`, or goes on with it; false if a limit came first.
///
/// # Errors
/// A folder of another grid, and whatever stops training or scoring.
pub fn run(
    grid: &Grid,
    row: &GridRow,
    folder: &Path,
    limits: &Limits,
    tell: &mut dyn FnMut(Told),
) -> Result<bool, AblationError> {
    let folder = folder.join(&row.name);
    claim(row, &folder)?;
    // Before hours of training, not after.
    let sequences = scored(grid, row)?;
    if let Some(found) = read(&folder)? {
        let asked = sequences.iter().map(|one| (one.name.clone(), one.len()));
        let known = found.entries.first().map(extent).unwrap_or_default();
        return match known == asked.collect::<Vec<_>>() {
            true => Ok(true),
            false => Err(AblationError::OtherSequences {
                folder: folder.display().to_string(),
            }),
        };
    }
    let made = train(&row.recipe, &folder, limits, &mut |event| {
        tell(Told::Train(event))
    })?;
    if !made.is_done {
        return Ok(false);
    }
    let weights = folder.join("weights.safetensors");
    let candidate = Candidate::open(
        weights.as_os_str(),
        &Installed::new([]),
        &scoring(&row.recipe)?,
    )?;
    let candidates = [candidate];
    let mut watch = |event: eval::Event<'_>| tell(Told::Eval(event));
    let mut bench = Bench::new(&sequences, &candidates, Protocol::P1, &mut watch)?;
    let evaluation = evaluate(&mut bench, &grid.settings.title, &[], &mut |_| ())?;
    write(&folder.join("scores.json"), &evaluation)?;
    Ok(true)
}

/// Where the recipe trains, and in float32, so that rows of several machines are scored alike.
fn scoring(recipe: &Recipe) -> Result<EngineConfig, AblationError> {
    Ok(EngineConfig {
        device: recipe.run.device.parse().map_err(TrainError::Library)?,
        precision: Precision::Float32,
        threads: recipe.run.threads,
        ..EngineConfig::default()
    })
}

/// The scores of a row that is done.
pub(super) fn scores(folder: &Path, row: &GridRow) -> Result<Option<Evaluation>, AblationError> {
    let folder = folder.join(&row.name);
    let found = read(&folder)?;
    if found.is_some() {
        claim(row, &folder)?;
    }
    Ok(found)
}

/// Names of the sequences that were scored, and of how many frames.
pub(super) fn extent(entry: &Entry) -> Vec<(String, usize)> {
    let sequences = entry.sequences.iter();
    sequences
        .map(|one| (one.name.clone(), one.frames.len()))
        .collect()
}

/// The scores in a row's folder.
fn read(folder: &Path) -> Result<Option<Evaluation>, AblationError> {
    let path = folder.join("scores.json");
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|error| AblationError::file(&path, error))?;
    let scores = serde_json::from_str(&text).map_err(|error| AblationError::file(&path, error))?;
    Ok(Some(scores))
}

fn write(path: &Path, evaluation: &Evaluation) -> Result<(), AblationError> {
    let text = serde_json::to_string_pretty(evaluation)
        .map_err(|error| AblationError::file(path, error))?;
    replace(path, text.as_bytes()).map_err(|error| AblationError::file(path, error))
}

/// Writes the recipe into the row's folder, or compares it with the one that is there: rows of two
/// grids in one table would compare nothing. Where data lie and how a run runs may differ.
fn claim(row: &GridRow, folder: &Path) -> Result<(), AblationError> {
    let path = folder.join("recipe.toml");
    let text = row.recipe.text()?;
    let own = |text: &str| {
        let mut table: toml::Table = text.parse().unwrap_or_default();
        table.remove("folder");
        table.remove("run");
        table
    };
    match fs::read_to_string(&path) {
        Ok(found) if own(&found) == own(&text) => Ok(()),
        Ok(_) => Err(AblationError::OtherGrid {
            folder: folder.display().to_string(),
        }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(AblationError::file(&path, error))
        }
        Err(_) => {
            fs::create_dir_all(folder).map_err(|error| AblationError::file(folder, error))?;
            replace(&path, text.as_bytes()).map_err(|error| AblationError::file(&path, error))
        }
    }
}

fn scored(grid: &Grid, row: &GridRow) -> Result<Vec<Sequence>, AblationError> {
    let mut all = Vec::new();
    for folder in &grid.settings.sequences {
        let folder: PathBuf = row.recipe.folder.join(folder);
        all.extend(sequences(&folder, &Choice::default())?);
    }
    // Only to hear of what cannot be scored.
    Bench::new(&all, &[], Protocol::P1, &mut |_| ())?;
    Ok(all)
}
