// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Past`]: everything that is remembered of the frames before, and how a frame is deblurred with
//! it. Runs on the worker.

pub(super) mod recorded;
mod step;

use super::bytes::Bytes;
use super::fit::Fit;
use super::notes::{StepNote, Told};
use super::pictures::canvas::Canvas;
use super::pictures::{Arrival, Incoming};
use super::shared::Core;
use super::tensors::check_pixels;
use super::tiles::TilePlan;
use super::window::{View, Window};
use super::{Engine, Output};
use crate::error::{Error, Result, caught};
use crate::frame::Frame;
use crate::networks::State;
use crate::ops::spare::{self, Spares};
use recorded::Recorded;
use std::mem;
use std::sync::Arc;
use std::time::Instant;
use tch::{Kind, Tensor};

/// What is remembered of one video. It travels inside the job and comes back with the result, so
/// that nothing half updated can be seen and a flush needs nothing from a running step.
pub(super) struct Past {
    window: Window,
    /// One for each tile of `plan`; empty where nothing is remembered.
    states: Vec<State>,
    plan: Option<Arc<TilePlan>>,
    /// The kind of the network that made the states.
    kind: Option<Kind>,
    steps: u64,
    size: Option<(usize, usize)>,
    /// The memory begins with the next frame that is pushed.
    fresh: bool,
    /// The picture of one tile; used again and again.
    tile: Frame,
    /// Maps of the step before, used again.
    spares: Spares,
    /// What happened before the frame that comes out next had its turn.
    told: Told,
}

/// What a job that goes one frame further gives back.
pub(super) struct Advanced {
    pub(super) past: Past,
    pub(super) fit: Fit,
    pub(super) output: Option<Output>,
    /// Memory of a picture that came in and is done with.
    pub(super) staging: Option<Bytes>,
    /// What was to be drawn on, without what is the answer.
    pub(super) unused: Canvas,
    pub(super) recorded: Recorded,
    /// The frame was not wanted any more.
    pub(super) declined: bool,
}

impl Past {
    /// Nothing.
    pub(super) fn new(engine: &Engine) -> Self {
        Self {
            window: Window::new(engine.profile().clone(), engine.delay()),
            states: Vec::new(),
            plan: None,
            kind: None,
            steps: 0,
            size: None,
            fresh: true,
            tile: Frame::default(),
            spares: Spares::default(),
            told: Told::default(),
        }
    }

    /// Whether a frame has been taken in.
    pub(super) fn has_size(&self) -> bool {
        self.size.is_some()
    }

    /// The memory begins with the next frame that is pushed.
    pub(super) fn begin_anew(&mut self) {
        self.fresh = true;
    }

    /// Largest magnitude in all states; 0 where nothing is remembered.
    pub(super) fn largest_state(&self) -> Result<f64> {
        self.states.iter().try_fold(0.0, |largest: f64, state| {
            let value = state.largest_magnitude()?;
            // `max` would lose a NaN.
            let is_larger = value.is_nan() || value > largest;
            Ok(if is_larger { value } else { largest })
        })
    }

    /// One frame further.
    pub(super) fn advance(
        mut self,
        core: &Core,
        mut fit: Fit,
        incoming: Incoming,
        mut canvas: Canvas,
        mut recorded: Recorded,
    ) -> Result<Advanced> {
        let begin = Instant::now();
        self.check_size(incoming.size())?;
        if let Incoming::Picture(staged) = &incoming
            && self.is_recorded(core, &fit, &recorded)
            && let Some(done) = self.repeat(core, &mut fit, staged, &mut canvas, &mut recorded)?
        {
            let output = Some(self.answer(done, &mut canvas, begin));
            return Ok(Advanced {
                past: self,
                fit,
                output,
                staging: incoming.into_bytes(core.device()),
                unused: canvas,
                recorded,
                declined: false,
            });
        }
        let loan = mem::take(&mut self.spares).lend();
        let mut staging = None;
        let view = match self.take_in(core, &mut fit, incoming)? {
            Some(arrival) => {
                staging = arrival.free;
                let fresh = mem::replace(&mut self.fresh, false);
                self.window.push(arrival.frame, arrival.original, fresh)
            }
            None => self.window.drain(),
        };
        let mut output = None;
        if let Some(view) = view {
            output = Some(self.output(core, &mut fit, &view, &mut canvas, begin)?);
            // A network may keep what it has seen.
            let is_kept = |frame: &Tensor| {
                let mut kept = self.states.iter().flat_map(State::iter);
                kept.any(|(_, kept)| spare::share_memory(kept, frame))
            };
            staging = staging.or(view.end(is_kept));
        }
        self.spares = loan.end();
        Ok(Advanced {
            past: self,
            fit,
            output,
            staging,
            unused: canvas,
            recorded,
            declined: false,
        })
    }

