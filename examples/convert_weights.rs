// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes a weights file from a PyTorch checkpoint or a safetensors file of another program:
//! `convert_weights IN OUT.safetensors --map NAME|FILE.toml`.
//!
//! Nothing in the file is ever run. What was taken, folded and dropped is printed, and in what
//! the result differs from the network that the weights were trained for. A file that cannot be
//! converted is refused with a sentence on the error output and exit status 1.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use rirn::networks::{Spec, expected_tensors};
use rirn::weights::is_same_file;
use rirn_lab::convert::{Map, Plan, Source};

/// Makes a weights file from a PyTorch checkpoint or a safetensors file of another program.
#[derive(Parser)]
#[command(name = "convert_weights", version)]
struct Arguments {
    /// The file to read: .pt or .pth as torch.save writes it, or .safetensors
    #[arg(value_name = "IN", required_unless_present = "list_maps")]
    input: Option<PathBuf>,
    /// The weights file to write
    #[arg(value_name = "OUT", required_unless_present = "list_maps")]
    output: Option<PathBuf>,
    /// How names are translated: a built-in map, or a file in the form that
    /// crates/rirn-lab/maps/estrnn-strcnn.toml explains
    #[arg(
        long,
        value_name = "NAME|FILE.toml",
        required_unless_present = "list_maps"
    )]
    map: Option<String>,
    /// Text to keep in the weights file, for example trained_on=GOPRO; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = note)]
    note: Vec<(String, String)>,
    /// The list of all tensors and what each is made from, too
    #[arg(long)]
    tensors: bool,
    /// Only lists the built-in maps
    #[arg(long)]
    list_maps: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = if arguments.list_maps {
        maps()
    } else {
        convert(&arguments)
    };
    let (text, code) = match report {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(error) => {
            // If even this cannot be written, the exit status still tells.
            let _ = writeln!(io::stderr(), "convert_weights: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => code,
    }
}

/// Reads, converts and writes; gives the text that tells of it.
fn convert(arguments: &Arguments) -> Result<String> {
    let absent = || anyhow!("IN, OUT and --map are needed");
    let input = arguments.input.as_deref().ok_or_else(absent)?;
    let output = arguments.output.as_deref().ok_or_else(absent)?;
    let name = arguments.map.as_deref().ok_or_else(absent)?;
    let map = map(name)?;
    let mut notes = BTreeMap::from([("converted_with".to_owned(), name.to_owned())]);
    notes.extend(arguments.note.iter().cloned());
    let (plan, spec) = make(input, output, &map, &notes)?;
    Ok(format!(
        "{}written: {}\n",
        told(&plan, &map, &spec, arguments.tensors)?,
        output.display()
    ))
}

fn make(
    input: &Path,
    output: &Path,
    map: &Map,
    notes: &BTreeMap<String, String>,
) -> Result<(Plan, Spec)> {
    let reading = || input.display().to_string();
    ensure!(
        !is_same_file(input, output),
        "the input {} would be overwritten; choose another name",
        input.display()
    );
    let source = Source::open(input).with_context(reading)?;
    let spec = map.spec(&source).with_context(reading)?;
    let plan = Plan::new(&source, map, &expected_tensors(&spec)?).with_context(reading)?;
    let tensors = plan.tensors(&source).with_context(reading)?;
    rirn::weights::save(output, &spec, notes, &tensors)
        .with_context(|| output.display().to_string())?;
    Ok((plan, spec))
}

fn note(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// A built-in map, or a file if the word looks like one.
fn map(name: &str) -> Result<Map> {
    if !name.ends_with(".toml") {
        return Ok(Map::built_in(name)?);
    }
    let text = fs::read_to_string(name).with_context(|| name.to_owned())?;
    Map::parse(&text).with_context(|| name.to_owned())
}

/// The built-in maps, each with what it changes or why it is impossible.
fn maps() -> Result<String> {
    let mut text = String::new();
    for name in Map::names() {
        let map = Map::built_in(name)?;
        writeln!(text, "{name}\n    {}", map.about())?;
        if let Some(reason) = map.impossible() {
            writeln!(text, "    cannot be converted: {reason}")?;
        }
        for note in map.notes() {
            writeln!(text, "    note: {note}")?;
        }
    }
    Ok(text)
}

/// What was taken, folded and dropped.
fn told(plan: &Plan, map: &Map, spec: &Spec, tensors: bool) -> Result<String> {
    let mut text = String::new();
    let (base, blocks) = (spec.base, spec.blocks);
    writeln!(text, "network: {spec}, base {base}, blocks {blocks}")?;
    let of = |change| plan.steps().iter().filter(move |s| s.change() == change);
    for (change, words) in [
        (None, "taken as they are"),
        (Some("folded"), "with a normalisation folded in"),
        (
            Some("composed"),
            "with the 1x1 convolution before multiplied in",
        ),
        (Some("swapped"), "with two dimensions exchanged"),
        (Some("zero"), "zero, since the file has none"),
    ] {
        match of(change).count() {
            0 => continue,
            count => writeln!(text, "{words}: {count} tensors")?,
        }
        for step in of(change).filter(|_| tensors) {
            writeln!(text, "    {} <- {}", step.to, step.from.join(", "))?;
        }
    }
    let mut reasons = BTreeMap::<&str, Vec<&str>>::new();
    for (name, why) in plan.dropped() {
        reasons.entry(why).or_default().push(name);
    }
    for (why, names) in reasons {
        writeln!(text, "dropped: {} tensors ({why})", names.len())?;
        for name in names.iter().filter(|_| tensors) {
            writeln!(text, "    {name}")?;
        }
    }
    for note in map.notes() {
        writeln!(text, "note: {note}")?;
    }
    Ok(text)
}
