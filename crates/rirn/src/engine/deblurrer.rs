// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Deblurrer`]: an engine together with the past of one video.

use super::bytes::Bytes;
use super::fit::Fit;
use super::notes::Told;
use super::output::{Output, Pushed, WarmUp};
use super::past::recorded::Recorded;
use super::past::{Advanced, Past};
use super::pictures::Incoming;
use super::pictures::canvas::Canvas;
use super::{Engine, Interrupt, warm};
use crate::error::Result;
use crate::frame::Frame;
use crate::pixel::Mix;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// For so long no step is tried after memory ran out in the smallest tiles.
pub const PAUSE: Duration = Duration::from_secs(5);

/// What tells the time.
type Clock = Box<dyn Fn() -> Instant + Send>;

/// Deblurs the frames of one video in order. N pushed frames give N frames, each as soon as the
/// frames that the network looks ahead to have come.
///
/// Where memory runs out the frame is tried again in smaller and smaller tiles, which stay for
/// frames of that size. Where it runs out in the smallest, frames pass without a step for
/// [`PAUSE`]; then everything is tried anew, the largest tiles first.
pub struct Deblurrer {
    engine: Arc<Engine>,
    /// None before the first frame.
    past: Option<Past>,
    /// Tiles for frames of the size seen last; none before the first frame.
    fit: Option<Fit>,
    /// When to try again.
    retry: Option<Instant>,
    clock: Clock,
    spare: Vec<Frame>,
    /// Memory for the next picture that comes in, and for the next that is drawn.
    pub(super) staging: Option<Bytes>,
    pub(super) packed: Option<Bytes>,
    recorded: Recorded,
}

