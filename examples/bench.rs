// SPDX-License-Identifier: MIT OR Apache-2.0
//! Milliseconds a frame of weights through the engine:
//! `cargo run --release --example bench -- lite --size 1280x720`.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rirn::EngineConfig;
use rirn::weights::{Installed, data_folders};
use rirn_lab::bench::{Contender, Layers, Timing, bench};
use rirn_lab::visible::visible;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Time weights through the engine, frame by frame, all of them in turns.
///
/// Prints a Markdown table; GMAC/s counts 10⁹ multiply-adds of the network's convolutions.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Weights files, or names of built-in or installed weights.
    #[arg(default_value = "lite")]
    weights: Vec<String>,
    /// Size of the frame, WIDTHxHEIGHT; may be repeated.
    #[arg(long, default_values = ["640x360", "1280x720"], value_parser = size)]
    size: Vec<(usize, usize)>,
    /// auto, cpu, cuda, cuda:N
    #[arg(long, default_value = "auto")]
    device: String,
    /// auto, float32, float16, bfloat16
    #[arg(long, default_value = "auto")]
    precision: String,
    /// CPU threads; 0 leaves LibTorch's own choice
    #[arg(long, default_value_t = 0)]
    threads: u32,
    /// Rounds in which all take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Frames in a round
    #[arg(long, default_value_t = 10)]
    frames: usize,
    /// Print the convolutions of a frame instead, the longest first (on a CPU)
    #[arg(long)]
    layers: bool,
    /// Print JSON instead
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match work(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If even this cannot be written, the exit status still tells.
            let _ = writeln!(
                std::io::stderr(),
                "bench: {}",
                visible(&format!("{error:#}"))
            );
            ExitCode::FAILURE
        }
    }
}

fn work(options: &Options) -> Result<()> {
    ensure!(
        options.rounds > 0 && options.frames > 0,
        "--rounds and --frames must be 1 or more"
    );
    let config = EngineConfig {
        device: options.device.parse()?,
        precision: options.precision.parse()?,
        threads: options.threads,
        ..EngineConfig::default()
    };
    let installed = Installed::new(data_folders(|key| std::env::var_os(key)));
    let open = |word: &String| -> Result<Contender> {
        let weights = installed.read(&installed.meant(word.as_ref()));
        let weights = weights.with_context(|| word.clone())?;
        Ok(Contender::open(word, weights, &config)?)
    };
    let contenders = options
        .weights
        .iter()
        .map(open)
        .collect::<Result<Vec<_>>>()?;
    if options.layers {
        return print(&layers(options, &contenders)?);
    }
    let timings = bench(
        &contenders,
        &options.size,
        options.rounds,
        options.frames,
        &mut |_| (),
    )?;
    let text = match options.json {
        true => serde_json::to_string_pretty(&timings)? + "\n",
        false => table(&timings),
    };
    print(&text)
}

fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn layers(options: &Options, contenders: &[Contender]) -> Result<String> {
    let mut all = Vec::new();
    for size in &options.size {
        for contender in contenders {
            all.push(contender.layers(*size, options.rounds)?);
        }
    }
    Ok(match options.json {
        true => serde_json::to_string_pretty(&all)? + "\n",
        false => all.iter().map(layer_table).collect(),
    })
}

fn layer_table(layers: &Layers) -> String {
    let (width, height) = layers.size;
    let mut text = format!(
        "{}, {width}x{height}: {:.1} ms; float32 at most {:.0} GMAC/s\n\n\
         | layer | channels | map | form | count | ms | share | GMAC/s | of peak |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        visible(&layers.name),
        layers.frame_ms,
        layers.peak_giga_a_second
    );
    for row in &layers.rows {
        let of_peak = row.of_peak.map(|share| format!("{:.0} %", 100.0 * share));
        let _ = writeln!(
            text,
            "| {0}x{0}/{1} | {2} to {3} | {4}x{5} | {6} | {7} | {8:.2} | {9:.1} % | {10:.0} | {11} |",
            row.kernel.0,
            row.kernel.1,
            row.channels.0,
            row.channels.1,
            row.size.0,
            row.size.1,
            row.form,
            row.count,
            row.ms,
            100.0 * layers.share(row),
            row.giga_a_second,
            of_peak.unwrap_or_default()
        );
    }
    text.push('\n');
    text
}

fn table(timings: &[Timing]) -> String {
    let mut text = String::from(
        "| weights | network | size | ms least | ms median | GMAC | GMAC/s |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for timing in timings {
        let (width, height) = timing.size;
        let _ = writeln!(
            text,
            "| {} | {} | {width}x{height} | {:.1} | {:.1} | {:.2} | {:.1} |",
            visible(&timing.name),
            timing.network,
            timing.least_ms,
            timing.median_ms,
            timing.multiply_adds as f64 / 1e9,
            timing.giga_a_second
        );
    }
    text
}

/// Reads WIDTHxHEIGHT.
fn size(text: &str) -> Result<(usize, usize), String> {
    let sides = text
        .split_once('x')
        .map(|(width, height)| (width.parse(), height.parse()));
    match sides {
        Some((Ok(width @ 1..=16384), Ok(height @ 1..=16384))) => Ok((width, height)),
        _ => Err("expected WIDTHxHEIGHT with sides of 1 to 16384".to_owned()),
    }
}
