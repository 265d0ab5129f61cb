// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Grid`]: which networks are trained, and how; a recipe with `[ablation]` instead of a network.

use super::AblationError;
use crate::published::{self, ROWS};
use crate::train::Recipe;
use rirn::networks::Spec;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// `[ablation]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ablation {
    /// Title of the table: data and budget.
    pub title: String,
    /// Base channels and blocks of every network, as a share of the paper's.
    #[serde(default = "whole")]
    pub scale: f64,
    /// Every row is trained once with each.
    #[serde(default = "one")]
    pub seeds: Vec<u64>,
    /// Folders of the sequences to score on, relative to the recipe's `folder`.
    pub sequences: Vec<PathBuf>,
    /// The paper's figures, `gopro` or `reds`, with whose order that of the rows is compared.
    #[serde(default)]
    pub paper: Paper,
    /// Rows by their short names (`ifi-irm-atb`); all 22 if left out.
    #[serde(default)]
    pub rows: Vec<String>,
}

/// A data set that the paper has figures of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paper {
    /// GOPRO.
    #[default]
    Gopro,
    /// REDS.
    Reds,
}

fn whole() -> f64 {
    1.0
}

fn one() -> Vec<u64> {
    vec![1]
}

/// All rows of an ablation with their recipes.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The `[ablation]` table.
    pub settings: Ablation,
    /// Rows, by table order and then by seed.
    pub rows: Vec<GridRow>,
}

/// One network with one seed.
#[derive(Debug, Clone)]
pub struct GridRow {
    /// Its short name, and `-seedN` behind it if there are several seeds.
    pub name: String,
    /// The paper's row.
    pub published: &'static published::Row,
    /// How it is trained.
    pub recipe: Recipe,
}

impl Grid {
    /// Reads a grid file; `changes` as in [`Recipe::open`], those of `ablation.` too.
    ///
    /// # Errors
    /// [`AblationError::Grid`] names file and fault.
    pub fn open(path: &Path, changes: &[String]) -> Result<Self, AblationError> {
        let wrong = |why: String| AblationError::Grid {
            path: path.display().to_string(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text, changes).map_err(wrong)
    }

    fn parse(text: &str, changes: &[String]) -> Result<Self, String> {
        let mut table = Recipe::table(text, changes)?;
        let settings = table
            .remove("ablation")
            .ok_or("the table [ablation] is missing")?;
        let settings: Ablation = settings
            .try_into()
            .map_err(|error: toml::de::Error| format!("[ablation]: {}", error.message()))?;
        settings.check()?;
        let mut rows = Vec::new();
        for published in &ROWS {
            let short =
                Spec::paper(published.cell, published.hidden, published.feature).to_string();
            if !settings.rows.is_empty() && !settings.rows.contains(&short) {
                continue;
            }
            for seed in &settings.seeds {
                let name = match settings.seeds.len() {
                    1 => short.clone(),
                    _ => format!("{short}-seed{seed}"),
                };
                let recipe = recipe(&table, published, &settings, &name, *seed)?;
                rows.push(GridRow {
                    name,
                    published,
                    recipe,
                });
            }
        }
        Ok(Self { settings, rows })
    }

    /// The row of a name.
    ///
    /// # Errors
    /// [`AblationError::NoRow`] lists the rows there are.
    pub fn row(&self, name: &str) -> Result<&GridRow, AblationError> {
        let found = self.rows.iter().find(|row| row.name == name);
        found.ok_or_else(|| AblationError::NoRow {
            name: crate::visible::visible(name),
            known: self.names().join(", "),
        })
    }

    /// Names of all rows.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.name.as_str()).collect()
    }
}

impl Ablation {
    fn check(&self) -> Result<(), String> {
        if !(self.scale > 0.0 && self.scale <= 4.0) {
            return Err("ablation.scale must be above 0 and at most 4".to_owned());
        }
        if self.seeds.is_empty() || self.sequences.is_empty() {
            return Err("ablation.seeds and ablation.sequences must not be empty".to_owned());
        }
        if (1..self.seeds.len()).any(|at| self.seeds[..at].contains(&self.seeds[at])) {
            return Err("ablation.seeds has a seed twice".to_owned());
        }
        let known: Vec<String> = ROWS
            .iter()
            .map(|row| Spec::paper(row.cell, row.hidden, row.feature).to_string())
            .collect();
        match self.rows.iter().find(|row| !known.contains(row)) {
            Some(row) => Err(format!(
                "ablation.rows: \"{row}\" is none of {}",
                known.join(", ")
            )),
            None => Ok(()),
        }
    }
}

/// The recipe of one row: the grid's, with its network, name and seed.
fn recipe(
    grid: &Table,
    row: &published::Row,
    settings: &Ablation,
    name: &str,
    seed: u64,
) -> Result<Recipe, String> {
    let (base, blocks) = row.cell.paper_size();
    let scaled = |size: u32| (f64::from(size) * settings.scale).round() as i64;
    let mut table = grid.clone();
    let network = table
        .entry("network")
        .or_insert_with(|| Table::new().into());
    let network = network.as_table_mut().ok_or("network is no table")?;
    for key in [
        "cell", "base", "blocks", "hidden", "feature", "start", "teacher",
    ] {
        if network.contains_key(key) {
            return Err(format!("network.{key} is the rows' own, take it out"));
        }
    }
    let values: [(&str, Value); 5] = [
        ("cell", row.cell.word().into()),
        ("base", scaled(base).max(2).into()),
        // A stack of blocks stays one.
        (
            "blocks",
            scaled(blocks).max(i64::from(blocks.min(1))).into(),
        ),
        ("hidden", row.hidden.word().into()),
        ("feature", row.feature.word().into()),
    ];
    network.extend(values.map(|(key, value)| (key.to_owned(), value)));
    table.insert("name".to_owned(), name.into());
    table.insert(
        "seed".to_owned(),
        i64::try_from(seed).map_err(|_| "seed is too large")?.into(),
    );
    Recipe::of_table(&table)
}
