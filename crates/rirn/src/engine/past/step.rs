// SPDX-License-Identifier: MIT OR Apache-2.0
//! The steps of a network with what [`Past`] remembers, tile by tile, and a watch over its states.

use super::Past;
use crate::cancel;
use crate::engine::cpu;
use crate::engine::notes::{StepNote, Told};
use crate::engine::pictures::canvas::Canvas;
use crate::engine::shared::Core;
use crate::engine::tensors::{to_frame, to_tensor};
use crate::engine::tiles::TilePlan;
use crate::engine::window::View;
use crate::error::{Error, Result, caught};
use crate::networks::Network;
use crate::ops::spare;
use std::mem;
use std::sync::{Arc, PoisonError};
use tch::{Device, Kind, Tensor};

/// The states are looked at every so many frames: nothing bounds them, and an IRM with a gain
/// above 1 grows without end in hours of live video.
const WATCH_EVERY: u64 = 8;

/// Largest magnitude of a healthy state; shipped weights stay below 40.
const LARGEST_STATE: f64 = 1e4;

impl Past {
    /// One step with these tiles, and another in float32 where half precision was not enough. Says
    /// whether all values are finite; else, and after an error, no state is left.
    pub(super) fn attempt(
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
    pub(super) fn adopt(&mut self, kind: Kind, plan: &Arc<TilePlan>, told: &mut Told) {
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
            // A network may hand out its input, or keep its output or a part of it.
            let is_kept = |other: &Tensor| spare::share_memory(other, &picture);
            if !(is_kept(&window) || state.iter().any(|(_, kept)| is_kept(kept))) {
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
    pub(super) fn watch(&mut self, told: &mut Told) -> Result<()> {
        if !self.steps.is_multiple_of(WATCH_EVERY) {
            return Ok(());
        }
        if !is_healthy(caught(|| self.largest_state()))? {
            self.states.clear();
            told.notes.push(StepNote::Diverged);
        }
        Ok(())
    }
}

/// Whether states with such a largest magnitude are to be kept. Where memory runs out while it is looked
/// for, the next look will tell: the frame has been deblurred, and must not be lost for that.
fn is_healthy(largest: Result<f64>) -> Result<bool> {
    match largest {
        Err(Error::OutOfMemory(_)) => Ok(true),
        // A NaN is not smaller than anything.
        other => Ok(other? <= LARGEST_STATE),
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_STATE, is_healthy};
    use crate::error::Error;

    #[test]
    fn memory_that_runs_out_while_states_are_watched_costs_neither_frame_nor_past() {
        let judged = |largest| is_healthy(largest).ok();
        assert_eq!(judged(Ok(40.0)), Some(true));
        assert_eq!(judged(Ok(2.0 * LARGEST_STATE)), Some(false));
        assert_eq!(judged(Ok(f64::NAN)), Some(false));
        assert_eq!(judged(Err(Error::OutOfMemory("no".into()))), Some(true));
        assert_eq!(judged(Err(Error::Torch("another".into()))), None);
    }
}
