// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Past`]: everything that is remembered of the frames before, and how a frame is deblurred with
//! it. Runs on the worker.

pub(super) mod recorded;

use super::bytes::Bytes;
use super::cpu;
use super::fit::Fit;
use super::notes::{StepNote, Told};
use super::pictures::{Canvas, Incoming};
use super::shared::Core;
use super::tensors::{to_frame, to_tensor};
use super::tiles::TilePlan;
use super::window::{View, Window};
use super::{Engine, Output};
use crate::cancel;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::networks::{Network, State};
use crate::ops::spare::{self, Spares};
use recorded::Recorded;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// The states are looked at every so many frames: nothing bounds them, and an IRM with a gain
/// above 1 grows without end in hours of live video.
const WATCH_EVERY: u64 = 8;

/// Largest magnitude of a healthy state; shipped weights stay below 40.
const LARGEST_STATE: f64 = 1e4;

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
        }
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
            && let Some(told) = self.repeat(core, &fit, staged, &mut canvas, &mut recorded)?
        {
            let output = Some(self.answer((true, told), &mut canvas, begin));
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
        let view = match incoming.take_in(core, &fit)? {
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
            staging = staging.or(view.end());
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
        let mut told = Told::default();
        if view.fresh {
            self.states.clear();
        }
        if fit.is_exhausted() {
            self.states.clear();
            told.notes.push(StepNote::Passed);
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

    /// One step with these tiles, and another in float32 where half precision was not enough. Says
    /// whether all values are finite; else, and after an error, no state is left.
    fn attempt(
        &mut self,
        core: &Core,
        plan: &Arc<TilePlan>,
        view: &View,
        canvas: &mut Canvas,
        told: &mut Told,
    ) -> Result<bool> {
        loop {
            let (kind, network) = core.current();
            self.adopt(kind, plan, told);
            let finite = {
                let network = network.lock().unwrap_or_else(PoisonError::into_inner);
                self.step(network.as_ref(), plan, view, canvas)?
            };
            if finite || !core.widen()? {
                return Ok(finite);
            }
        }
    }

    /// Forgets states that another network or other tiles have made.
    fn adopt(&mut self, kind: Kind, plan: &Arc<TilePlan>, told: &mut Told) {
        let before = self.kind.replace(kind);
        if before.is_some_and(|before| before != kind) {
            self.states.clear();
            told.notes.push(StepNote::Widened);
        }
        let before = self.plan.replace(Arc::clone(plan));
        if !before.is_some_and(|before| Arc::ptr_eq(&before, plan)) {
            self.states.clear();
        }
    }

    /// All tiles of a frame.
    fn step(
        &mut self,
        network: &dyn Network,
        plan: &TilePlan,
        view: &View,
        canvas: &mut Canvas,
    ) -> Result<bool> {
        let (stored, device) = network.placement();
        cpu::prepare(self.kind.unwrap_or(stored), (stored, device));
        // Out of `self`: whatever goes wrong, nothing half updated is left.
        let mut states = mem::take(&mut self.states).into_iter();
        let mut next = Vec::with_capacity(plan.len());
        if !plan.is_whole() {
            let (height, width) = self.size.unwrap_or_default();
            canvas.frame.resize(height, width)?;
            canvas.frame.data_mut().fill(0.0);
        }
        for (index, rect) in plan.rects().enumerate() {
            cancel::check()?;
            let whole = plan.is_whole();
            let window = view.frames(device, (!whole).then_some(rect))?;
            let state = match states.next() {
                Some(state) => state,
                None => {
                    let (_, _, height, width) = window.size4()?;
                    network.initial_state(1, height, width)?
                }
            };
            let (picture, state) = network.step(&window, state)?;
            if !self.put(&picture, (plan, index), view, canvas)? {
                return Ok(false);
            }
            // A network may hand out its input, or keep its output.
            let is = |other: &Tensor| other.data_ptr() == picture.data_ptr();
            if !(is(&window) || state.iter().any(|(_, kept)| is(kept))) {
                spare::give_back(picture);
            }
            next.push(state);
        }
        self.states = next;
        self.steps += 1;
        Ok(true)
    }

    /// Draws what the network has made of the whole frame or of tile `index`, and says whether all of
    /// it is finite. Tiles are put together in a frame first; a picture is drawn with the last one.
    fn put(
        &mut self,
        sharp: &Tensor,
        (plan, index): (&TilePlan, usize),
        view: &View,
        canvas: &mut Canvas,
    ) -> Result<bool> {
        let picture = view.picture.as_ref();
        if plan.is_whole() {
            return match picture {
                Some((blurred, original)) => canvas.draw(original, blurred, sharp),
                None => to_frame(sharp, &mut canvas.frame),
            };
        }
        let mut is_finite = to_frame(sharp, &mut self.tile)?;
        if !is_finite {
            return Ok(false);
        }
        plan.blend(index, &self.tile, &mut canvas.frame);
        if let Some((blurred, original)) = picture.filter(|_| index + 1 == plan.len()) {
            let sharp = to_tensor(&canvas.frame, Device::Cpu)?;
            is_finite = canvas.draw(original, blurred, &sharp)?;
            spare::give_back(sharp);
        }
        Ok(is_finite)
    }

    /// Now and then, forgets states that are not finite or out of bounds.
    fn watch(&mut self, told: &mut Told) -> Result<()> {
        if !self.steps.is_multiple_of(WATCH_EVERY) {
            return Ok(());
        }
        // A NaN is not smaller than anything.
        let is_healthy = self.largest_state()? <= LARGEST_STATE;
        if !is_healthy {
            self.states.clear();
            told.notes.push(StepNote::Diverged);
        }
        Ok(())
    }

    fn check_size(&mut self, size: Option<(usize, usize)>) -> Result<()> {
        let Some(size) = size else { return Ok(()) };
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
