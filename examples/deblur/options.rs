// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line: what it may hold and what is refused before anything is opened.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rirn::weights::is_same_file;

pub(crate) const USAGE: &str = "\
deblur INPUT OUTPUT [OPTIONS]

INPUT   any video file that GStreamer decodes
OUTPUT  .mp4, .m4v, .mov or .mkv; H.264, the sound is kept

  --picture FILE.png  write the middle frame, before (left) and after (right)
  --quality N         constant quality of the encoder, 0 (best) to 50, default 18
  --preset NAME       speed of the encoder, ultrafast to veryslow, default medium
  --help              this text

Every other option is a property of the element rirndeblur with its value, as
gst-inspect-1.0 rirndeblur lists them, for example:
  --model-file FILE   weights
  --device NAME       auto, cpu, cuda or cuda:1
  --strength X        share of the correction, 0 to 1
  --split vertical    left half as it was (short for --split-view)
";

/// What the command line asks for.
pub(crate) enum Command {
    Help,
    Run(Options),
}

pub(crate) struct Options {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    pub(crate) container: Container,
    pub(crate) picture: Option<PathBuf>,
    pub(crate) quality: u32,
    pub(crate) preset: String,
    /// Properties of the element, by name and value as they were typed.
    pub(crate) properties: Vec<(String, String)>,
}

/// The container, chosen by the ending of the output's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Mp4,
    QuickTime,
    Matroska,
}

impl Container {
    fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        match ending.to_ascii_lowercase().as_str() {
            "mp4" | "m4v" => Ok(Self::Mp4),
            "mov" => Ok(Self::QuickTime),
            "mkv" => Ok(Self::Matroska),
            _ => bail!(
                "the name of the output, {}, must end in .mp4, .m4v, .mov or .mkv",
                path.display()
            ),
        }
    }

    /// The element that writes it.
    pub(crate) fn muxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4mux",
            Self::QuickTime => "qtmux",
            Self::Matroska => "matroskamux",
        }
    }
}

/// Reads the arguments that follow the program's name.
///
/// Names of files may be any bytes; all else is text.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Command> {
    let mut args = args;
    let mut files = Vec::new();
    let mut named = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "--help" || arg == "-h" {
            return Ok(Command::Help);
        }
        let Some(option) = arg.as_bytes().strip_prefix(b"--") else {
            files.push(PathBuf::from(arg));
            continue;
        };
        let end = option.iter().position(|byte| *byte == b'=');
        let name = &option[..end.unwrap_or(option.len())];
        let name = String::from_utf8_lossy(name).into_owned();
        let value = match end {
            Some(end) => OsStr::from_bytes(&option[end + 1..]).to_owned(),
            None => {
                let value = args.next();
                value.with_context(|| format!("the option --{name} needs a value"))?
            }
        };
        named.push((name, value));
    }
    let Ok([input, output]) = <[PathBuf; 2]>::try_from(files) else {
        bail!("one INPUT and one OUTPUT are needed, see --help");
    };
    options(input, output, named).map(Command::Run)
}

fn options(input: PathBuf, output: PathBuf, named: Vec<(String, OsString)>) -> Result<Options> {
    let mut options = Options {
        container: Container::of(&output)?,
        input,
        output,
        picture: None,
        quality: 18,
        preset: "medium".to_owned(),
        properties: Vec::new(),
    };
    for (name, value) in named {
        if name == "picture" {
            options.picture = Some(PathBuf::from(value));
            continue;
        }
        let value = value.into_string().map_err(|value| {
            anyhow!("--{name} takes text, and {} is not UTF-8", value.display())
        })?;
        match name.as_str() {
            "quality" => {
                let number = value.parse().ok().filter(|n| *n <= 50);
                options.quality =
                    number.with_context(|| format!("--quality takes 0 to 50, not \"{value}\""))?;
            }
            "preset" => options.preset = value,
            "split" => options.properties.push(("split-view".to_owned(), value)),
            _ => options.properties.push((name, value)),
        }
    }
    check_files(&options)?;
    Ok(options)
}

fn check_files(options: &Options) -> Result<()> {
    let input = &options.input;
    ensure!(input.exists(), "there is no file {}", input.display());
    ensure!(
        !input.is_dir(),
        "{} is a folder, not a video",
        input.display()
    );
    for written in std::iter::once(&options.output).chain(&options.picture) {
        ensure!(
            !is_same_file(input, written),
            "the input {} would be overwritten; choose another name",
            input.display()
        );
        if let Some(folder) = written.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        }
    }
    if let Some(picture) = &options.picture {
        let is_png = picture
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("png"));
        ensure!(
            is_png,
            "the name of the picture, {}, must end in .png",
            picture.display()
        );
    }
    Ok(())
}
