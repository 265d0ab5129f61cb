// SPDX-License-Identifier: MIT OR Apache-2.0
//! `rirndeblur` inside an application: a video file in, the sharpened file out, its sound kept.
//!
//! `deblur INPUT OUTPUT [OPTIONS]`; `deblur.sh` builds and calls it, `--help` lists the options.
//! The number of frames and their time stamps stay what they are in the input.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program talks to its user"
)]

mod audio;
mod options;
mod picture;
mod pipeline;
mod progress;
mod video;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use gst::prelude::*;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use options::{Command, Options};
use pipeline::Job;
use progress::Progress;

/// Exit status of a program that was stopped by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Exit status for a wrong command line, as of the other programs here.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let told = |error: anyhow::Error, status| {
        eprintln!("deblur: {error:#}");
        ExitCode::from(status)
    };
    match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", options::USAGE);
            ExitCode::SUCCESS
        }
        Ok(Command::Run(options)) => run(&options).unwrap_or_else(|error| told(error, 1)),
        Err(error) => told(error, MISUSED),
    }
}

fn run(options: &Options) -> Result<ExitCode> {
    gst::init().context("GStreamer cannot start")?;
    gstrirndeblur::plugin_register_static().context("the element cannot be registered")?;

    let job = pipeline::build(options)?;
    let result = play(&job);
    // To NULL also after an error, so that the file is closed and the worker is left in order.
    let _ = job.pipeline.set_state(gst::State::Null);
    match result {
        Ok(code) => {
            std::fs::rename(&job.unfinished, &options.output)
                .with_context(|| format!("{} cannot be written", options.output.display()))?;
            println!("result: {}", options.output.display());
            job.taken.save(options.picture.as_deref())?;
            if let Some(picture) = &options.picture {
                println!("picture: {}", picture.display());
            }
            Ok(code)
        }
        Err(error) => {
            let _ = std::fs::remove_file(&job.unfinished);
            Err(error)
        }
    }
}

/// Runs the pipeline until everything is written, an error came, or Ctrl-C was pressed twice.
fn play(job: &Job) -> Result<ExitCode> {
    let bus = job.pipeline.bus().context("a pipeline without a bus")?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let mut presses = 0;
    let mut progress = Progress::start();
    let mut missing = Vec::new();
    // What went wrong is told by the first error on the bus, which the loop below reads.
    let _ = job.pipeline.set_state(gst::State::Playing);
    loop {
        presses += signals.pending().count();
        match presses {
            0 => {}
            1 => job.finish_early(),
            _ => bail!("stopped; {} was not written", job.output.display()),
        }
        let message = bus.timed_pop(gst::ClockTime::from_mseconds(200));
        progress.show(job);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => break,
            Some(gst::MessageView::Error(error)) => {
                progress.end_line();
                let text = sentence(&error.error().to_string(), &missing);
                if error
                    .src()
                    .is_some_and(|source| source.has_as_ancestor(&job.decoder))
                {
                    bail!("{}: {text}", job.input.display());
                }
                bail!(text);
            }
            Some(gst::MessageView::Warning(warning)) => {
                progress.end_line();
                eprintln!("deblur: {}", sentence(&warning.error().to_string(), &[]));
            }
            Some(gst::MessageView::Element(element)) => missing.extend(missing_plugin(element)),
            _ => {}
        }
    }
    progress.finish(job);
    if presses > 0 {
        println!("stopped by Ctrl-C; the file ends there");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

/// What GStreamer lacks, in its own words ("H.265 decoder"), if the message is about that.
fn missing_plugin(message: &gst::message::Element) -> Option<String> {
    let structure = message.structure()?;
    if structure.name() != "missing-plugin" {
        return None;
    }
    structure.get::<String>("name").ok()
}

/// One sentence of an element's message and of what was found missing before it.
fn sentence(text: &str, missing: &[String]) -> String {
    let text = text.trim().trim_end_matches('.').replace('\n', " ");
    if missing.is_empty() {
        return text;
    }
    format!("{text} (missing: {})", missing.join(", "))
}