impl Deblurrer {
    /// A deblurrer that has seen nothing.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            past: None,
            fit: None,
            retry: None,
            clock: Box::new(Instant::now),
            spare: Vec::new(),
            staging: None,
            packed: None,
            recorded: Recorded::default(),
        }
    }

    /// Takes the time from `clock` when it waits for memory; for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Instant + Send + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// By how many frames the output is late.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.engine.delay()
    }

    /// Largest edge of a tile in pixels for frames of the size seen last; 0 for the whole frame,
    /// and before the first.
    #[must_use]
    pub fn tile_size(&self) -> usize {
        self.fit.as_ref().map_or(0, Fit::tile)
    }

    /// Number of tiles of such a frame; 1 before the first.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.fit.as_ref().map_or(1, |fit| fit.plan().len())
    }

    /// Estimated bytes of network memory for such frames in such tiles, as
    /// [`Engine::memory_estimate`]; 0 before the first.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let estimate = |fit: &Fit| self.engine.needs().total(fit.size(), fit.plan());
        self.fit.as_ref().map_or(0, estimate)
    }

    /// Prepares for frames of this size, in pixels: forgets the past and what was found out about
    /// tiles, then runs two steps on a grey picture, so that the first real frame finds compiled
    /// kernels and sized pools. Where memory runs out, smaller tiles are tried.
    ///
    /// # Errors
    /// What the step reports, or [`crate::Error::Interrupted`].
    pub fn warm_up(
        &mut self,
        height: usize,
        width: usize,
        interrupt: &Interrupt,
    ) -> Result<WarmUp> {
        self.reset();
        let mut fit = self.engine.first_fit((height, width));
        (self.fit, self.retry) = (Some(fit.clone()), None);
        let window = self.engine.profile().window();
        let ticket = self.engine.submit(move |core| {
            let mut told = Told::default();
            let taken = fit.climb_down(&mut told, |plan, _| warm::plan(core, plan, window))?;
            Ok((fit, told, taken))
        });
        let (fit, told, taken) = ticket.wait(Some(interrupt))?;
        self.keep(fit);
        Ok(WarmUp {
            taken,
            notes: told.notes,
            report: told.report,
        })
    }

    /// Takes the next frame and gives the oldest one whose future is complete, if any.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] when `interrupt` was raised; [`crate::Error::Shape`] when the
    /// frame has another size than those before; else what the step reports, but not that memory
    /// ran out. After any error the past is forgotten, as by [`Deblurrer::reset`].
    pub fn push(&mut self, blurred: Arc<Frame>, interrupt: &Interrupt) -> Result<Option<Output>> {
        let incoming = Incoming::Frame(blurred);
        self.advance(incoming, Mix::default(), || true, interrupt)
            .map(Pushed::output)
    }

    /// Finishes the oldest frame that still waits, with its future replaced by repeats of the last
    /// frame; nothing when none waits. To be called until it gives nothing.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn drain(&mut self, interrupt: &Interrupt) -> Result<Option<Output>> {
        self.advance(Incoming::Nothing, Mix::default(), || true, interrupt)
            .map(Pushed::output)
    }

    /// Forgets the past and the frames that wait; the next frame is like the first, except that
    /// what was found out about memory stays for frames of the same size.
    pub fn reset(&mut self) {
        self.past = None;
    }

    /// Begins a new memory with the next frame that is pushed. Frames that wait come in their turn
    /// and finish with the old memory.
    pub fn begin_anew(&mut self) {
        if let Some(past) = &mut self.past {
            past.begin_anew();
        }
    }

    /// Largest magnitude in the states that the next frame will find; 0 before the first frame and
    /// after a reset.
    ///
    /// # Errors
    /// As [`Deblurrer::push`]; the past is forgotten then, too.
    pub fn largest_state(&mut self, interrupt: &Interrupt) -> Result<f64> {
        let Some(past) = self.past.take() else {
            return Ok(0.0);
        };
        let ticket = self.engine.submit(move |_| {
            let largest = past.largest_state()?;
            Ok((past, largest))
        });
        let (past, largest) = ticket.wait(Some(interrupt))?;
        self.past = Some(past);
        Ok(largest)
    }

    /// Gives a frame back whose memory may be used again.
    pub fn recycle(&mut self, frame: Frame) {
        // One is written while another is read; more would only hold memory.
        if self.spare.len() < 2 {
            self.spare.push(frame);
        }
    }

    /// A frame to fill, with used memory if there is some.
    #[must_use]
    pub fn spare(&mut self) -> Frame {
        self.spare.pop().unwrap_or_default()
    }

    /// One frame further, if the worker finds it wanted when it comes to it.
    pub(super) fn advance(
        &mut self,
        incoming: Incoming,
        mix: Mix,
        wanted: impl FnOnce() -> bool + Send + 'static,
        interrupt: &Interrupt,
    ) -> Result<Pushed> {
        let past = self.past.take();
        // One whose frames were all declined knows no size yet.
        let has_past = past.as_ref().is_some_and(Past::has_size);
        let Some(fit) = self.fit_for(incoming.size(), has_past) else {
            return Ok(Pushed::Taken(None));
        };
        let past = past.unwrap_or_else(|| Past::new(&self.engine));
        let canvas = Canvas {
            frame: self.spare(),
            bytes: self.packed.take(),
            mix,
            picture: None,
        };
        let recorded = mem::take(&mut self.recorded);
        let ticket = self.engine.submit(move |core| {
            if wanted() {
                past.advance(core, fit, incoming, canvas, recorded)
            } else {
                Ok(past.decline(core, fit, incoming, canvas, recorded))
            }
        });
        let Advanced {
            past,
            fit,
            output,
            staging,
            unused,
            recorded,
            declined,
        } = ticket.wait(Some(interrupt))?;
        (self.past, self.recorded) = (Some(past), recorded);
        self.staging = staging.or(self.staging.take());
        self.packed = unused.bytes.or(self.packed.take());
        if !unused.frame.data().is_empty() {
            self.recycle(unused.frame);
        }
        self.keep(fit);
        Ok(if declined {
            Pushed::Declined
        } else {
            Pushed::Taken(output)
        })
    }

    /// The tiles to begin with; none where there is neither a frame nor a past.
    fn fit_for(&mut self, size: Option<(usize, usize)>, has_past: bool) -> Option<Fit> {
        let known = self.fit.as_ref().map(Fit::size);
        let size = match size {
            // With a past, a frame of another size is refused by the step.
            Some(size) if !has_past => size,
            Some(_) => known?,
            None => known.filter(|_| has_past)?,
        };
        let is_due = self.retry.is_some_and(|retry| (self.clock)() >= retry);
        if known != Some(size) || is_due {
            self.fit = Some(self.engine.first_fit(size));
            self.retry = None;
        }
        self.fit.clone()
    }

    fn keep(&mut self, fit: Fit) {
        if fit.is_exhausted() && self.retry.is_none() {
            self.retry = Some((self.clock)() + PAUSE);
        }
        self.fit = Some(fit);
    }
}
