// SPDX-License-Identifier: MIT OR Apache-2.0
//! The delay that the element declares: `docs/ELEMENT.md`, latency.
//!
//! [`LatencyMeter`] belongs to the streaming thread: it watches the steps and decides when a new
//! value is worth a LATENCY message. [`Reported`] holds what a LATENCY query is answered with; it
//! is atomics only, so that a query never waits for a step or a push. All values are nanoseconds.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Measured times are declared in whole multiples of this, and never below it; a rise by more
/// than this is announced.
const GRAIN: u64 = 5_000_000;

/// How many steps, or distances between frames, a median looks at.
const WINDOW: usize = 16;

/// The element's own part of the latency.
///
/// A source that is not live waits for nobody, so there only the look-ahead delays.
pub(crate) fn own_latency(
    look_ahead: u32,
    interval: Option<u64>,
    processing: u64,
    live: bool,
) -> u64 {
    let waiting = u64::from(look_ahead).saturating_mul(interval.unwrap_or(0));
    waiting.saturating_add(if live { processing } else { 0 })
}

/// What is declared at present, shared with the threads that ask.
///
/// The parts are read one by one: a query that meets a change may see one new part and one old.
/// The LATENCY message that follows the change makes the pipeline ask again.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    look_ahead: AtomicU64,
    processing: AtomicU64,
    live: AtomicBool,
}

impl Reported {
    /// The answer to a LATENCY query; `live` is upstream's part of it, and is remembered.
    pub(crate) fn answer(&self, live: bool) -> u64 {
        self.live.store(live, Ordering::Relaxed);
        self.current()
    }

    /// The part that comes of frames waiting for later ones.
    pub(crate) fn waiting(&self) -> u64 {
        self.look_ahead.load(Ordering::Relaxed)
    }

    /// Nothing is declared, as before the first start.
    pub(crate) fn clear(&self) {
        self.look_ahead.store(0, Ordering::Relaxed);
        self.processing.store(0, Ordering::Relaxed);
    }

    /// What the last query was answered with, or would be now. Before any query the source
    /// counts as not live: nobody relies on a value yet.
    pub(crate) fn current(&self) -> u64 {
        let waiting = self.waiting();
        if !self.live.load(Ordering::Relaxed) {
            return waiting;
        }
        waiting.saturating_add(self.processing.load(Ordering::Relaxed))
    }
}

/// Measures steps and keeps [`Reported`] up to date.
#[derive(Debug)]
pub(crate) struct LatencyMeter {
    steps: Recent,
    distances: Recent,
    last_pts: Option<u64>,
    look_ahead: u32,
    interval: Option<u64>,
    declared: Option<u64>,
    playing: bool,
    reported: Arc<Reported>,
}

impl LatencyMeter {
    /// A meter at READY to PAUSED, for a network that sees so many future frames.
    pub(crate) fn new(look_ahead: u32, reported: Arc<Reported>) -> Self {
        Self {
            steps: Recent::default(),
            distances: Recent::default(),
            last_pts: None,
            look_ahead,
            interval: None,
            declared: None,
            playing: false,
            reported,
        }
    }

    /// Property `processing-latency`: `None` measures, 0 declares nothing.
    pub(crate) fn set_declared(&mut self, declared: Option<u64>) {
        self.declared = declared;
    }

    /// Frame interval of new caps, `None` where they give none. Forgets measured distances.
    pub(crate) fn set_interval(&mut self, interval: Option<u64>) {
        self.interval = interval;
        self.distances = Recent::default();
        self.last_pts = None;
    }

    /// While playing the value never falls: a pipeline must not pump.
    pub(crate) fn set_playing(&mut self, playing: bool) {
        self.playing = playing;
    }

    /// Begins anew with the time of the warm-up's second run; the first one is no measure, it
    /// also chooses algorithms.
    pub(crate) fn seed(&mut self, step: Duration) {
        self.steps = Recent::default();
        self.add(step);
    }

    /// A frame was processed in this time.
    pub(crate) fn add(&mut self, step: Duration) {
        self.steps.push(nanoseconds(step));
    }

    /// A frame came in at this time; tells the interval where caps do not.
    pub(crate) fn arrived(&mut self, pts: Option<u64>) {
        if let (Some(pts), Some(last)) = (pts, self.last_pts) {
            self.distances.push(pts.abs_diff(last));
        }
        self.last_pts = pts;
    }

    /// Declared time for one frame: the property where it is set, else the median step with a
    /// quarter on top, at least [`GRAIN`] and a multiple of it.
    pub(crate) fn processing(&self) -> u64 {
        if let Some(declared) = self.declared {
            return declared;
        }
        let median = self.steps.median().unwrap_or(0);
        let padded = median.saturating_add(median.div_ceil(4)).max(GRAIN);
        padded.div_ceil(GRAIN).saturating_mul(GRAIN)
    }

    /// Brings [`Reported`] up to date; the new value where a LATENCY message must announce it.
    ///
    /// Announced is a rise by more than a fifth or by more than 5 ms. A smaller rise is held back
    /// while playing, so that many small ones add up to one message. Outside PLAYING the exact
    /// value is stored silently: the pipeline asks by itself before it plays.
    pub(crate) fn update(&self) -> Option<u64> {
        let held = &self.reported;
        let live = held.live.load(Ordering::Relaxed);
        let interval = self.interval.or_else(|| self.distances.median());
        let mut waiting = own_latency(self.look_ahead, interval, 0, false);
        let mut processing = self.processing();
        if self.playing {
            waiting = waiting.max(held.waiting());
            processing = processing.max(held.processing.load(Ordering::Relaxed));
        }
        let old = held.current();
        let new = waiting.saturating_add(if live { processing } else { 0 });
        let rise = new.saturating_sub(old);
        let loud = rise > GRAIN || rise > old / 5;
        if loud || !self.playing {
            held.look_ahead.store(waiting, Ordering::Relaxed);
        }
        // Nobody was told this part where the source is not live, so it may move freely.
        if loud || !self.playing || !live {
            held.processing.store(processing, Ordering::Relaxed);
        }
        loud.then_some(new)
    }
}

/// The last few values.
#[derive(Debug, Default)]
struct Recent(VecDeque<u64>);

impl Recent {
    fn push(&mut self, value: u64) {
        if self.0.len() == WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// The middle value, the mean of the middle two where their number is even.
    fn median(&self) -> Option<u64> {
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let upper = *sorted.get(sorted.len() / 2)?;
        if sorted.len() % 2 == 1 {
            return Some(upper);
        }
        Some(sorted[sorted.len() / 2 - 1].midpoint(upper))
    }
}

/// A duration in nanoseconds, the longest one where it does not fit.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
