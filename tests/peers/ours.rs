// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine as a child process of `peers.py`: commands on the standard input, answers on the
//! standard output, so that it can take turns with other runtimes. See `README.md` here.
//!
//! After its start it tells `ready DEVICE PRECISION NETWORK`. Then, a line each:
//!
//! | command | answer |
//! |---|---|
//! | `size W H` | `ok`; forgets frame and states |
//! | `frame`, then W·H·3 float32 values (little-endian; rows, pixels, RGB) | the deblurred frame, likewise |
//! | `forget` | `ok`; the next frame is like the first |
//! | `time N` | milliseconds of N more steps on the last frame, on one line |
//! | `quit`, or the end of the input | none |
//!
//! Anything else ends the program with one sentence on the error output and exit status 2. So
//! does a step that had to do something beside (smaller tiles, float32 in place of half
//! precision): its time would not be what it seems.

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use rirn::engine::{DeviceChoice, Output, Precision};
use rirn::pixel::{Colorimetry, Matrix, Mix, Picture, PixelFormat, Range, Siting};
use rirn::testing::random_weights;
use rirn::weights::{Weights, save};
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt, Spec};
use rirn_lab::visible::visible;
use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Longest edge of a frame.
const LARGEST: usize = 16384;
/// Most steps of one command.
const MOST_STEPS: usize = 1_000_000;
/// Longest line that is read.
const LINE: u64 = 100;

/// The engine as a child process: see the head of its source for the commands.
#[derive(Parser)]
struct Options {
    /// Weights file
    #[arg(long, required_unless_present = "make_weights")]
    weights: Option<PathBuf>,
    /// auto, cpu, cuda, cuda:N
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// auto, float32, float16, bfloat16
    #[arg(long, default_value = "auto")]
    precision: Precision,
    /// CPU threads; 0 leaves LibTorch's own choice
    #[arg(long, default_value_t = 0)]
    threads: u32,
    /// Instead: write random weights of a network, with skip, at the paper's size
    #[arg(long, num_args = 2, value_names = ["NETWORK", "FILE"], conflicts_with = "weights")]
    make_weights: Option<Vec<String>>,
    /// Base channel count for --make-weights
    #[arg(long, requires = "make_weights")]
    base: Option<u32>,
}

fn main() -> ExitCode {
    match work(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = visible(&format!("{error:#}"));
            // If even this cannot be written, the exit status still tells.
            let _ = writeln!(std::io::stderr(), "peer: {text}");
            ExitCode::from(2)
        }
    }
}

fn work(options: &Options) -> Result<()> {
    if let Some([network, file]) = options.make_weights.as_deref() {
        return make_weights(network, options.base, file.as_ref());
    }
    let file = options.weights.as_deref().context("--weights is missing")?;
    let weights = Weights::open(file).with_context(|| file.display().to_string())?;
    let config = EngineConfig {
        device: options.device,
        precision: options.precision,
        threads: options.threads,
        // Every frame is to be answered by one.
        look_ahead: Some(0),
        ..EngineConfig::default()
    };
    let engine = Engine::open(weights, &config)?;
    Peer::new(engine).serve(&mut std::io::stdin().lock(), &mut std::io::stdout().lock())
}

fn make_weights(network: &str, base: Option<u32>, file: &Path) -> Result<()> {
    let mut spec: Spec = network.parse()?;
    spec.skip = true;
    spec.base = base.unwrap_or(spec.base);
    spec.check()?;
    let tensors = random_weights(&spec, 1)?;
    save(file, &spec, &BTreeMap::new(), &tensors).with_context(|| file.display().to_string())
}

/// One video, and the frame that came last.
struct Peer {
    deblurrer: Deblurrer,
    never: Interrupt,
    /// Width and height; none before `size`.
    size: Option<(usize, usize)>,
    /// None before `frame`.
    last: Option<Arc<Frame>>,
}

impl Peer {
    fn new(engine: Engine) -> Self {
        Self {
            deblurrer: Deblurrer::new(Arc::new(engine)),
            never: Interrupt::new(),
            size: None,
            last: None,
        }
    }

    fn serve(&mut self, input: &mut impl BufRead, answers: &mut impl Write) -> Result<()> {
        let engine = self.deblurrer.engine();
        let (device, precision) = (engine.device(), engine.precision());
        writeln!(answers, "ready {device} {precision} {}", engine.label())?;
        answers.flush()?;
        while let Some(line) = command(input)? {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words[..] {
                ["size", width, height] => {
                    self.resize(number(width, LARGEST)?, number(height, LARGEST)?);
                    answers.write_all(b"ok\n")?;
                }
                ["frame"] => self.frame(input, answers)?,
                ["forget"] => {
                    self.deblurrer.reset();
                    answers.write_all(b"ok\n")?;
                }
                ["time", steps] => self.time(number(steps, MOST_STEPS)?, answers)?,
                ["quit"] => break,
                _ => bail!("\"{line}\" is not size W H, frame, forget, time N or quit"),
            }
            answers.flush()?;
        }
        Ok(())
    }

