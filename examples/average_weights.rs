// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes the mean of several weights files of one network; see docs/TRAINING.md.
//!
//! ```sh
//! cargo run --release --example average_weights -- a.safetensors b.safetensors --out mean.safetensors
//! ```

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rirn::weights::{Installed, Place, data_folders, is_same_file};
use rirn_lab::train::mean;
use rirn_lab::visible::visible;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the mean of several weights files of one network.
///
/// For moments of one run, or runs that began with the same weights: the mean is often better than any of
/// them. What is given twice counts twice.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Weights files, or names of built-in or installed weights.
    #[arg(required = true)]
    weights: Vec<OsString>,
    /// The file to write.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let text = match work(&Options::parse()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => format!("average_weights: {}", visible(&format!("{error:#}"))),
    };
    // If even this cannot be written, the exit status still tells.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}

fn work(options: &Options) -> Result<()> {
    let installed = Installed::new(data_folders(|name| std::env::var_os(name)));
    let mut all = Vec::with_capacity(options.weights.len());
    for word in &options.weights {
        let place = installed.meant(word);
        if let Place::File(input) = &place {
            ensure!(
                !is_same_file(input, &options.out),
                "the input {} would be overwritten; choose another name",
                input.display()
            );
        }
        let read = installed.read(&place);
        all.push(read.with_context(|| word.to_string_lossy().into_owned())?);
    }
    let mean = mean(&all)?;
    rirn::weights::save(&options.out, all[0].spec(), &mean.notes, &mean.tensors)
        .with_context(|| options.out.display().to_string())?;
    Ok(())
}
