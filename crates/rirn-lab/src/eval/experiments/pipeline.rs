// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment `pipeline`: the same frames through a real GStreamer pipeline. What the element
//! gives must equal what the engine gives to one grey level.
//!
//! The pipeline is a process of `gst-launch-1.0`: raw RGB in at its standard input, raw RGB out at
//! a pipe of its own, with the element's properties set to what the engine runs with. Nothing of
//! GStreamer is linked. The element is found as GStreamer finds it (`GST_PLUGIN_PATH`), or in a
//! folder that is named.

mod process;

use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::{ChildStdout, Command, Stdio};
use std::thread;

use crate::data::Sequence;
use crate::eval::bench::{Bench, Stage, blurred};
use crate::eval::candidate::Candidate;
use crate::eval::error::EvalError;
use crate::eval::scores::Table;

use super::{Outcome, columns, verdict};
use process::{SHELL, complaint, end, feed, frame, launch};

/// Largest difference that is in order, in grey levels.
const LEVELS: u8 = 1;

/// What can be chosen of the experiment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pipeline {
    /// Folder in which the plugin lies, beside those where GStreamer looks.
    pub plugin_path: Option<PathBuf>,
}

/// Differences between pipeline and engine.
#[derive(Default)]
struct Seen {
    frames: usize,
    values: usize,
    different: usize,
    largest: u8,
}

impl Pipeline {
    /// Whether GStreamer and the element are there.
    pub(super) fn check(&self) -> Result<(), String> {
        // Not with --exists: that also asks for a version as high as GStreamer's own.
        let inspected = self
            .command("gst-inspect-1.0")
            .arg("rirndeblur")
            .stdin(Stdio::null())
            .output();
        let found = inspected.map_err(|error| {
            format!("gst-inspect-1.0 cannot be run ({error}); it comes with gstreamer1.0-tools")
        })?;
        if found.status.success() {
            return Ok(());
        }
        let folder = match &self.plugin_path {
            Some(folder) => format!("{} or ", folder.display()),
            None => String::new(),
        };
        Err(format!(
            "GStreamer finds no element rirndeblur in {folder}its plugin folders; name the folder \
             of libgstrirndeblur.so as plugin path or in GST_PLUGIN_PATH"
        ))
    }

    pub(super) fn run(&self, bench: &mut Bench<'_>) -> Result<Outcome, EvalError> {
        let mut stage = bench.stage("pipeline", bench.frames() * bench.candidates.len());
        let mut rows = Vec::new();
        for candidate in bench.candidates {
            for sequence in bench.sequences {
                let seen = self.sequence(candidate, sequence, bench, &mut stage)?;
                rows.push(seen.row(candidate.name(), &sequence.name));
            }
        }
        let table = Table {
            title: "Real pipeline: rirndeblur in gst-launch-1.0 against the engine".to_owned(),
            columns: columns(&[
                "network",
                "sequence",
                "frames",
                "largest difference in grey levels",
                "different values in %",
                "at most one grey level",
            ]),
            rows,
        };
        Ok(Outcome {
            tables: vec![table],
            ..Outcome::default()
        })
    }

    fn sequence(
        &self,
        candidate: &Candidate,
        sequence: &Sequence,
        bench: &mut Bench<'_>,
        stage: &mut Stage,
    ) -> Result<Seen, EvalError> {
        let failed = |reason| EvalError::Experiment {
            experiment: "pipeline",
            reason,
        };
        let mut child = self
            .command("sh")
            .args(["-c", SHELL, "sh"])
            .args(launch(candidate, sequence))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("sh cannot be run ({error})")))?;
        let (Some(input), Some(output), Some(mut messages)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("a pipe of the process is missing".to_owned()));
        };
        thread::scope(|scope| {
            let feeder = scope.spawn(|| feed(input, sequence));
            let listener = scope.spawn(move || {
                let mut text = Vec::new();
                let _ = messages.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            });
            let seen = compare(output, candidate, sequence, |bench_step| {
                stage.step(bench, bench_step, &sequence.name);
            });
            let is_success = end(&mut child, seen.is_err());
            let fed = feeder.join().unwrap_or(Ok(()));
            let messages = listener.join().unwrap_or_default();
            // The engine has told of unreadable frames already; else the process knows best.
            match seen {
                Ok(Some(seen)) if is_success => fed.map(|()| seen),
                Ok(_) => Err(failed(complaint(&messages))),
                Err(error) => Err(error),
            }
        })
    }

    /// A command that finds the plugin.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some(folder) = &self.plugin_path {
            let mut folders = folder.clone().into_os_string();
            if let Some(others) = std::env::var_os("GST_PLUGIN_PATH") {
                folders.push(":");
                folders.push(others);
            }
            command.env("GST_PLUGIN_PATH", folders);
        }
        command
    }
}

impl Seen {
    fn add(&mut self, element: &[u8], engine: &[u8]) {
        self.frames += 1;
        self.values += engine.len();
        for (one, other) in element.iter().zip(engine) {
            let difference = one.abs_diff(*other);
            self.different += usize::from(difference > 0);
            self.largest = self.largest.max(difference);
        }
    }

    fn row(&self, name: &str, sequence: &str) -> Vec<String> {
        let share = 100.0 * self.different as f64 / self.values.max(1) as f64;
        vec![
            name.to_owned(),
            sequence.to_owned(),
            self.frames.to_string(),
            self.largest.to_string(),
            format!("{share:.4}"),
            verdict(self.largest <= LEVELS),
        ]
    }
}

/// Reads the pipeline's frames while the engine makes its own; none if they end too early or too
/// late.
fn compare(
    output: ChildStdout,
    candidate: &Candidate,
    sequence: &Sequence,
    mut step: impl FnMut(&str),
) -> Result<Option<Seen>, EvalError> {
    let mut output = BufReader::with_capacity(1 << 16, output);
    let mut seen = Seen::default();
    for played in candidate.stream(blurred(sequence)) {
        let engine = played?.picture;
        let Some(element) = frame(&mut output, &engine) else {
            return Ok(None);
        };
        seen.add(&element, engine.as_raw());
        step(candidate.name());
    }
    let is_end = output.read(&mut [0]).is_ok_and(|bytes| bytes == 0);
    Ok(is_end.then_some(seen))
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn differences_are_counted_by_value() {
        let mut seen = Seen::default();
        seen.add(&[0, 10, 255, 7], &[1, 10, 254, 7]);
        seen.add(&[5, 5, 5, 5], &[5, 5, 5, 8]);
        let row = seen.row("a", "b");
        assert_eq!(row[2..], ["2", "3", "37.5000", "no"]);
    }
}
