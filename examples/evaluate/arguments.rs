// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum, value_parser};
use rirn::EngineConfig;
use rirn::engine::{DeviceChoice, Precision};
use rirn_lab::data::{self, BlurKind, Choice};
use rirn_lab::eval::{Experiment, LongRun, Pipeline, Protocol};

/// Measures weights on sequences of blurred and sharp frames.
#[derive(Parser)]
#[command(name = "evaluate", version)]
pub(crate) struct Arguments {
    /// Folders of sequences: NAME/blur and NAME/sharp, or a data set in its own layout
    #[arg(required = true, value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    /// Weights file, or name of built-in or installed weights (a file of that name: ./lite); may be repeated
    #[arg(long, value_name = "NAME|FILE", default_value = "lite")]
    pub(crate) weights: Vec<OsString>,
    /// Frames that are scored: p1 all, p2 all but two at either end of a sequence
    #[arg(long, value_name = "p1|p2", default_value = "p1")]
    pub(crate) protocol: Protocol,
    /// Part of a data set that has parts
    #[arg(long, value_enum, default_value = "test")]
    split: Split,
    /// Kind of blur where a data set has several
    #[arg(long, value_enum, default_value = "gamma")]
    blur: Blur,
    /// Only the first frames of every sequence
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) frames: Option<u32>,
    /// An experiment after the scores; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Experiment::WORDS))]
    experiment: Vec<String>,
    /// The same as --experiment pipeline: the element in gst-launch-1.0 against the engine
    #[arg(long)]
    gst: bool,
    /// Folder of the plugin, beside those where GStreamer looks
    #[arg(long, value_name = "DIR")]
    plugin_path: Option<PathBuf>,
    /// Frames of the experiment long [default: 1000]
    #[arg(long, value_name = "N")]
    long_frames: Option<usize>,
    /// Upper left corner that the experiment long runs on, instead of whole frames
    #[arg(long, value_name = "WxH", value_parser = size)]
    corner: Option<(u32, u32)>,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Arithmetic of the network; auto is what the element takes by itself
    #[arg(long, value_enum, default_value = "float32")]
    precision: Arithmetic,
    /// CPU threads; 0 lets LibTorch choose
    #[arg(long, value_name = "N", default_value = "0")]
    #[arg(value_parser = value_parser!(u32).range(..=256))]
    threads: u32,
    /// Folder for scores.json, scores.csv, scores.md and report.html
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A video of every sequence in --out: blurred, each network, sharp, from left to right
    #[arg(long, requires = "out")]
    pub(crate) video: bool,
    /// Everything as JSON, with the scores of all frames, instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// A frame to show on the page, by its sequence and position from 0; may be repeated
    #[arg(long, value_name = "SEQUENCE:INDEX", value_parser = place, requires = "out")]
    pub(crate) figure: Vec<(String, usize)>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Split {
    Train,
    Validation,
    Test,
}

#[derive(Clone, Copy, ValueEnum)]
enum Blur {
    Gamma,
    Encoded,
    Compressed,
}

#[derive(Clone, Copy, ValueEnum)]
enum Arithmetic {
    Auto,
    Float32,
    Float16,
    Bfloat16,
}

impl Arguments {
    /// How networks run.
    pub(crate) fn config(&self) -> EngineConfig {
        EngineConfig {
            device: self.device,
            precision: match self.precision {
                Arithmetic::Auto => Precision::Auto,
                Arithmetic::Float32 => Precision::Float32,
                Arithmetic::Float16 => Precision::Float16,
                Arithmetic::Bfloat16 => Precision::Bfloat16,
            },
            threads: self.threads,
            ..EngineConfig::default()
        }
    }

    /// What of a data set is taken.
    pub(crate) fn choice(&self) -> Choice {
        Choice {
            split: match self.split {
                Split::Train => data::Split::Train,
                Split::Validation => data::Split::Validation,
                Split::Test => data::Split::Test,
            },
            blur: match self.blur {
                Blur::Gamma => BlurKind::Gamma,
                Blur::Encoded => BlurKind::Encoded,
                Blur::Compressed => BlurKind::Compressed,
            },
        }
    }

    /// The experiments, each once, in the order in which they were asked for.
    pub(crate) fn experiments(&self) -> Vec<Experiment> {
        let mut words: Vec<&str> = Vec::new();
        let pipeline = self.gst.then_some("pipeline");
        for word in self.experiment.iter().map(String::as_str).chain(pipeline) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let known = words.into_iter().filter_map(Experiment::parse);
        known.map(|experiment| self.chosen(experiment)).collect()
    }

    /// Names an option that is for an experiment that was not asked for: it would change nothing.
    pub(crate) fn needless(&self) -> Option<String> {
        let asked = |word: &str| self.experiment.iter().any(|name| name == word);
        let of_long = [
            ("--long-frames", self.long_frames.is_some()),
            ("--corner", self.corner.is_some()),
        ];
        let of_pipeline = [("--plugin-path", self.plugin_path.is_some())];
        let long = of_long.map(|(option, given)| (option, given && !asked("long"), "long"));
        let pipeline = of_pipeline.map(|(option, given)| {
            let is_needless = given && !self.gst && !asked("pipeline");
            (option, is_needless, "pipeline")
        });
        let all = long.into_iter().chain(pipeline);
        all.filter(|(_, is_needless, _)| *is_needless)
            .map(|(option, _, word)| {
                format!("{option} is for --experiment {word}, which is not asked for")
            })
            .next()
    }

    fn chosen(&self, experiment: Experiment) -> Experiment {
        match experiment {
            Experiment::LongRun(_) => Experiment::LongRun(LongRun {
                frames: self.long_frames.unwrap_or(LongRun::default().frames),
                corner: self.corner,
            }),
            Experiment::Pipeline(_) => Experiment::Pipeline(Pipeline {
                plugin_path: self.plugin_path.clone(),
            }),
            other => other,
        }
    }
}

/// Reads `320x240`.
fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once('x');
    let read = |(width, height): (&str, &str)| Some((width.parse().ok()?, height.parse().ok()?));
    let expected = "expected width and height in pixels, for example 320x240";
    sides.and_then(read).ok_or_else(|| expected.to_owned())
}

/// Reads `SEQUENCE:INDEX`; the name may hold colons.
fn place(text: &str) -> Result<(String, usize), String> {
    let parts = text.rsplit_once(':');
    let read = |(name, index): (&str, &str)| Some((name.to_owned(), index.parse().ok()?));
    let expected = "expected a sequence and a position from 0, for example reds_t000:4";
    parts.and_then(read).ok_or_else(|| expected.to_owned())
}
