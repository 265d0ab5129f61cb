// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far it is, on the error output: a bar with the time left on a terminal, a line for each
//! network and sequence in a log.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use rirn_lab::eval::Step;
use rirn_lab::visible::visible;

/// Progress of the stage at work.
#[derive(Default)]
pub(crate) struct Progress {
    stage: String,
    /// None where the error output is no terminal.
    bar: Option<ProgressBar>,
    /// The line that was written last.
    line: String,
    begin: Option<Instant>,
}

impl Progress {
    /// One more frame is done.
    pub(crate) fn step(&mut self, step: &Step<'_>) {
        if self.stage != step.stage {
            self.finish();
            step.stage.clone_into(&mut self.stage);
            self.begin = Some(Instant::now());
            self.bar = io::stderr().is_terminal().then(|| bar(step.total));
        }
        let line = visible(&format!(
            "{}: {}, {}",
            step.stage, step.entry, step.sequence
        ));
        if let Some(bar) = &self.bar {
            bar.set_position(step.done as u64);
            if line != self.line {
                bar.set_message(line.clone());
            }
        } else if line != self.line {
            let seconds = self.begin.map_or(0, |begin| begin.elapsed().as_secs());
            let (before, total) = (step.done - 1, step.total);
            // Nothing is left to be done if nobody can be told.
            let _ = writeln!(
                io::stderr(),
                "{line}: {before} of {total} frames, {seconds} s"
            );
        }
        self.line = line;
    }

    /// Takes the bar away.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: usize) -> ProgressBar {
    let template = "{msg}  {wide_bar} {pos}/{len}, {eta} left";
    let style = ProgressStyle::with_template(template);
    let bar = ProgressBar::new(total as u64);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