    fn resize(&mut self, width: usize, height: usize) {
        self.size = Some((width, height));
        self.last = None;
        self.deblurrer.reset();
    }

    fn frame(&mut self, input: &mut impl Read, answers: &mut impl Write) -> Result<()> {
        let (width, height) = self.size.context("\"frame\" came before \"size W H\"")?;
        let mut bytes = vec![0; width * height * 3 * size_of::<f32>()];
        input
            .read_exact(&mut bytes)
            .with_context(|| format!("the frame has fewer than {} bytes", bytes.len()))?;
        let values: Vec<f32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|chunk| f32::from_le_bytes(*chunk))
            .collect();
        ensure!(
            values.iter().all(|value| value.is_finite()),
            "the frame holds a value that is not finite"
        );
        let frame = Arc::new(Frame::from_data(height, width, values)?);
        self.last = Some(Arc::clone(&frame));
        let sharp = self.step(frame)?;
        for (chunk, value) in bytes.as_chunks_mut().0.iter_mut().zip(sharp.data()) {
            *chunk = value.to_le_bytes();
        }
        self.deblurrer.recycle(sharp);
        Ok(answers.write_all(&bytes)?)
    }

    /// What a caller of the engine waits: the job's way to the worker and back, the way to the
    /// device and back of the frame, or of its bytes where the device converts pixels, and the
    /// step. `Output::taken` lacks the way to the worker.
    fn time(&mut self, steps: usize, answers: &mut impl Write) -> Result<()> {
        let frame = self
            .last
            .clone()
            .context("\"time\" came before \"frame\"")?;
        let bytes = self.deblurrer.engine().converts_pictures();
        let bytes = bytes.then(|| in_bytes(&frame));
        let mut times = Vec::with_capacity(steps);
        for _ in 0..steps {
            let begin = Instant::now();
            let frame = match &bytes {
                None => Some(self.step(Arc::clone(&frame))?),
                Some(bytes) => {
                    self.picture_step(bytes, &frame)?;
                    None
                }
            };
            times.push(format!("{:.4}", begin.elapsed().as_secs_f64() * 1000.0));
            frame
                .into_iter()
                .for_each(|sharp| self.deblurrer.recycle(sharp));
        }
        Ok(writeln!(answers, "{}", times.join(" "))?)
    }

    fn step(&mut self, frame: Arc<Frame>) -> Result<Frame> {
        let output = as_it_should(self.deblurrer.push(frame, &self.never)?)?;
        output.sharp.context("the engine gave no picture")
    }

    /// A step from bytes to bytes, `frame` having the size.
    fn picture_step(&mut self, bytes: &[u8], frame: &Frame) -> Result<()> {
        let (width, height) = (frame.width(), frame.height());
        let colorimetry = Colorimetry {
            matrix: Matrix::Bt709,
            range: Range::Full,
            siting: Siting {
                h_cosited: false,
                v_cosited: false,
            },
        };
        let planes = [(bytes, 3 * width)];
        let picture = Picture::new(PixelFormat::Rgb, width, height, colorimetry, planes)?;
        let staged = self.deblurrer.stage(&picture)?;
        let pushed = self
            .deblurrer
            .push_picture(staged, Mix::default(), &self.never)?;
        let output = as_it_should(pushed)?;
        let picture = output.picture.context("the engine gave no picture")?;
        self.deblurrer.recycle_picture(picture);
        Ok(())
    }
}

fn as_it_should(pushed: Option<Output>) -> Result<Output> {
    let output = pushed.context("the engine gave no frame")?;
    ensure!(
        output.notes.is_empty(),
        "the step did not go as it should: {:?} {}",
        output.notes,
        output.report.unwrap_or_default()
    );
    Ok(output)
}

/// Values to codes of 8 bits, rounded half up.
fn in_bytes(frame: &Frame) -> Vec<u8> {
    let code = |value: &f32| (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
    frame.data().iter().map(code).collect()
}

/// The next line, without its end; none at the end of the input.
fn command(input: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = Vec::new();
    input.take(LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    ensure!(
        line.ends_with(b"\n"),
        "a command does not end with its line"
    );
    line.pop();
    let line = String::from_utf8(line).context("a command is not text")?;
    Ok(Some(line))
}

/// A whole number from 1 to `largest`.
fn number(text: &str, largest: usize) -> Result<usize> {
    let value = text
        .parse()
        .ok()
        .filter(|value| (1..=largest).contains(value));
    value.with_context(|| format!("\"{text}\" is not a number from 1 to {largest}"))
}
