// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far it is: one line that is rewritten on a terminal, a line now and then in a log.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::pipeline::Job;

/// Time between two lines of a log.
const LOG_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    begin: Instant,
    first_frame: Option<Instant>,
    shown: Instant,
    is_terminal: bool,
    line_is_open: bool,
}

impl Progress {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            begin: now,
            first_frame: None,
            shown: now,
            is_terminal: std::io::stdout().is_terminal(),
            line_is_open: false,
        }
    }

    /// Shows how far the job is, if it is time to.
    pub(crate) fn show(&mut self, job: &Job) {
        let frames = job.counts.frames.load(Ordering::Relaxed);
        if frames == 0 {
            return;
        }
        // Loading the network does not belong to the speed.
        let first = *self.first_frame.get_or_insert_with(Instant::now);
        let pause = if self.is_terminal {
            Duration::from_millis(200)
        } else {
            LOG_EVERY
        };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let line = state_line(job, frames, first.elapsed().as_secs_f64());
        if self.is_terminal {
            print!("\r{line}\x1b[K");
            let _ = std::io::stdout().flush();
            self.line_is_open = true;
        } else {
            println!("{line}");
        }
    }

    /// Leaves the rewritten line as it is and goes to the next one.
    pub(crate) fn end_line(&mut self) {
        if self.line_is_open {
            println!();
            self.line_is_open = false;
        }
    }

    /// The last line: what was done, how fast, with what.
    pub(crate) fn finish(&mut self, job: &Job) {
        self.end_line();
        let frames = job.counts.frames.load(Ordering::Relaxed);
        let seconds = self.begin.elapsed().as_secs_f64();
        let mut line = format!("{frames} frames in {seconds:.1} s, ");
        line += &format!("{:.2} frames/s", frames as f64 / seconds.max(1e-9));
        for (property, name) in [("active-model", "model"), ("active-device", "device")] {
            if let Some(value) = text_property(&job.element, property) {
                line += &format!(", {name} {value}");
            }
        }
        if let Some(time) = inference_time(&job.element) {
            line += &format!(
                ", {:.1} ms per frame in the network",
                time.as_secs_f64() * 1e3
            );
        }
        println!("{line}");
    }
}

fn state_line(job: &Job, frames: u64, seconds: f64) -> String {
    let speed = frames as f64 / seconds.max(1e-9);
    let position = job.counts.position.load(Ordering::Relaxed);
    let Some(whole) = job
        .pipeline
        .query_duration::<gst::ClockTime>()
        .filter(|d| !d.is_zero())
    else {
        return format!("frame {frames}, {speed:.1} frames/s");
    };
    let share = (position as f64 / whole.nseconds() as f64).clamp(0.0, 1.0);
    let left = if share > 0.0 {
        seconds * (1.0 - share) / share
    } else {
        0.0
    };
    let left = Duration::from_secs_f64(left).as_secs();
    let percent = 100.0 * share;
    format!(
        "frame {frames}, {percent:.0} %, {speed:.1} frames/s, {}:{:02} left",
        left / 60,
        left % 60
    )
}

fn text_property(element: &gst::Element, name: &str) -> Option<String> {
    let property = element.find_property(name)?;
    if property.value_type() != String::static_type() {
        return None;
    }
    element.property::<Option<String>>(name)
}

/// The mean time of one step of the network, if the element tells it.
fn inference_time(element: &gst::Element) -> Option<Duration> {
    element.find_property("stats")?;
    let stats = element
        .property_value("stats")
        .get::<Option<gst::Structure>>()
        .ok()??;
    let nanoseconds = stats.get::<u64>("inference-avg").ok()?;
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}
