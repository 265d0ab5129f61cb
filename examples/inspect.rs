// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints what weights files are: `inspect FILE... [--layers] [--json]`.
//!
//! A file that the engine would refuse is refused here, with its sentence on the error output and
//! exit status 1; the others are printed all the same.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use rirn::weights::{Installed, data_folders};
use rirn_lab::inspect::{self, Card};
use rirn_lab::visible::visible;

/// Prints what weights files are: network, cost, delay, notes.
#[derive(Parser)]
#[command(name = "inspect", version)]
struct Arguments {
    /// Weights files, or names of weights, built in or installed, such as lite (a file of that
    /// name: ./lite)
    #[arg(required = true, value_name = "FILE")]
    weights: Vec<OsString>,
    /// The table of all layers, too
    #[arg(long)]
    layers: bool,
    /// A JSON list for programs
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let installed = Installed::new(data_folders(|key| std::env::var_os(key)));
    let mut cards = Vec::new();
    for word in &arguments.weights {
        match Card::find(word, &installed) {
            Ok(card) if arguments.layers => cards.push(card),
            Ok(card) => cards.push(card.without_layers()),
            Err(error) => complain(&word.to_string_lossy(), &error.to_string()),
        }
    }
    match write(&cards, arguments.json) {
        Ok(()) => {}
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            complain("output", &error.to_string());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::from(u8::from(cards.len() < arguments.weights.len()))
}

/// Writes all cards to the standard output.
fn write(cards: &[Card], json: bool) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if json {
        let text = inspect::json(cards).map_err(io::Error::other)?;
        return writeln!(output, "{text}");
    }
    for (index, card) in cards.iter().enumerate() {
        if index > 0 {
            writeln!(output)?;
        }
        write!(output, "{card}")?;
        if !card.layers.is_empty() {
            write!(output, "\n{}", card.layer_table())?;
        }
    }
    output.flush()
}

/// One sentence on the error output.
fn complain(what: &str, sentence: &str) {
    // Nothing is left to be done if nobody can be told.
    let _ = writeln!(
        io::stderr(),
        "inspect: {}: {}",
        visible(what),
        visible(sentence)
    );
}
