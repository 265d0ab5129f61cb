// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures weights on sequences of blurred and sharp frames:
//! `evaluate FOLDER... [--weights NAME|FILE]... [--experiment NAME]... [--out DIR]`.
//!
//! The blurred input's own figures always stand first. A Markdown table goes to the standard
//! output, progress to the error output; `--out` keeps the scores of all frames, the tables and a
//! page. Exit status 2 for a wrong command line, 1 with one sentence for everything else.

mod arguments;
mod figures;
mod progress;
mod video;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use rirn::weights::{Installed, data_folders};
use rirn_lab::data::{self, Sequence};
use rirn_lab::eval::scores::Evaluation;
use rirn_lab::eval::{self, Bench, Candidate, Event, Experiment};
use rirn_lab::report;
use rirn_lab::visible::visible;

use arguments::Arguments;
use figures::Figures;
use progress::Progress;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(needless) = arguments.needless() {
        let kind = clap::error::ErrorKind::ArgumentConflict;
        Arguments::command().error(kind, needless).exit();
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done if nobody can be told.
            let sentence = visible(&format!("{error:#}"));
            let _ = writeln!(io::stderr(), "evaluate: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let installed = Installed::new(data_folders(|key| std::env::var_os(key)));
    let candidates = Candidate::open_all(&arguments.weights, &installed, &arguments.config())?;
    let sequences = sequences(arguments)?;
    let mut figures = Figures::new(&arguments.figure, &sequences)?;
    if let Some(out) = &arguments.out {
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    }
    let title = eval::title(&label(&arguments.folders), &sequences, arguments.protocol);
    let mut progress = Progress::default();
    let mut watch = |event: Event<'_>| match event {
        Event::Step(step) => progress.step(&step),
        Event::Frame(shown) => figures.keep(&shown),
    };
    let mut bench = Bench::new(&sequences, &candidates, arguments.protocol, &mut watch)?;
    let experiments: Vec<Experiment> = arguments.experiments();
    // What is measured is written at once: what comes after may fail after hours.
    let (mut latest, mut written) = (None, Ok(()));
    let evaluation = eval::evaluate(&mut bench, &title, &experiments, &mut |so_far| {
        latest = Some(so_far.clone());
        if let (Some(out), Ok(())) = (&arguments.out, &written) {
            written = write_scores(out, so_far);
        }
    });
    progress.finish();
    let Some(latest) = latest else {
        return evaluation.map(drop).map_err(Into::into);
    };
    show(arguments, &latest)?;
    written?;
    evaluation?;
    if let Some(out) = &arguments.out {
        let page = report::page(&latest, &figures.finish())?;
        write(out, "report.html", &page)?;
        if arguments.video {
            video::write_all(out, &sequences, &candidates)?;
        }
    }
    Ok(())
}

fn write_scores(out: &Path, evaluation: &Evaluation) -> Result<()> {
    write(
        out,
        "scores.json",
        &serde_json::to_string_pretty(evaluation)?,
    )?;
    write(out, "scores.csv", &report::csv(evaluation))?;
    write(out, "scores.md", &report::markdown(evaluation))
}

/// Prints the table, or all of it as JSON.
fn show(arguments: &Arguments, evaluation: &Evaluation) -> Result<()> {
    let text = match arguments.json {
        true => serde_json::to_string_pretty(evaluation)?,
        false => report::markdown(evaluation),
    };
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// All sequences of all folders, cut to the wanted length, with names that differ.
fn sequences(arguments: &Arguments) -> Result<Vec<Sequence>> {
    let mut all = Vec::new();
    for folder in &arguments.folders {
        all.extend(data::sequences(folder, &arguments.choice())?);
    }
    let names = eval::distinct(all.iter().map(|sequence| sequence.name.as_str()));
    for (sequence, name) in all.iter_mut().zip(names) {
        sequence.name = name;
        if let Some(frames) = arguments.frames {
            sequence.blurred.truncate(frames as usize);
            sequence.sharp.truncate(frames as usize);
        }
    }
    Ok(all)
}

/// What the title calls the data: the folders' own names.
fn label(folders: &[PathBuf]) -> String {
    let name = |folder: &PathBuf| {
        let whole = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let name = whole.file_name().unwrap_or(whole.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let names: Vec<_> = folders.iter().map(name).collect();
    names.join(" + ")
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| path.display().to_string())
}