    /// What comes in. Where there is no room for it at all its place stays empty, so that as many frames
    /// come out as go in, and no step is tried for a while.
    fn take_in(
        &mut self,
        core: &Core,
        fit: &mut Fit,
        incoming: Incoming,
    ) -> Result<Option<Arrival>> {
        match caught(|| incoming.take_in(core, fit)) {
            Err(Error::OutOfMemory(report)) => {
                fit.exhaust(&mut self.told, report);
                Ok(Some(Arrival::default()))
            }
            other => other,
        }
    }

    /// No frame further: the one that came is not wanted any more.
    pub(super) fn decline(
        self,
        core: &Core,
        fit: Fit,
        incoming: Incoming,
        canvas: Canvas,
        recorded: Recorded,
    ) -> Advanced {
        Advanced {
            past: self,
            fit,
            output: None,
            staging: incoming.into_bytes(core.device()),
            unused: canvas,
            recorded,
            declined: true,
        }
    }

    fn output(
        &mut self,
        core: &Core,
        fit: &mut Fit,
        view: &View,
        canvas: &mut Canvas,
        begin: Instant,
    ) -> Result<Output> {
        let done = self.deblur(core, fit, view, canvas)?;
        Ok(self.answer(done, canvas, begin))
    }

    /// What is drawn, if it is, and what is told.
    fn answer(&self, (drawn, told): (bool, Told), canvas: &mut Canvas, begin: Instant) -> Output {
        let picture = canvas.picture.take().filter(|_| drawn);
        let is_frame = drawn && picture.is_none();
        Output {
            sharp: is_frame.then(|| mem::take(&mut canvas.frame)),
            picture,
            diverged: told.notes.contains(&StepNote::Diverged),
            notes: told.notes,
            report: told.report,
            taken: begin.elapsed(),
        }
    }

    /// The frame in the middle of the view; says whether a picture has come of it.
    fn deblur(
        &mut self,
        core: &Core,
        fit: &mut Fit,
        view: &View,
        canvas: &mut Canvas,
    ) -> Result<(bool, Told)> {
        let mut told = mem::take(&mut self.told);
        if view.fresh {
            self.states.clear();
        }
        if fit.is_exhausted() || !view.is_complete() {
            self.states.clear();
            if !told.notes.contains(&StepNote::Exhausted) {
                told.notes.push(StepNote::Passed);
            }
            return Ok((false, told));
        }
        let finite = fit.climb_down(&mut told, |plan, told| {
            self.attempt(core, plan, view, canvas, told)
        })?;
        match finite {
            Some(true) => self.watch(&mut told)?,
            Some(false) => told.notes.push(StepNote::NotFinite),
            None => {}
        }
        Ok((finite == Some(true), told))
    }

    fn check_size(&mut self, size: Option<(usize, usize)>) -> Result<()> {
        let Some(size) = size else { return Ok(()) };
        check_pixels(size)?;
        let (height, width) = *self.size.get_or_insert(size);
        if size == (height, width) {
            return Ok(());
        }
        Err(Error::Shape(format!(
            "a frame of {}x{} pixels follows frames of {width}x{height}: reset first",
            size.1, size.0
        )))
    }
}
