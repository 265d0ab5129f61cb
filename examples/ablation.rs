// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's tables S5 and S6 made anew: trains and scores every row of a grid, or one of them,
//! and joins what is there; see docs/TRAINING.md.
//!
//! ```sh
//! cargo run --release --example ablation -- recipes/tables.toml --data DIR --out runs/tables
//! ```

use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rirn_lab::ablation::{Collected, Grid, Told, collect, run};
use rirn_lab::train::{Event, Limits, minutes};
use rirn_lab::visible::visible;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Train and score the networks of the paper's tables S5 and S6 under equal conditions.
///
/// Each row has its folder in --out; the same command again goes on where it stopped, also after
/// Ctrl-C, which is no failure. Prints the
/// tables of what is done, ours beside the paper's, and writes tables.md and tables.json.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The grid, a recipe with a table [ablation]; recipes/tables.toml is one.
    grid: PathBuf,
    /// Folder of the rows.
    #[arg(long, required_unless_present = "list")]
    out: Option<PathBuf>,
    /// Folder against which relative paths of the grid are taken (key: folder).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only this row, and no tables; may be repeated.
    #[arg(long, value_name = "NAME")]
    row: Vec<String>,
    /// Only join what is done.
    #[arg(long, conflicts_with = "row")]
    collect: bool,
    /// Only print the names of the rows, one a line.
    #[arg(long)]
    list: bool,
    /// Optimiser steps of each row (key: steps).
    #[arg(long)]
    steps: Option<u64>,
    /// Any other key of the grid, for example --set ablation.scale=0.25.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Stop after so many minutes; the same command goes on from there.
    #[arg(long, value_parser = minutes)]
    minutes: Option<Duration>,
}

fn main() -> ExitCode {
    match work(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("ablation: {}", visible(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

fn work(options: &Options) -> Result<()> {
    let grid = Grid::open(&options.grid, &changes(options))?;
    if options.list {
        return print(&(grid.names().join("\n") + "\n"));
    }
    let out = options.out.as_deref().context("--out is missing")?;
    if !options.collect && !train(&grid, out, options)? {
        say("stopped; the same command goes on");
    }
    match options.row.is_empty() {
        true => tables(&grid, out),
        false => Ok(()),
    }
}

/// The options that stand for keys of the grid.
fn changes(options: &Options) -> Vec<String> {
    let data = options.data.as_ref();
    let own = [
        data.map(|data| format!("folder={:?}", data.display().to_string())),
        options.steps.map(|steps| format!("steps={steps}")),
    ];
    own.into_iter()
        .flatten()
        .chain(options.set.clone())
        .collect()
}

/// Trains the rows that are asked for; false if it was stopped before the last.
fn train(grid: &Grid, out: &Path, options: &Options) -> Result<bool> {
    let stop = Limits::default().stop;
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&stop))?;
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stop))?;
    let names = match options.row.is_empty() {
        true => grid.names(),
        false => options.row.iter().map(String::as_str).collect(),
    };
    let rows = names.iter().map(|name| grid.row(name));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let begin = Instant::now();
    for (index, row) in rows.iter().enumerate() {
        let limits = Limits {
            stop: Arc::clone(&stop),
            time: options
                .minutes
                .map(|all| all.saturating_sub(begin.elapsed())),
        };
        let bar = bar(
            row.recipe.steps,
            &format!("{}/{} {}", index + 1, rows.len(), row.name),
        );
        let done = run(grid, row, out, &limits, &mut |told| show(&bar, &told))?;
        bar.finish_and_clear();
        if !done || stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        say(&format!(
            "{}/{} {} is done",
            index + 1,
            rows.len(),
            row.name
        ));
    }
    Ok(true)
}

fn tables(grid: &Grid, out: &Path) -> Result<()> {
    let collected = collect(grid, out)?;
    let text = collected.markdown();
    write(&out.join("tables.md"), &text)?;
    write(
        &out.join("tables.json"),
        &serde_json::to_string_pretty::<Collected>(&collected)?,
    )?;
    print(&text)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} could not be written", path.display()))
}

fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A line on the error output. That nobody reads it is no reason to stop.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A bar with the time left on a terminal, nothing in a log.
fn bar(steps: u64, row: &str) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(steps), target).with_prefix(row.to_owned());
    let style = "{prefix}  {bar:30} step {pos}/{len}, {eta} left  {msg}";
    let style = ProgressStyle::with_template(style);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, told: &Told) {
    match told {
        Told::Train(Event::Step(step)) => bar.set_position(*step),
        Told::Train(Event::Line(line)) => bar.set_message(format!("gain {:.3} dB", line.gain)),
        Told::Eval(_) => bar.set_message("scoring"),
        Told::Train(_) => {}
    }
}
