// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Recorded`]: a frame's whole way on a GPU, from the bytes of its picture to those of the sharp one,
//! recorded once for a video and repeated with one call (a CUDA graph). For whole frames, in half
//! precision, of networks that see one frame at a time; all else takes the way of [`Past`].

use super::Past;
use crate::engine::bytes::Bytes;
use crate::engine::cpu;
use crate::engine::fit::Fit;
use crate::engine::notes::{StepNote, Told};
use crate::engine::pictures::canvas::Canvas;
use crate::engine::pictures::{PackedPicture, Staged, is_by_tensors};
use crate::engine::shared::{Core, SharedNetwork};
use crate::engine::tensors::side;
use crate::error::{Error, Result, caught};
use crate::networks::State;
use crate::ops::picture::{self, Planes};
use crate::ops::replay::{self, Repeated};
use crate::pixel::{Mix, Shape};
use std::cell::Cell;
use std::mem;
use std::sync::{Arc, PoisonError};
use tch::{Device, Kind, Tensor};

/// What a recording is of.
#[derive(PartialEq)]
struct Key {
    shape: Shape,
    mix: Mix,
    kind: Kind,
}

/// The recording of a video, if there is one.
#[derive(Default)]
pub(in crate::engine) struct Recorded {
    parts: Option<Parts>,
    /// There was no room for it.
    given_up: bool,
}

/// A recording, and the tensors that it reads and writes.
struct Parts {
    key: Key,
    network: SharedNetwork,
    /// The bytes of the picture.
    input: Tensor,
    state: State,
    /// The bytes of the sharp picture, and one that says whether all is finite.
    drawn: Tensor,
    work: Repeated<()>,
}

impl Past {
    /// Whether a picture can be deblurred by the recording of its video.
    pub(super) fn is_recorded(&self, core: &Core, fit: &Fit, recorded: &Recorded) -> bool {
        let whole = fit.plan().is_whole() && !fit.is_exhausted();
        whole && self.window.is_single() && recorded.takes(core)
    }

    /// Deblurs a picture by the recording of its video, and says whether a picture has come of it.
    /// Nothing where it has to take the other way: with a network in float32 where half precision was
    /// not enough, without a recording or with smaller tiles where memory was not.
    pub(super) fn repeat(
        &mut self,
        core: &Core,
        fit: &mut Fit,
        staged: &Staged,
        canvas: &mut Canvas,
        recorded: &mut Recorded,
    ) -> Result<Option<(bool, Told)>> {
        let mut told = mem::take(&mut self.told);
        if self.fresh {
            self.states.clear();
        }
        let kind = core.kind();
        self.adopt(kind, fit.plan(), &mut told);
        cpu::prepare(kind, (kind, core.device()));
        let (bytes, remembers) = (canvas.bytes.take(), !self.states.is_empty());
        let step = caught(|| recorded.step(core, (staged, canvas.mix), &mut self.states, bytes));
        let is_finite = match step {
            Ok(Some(picture)) => {
                canvas.picture = Some(picture);
                self.steps += 1;
                self.watch(&mut told)?;
                true
            }
            Ok(None) => match caught(|| core.widen()) {
                Ok(true) => return self.other_way(told),
                Ok(false) => {
                    told.notes.push(StepNote::NotFinite);
                    false
                }
                Err(Error::OutOfMemory(report)) => {
                    recorded.give_up(core.device());
                    fit.step_down(&mut told, report);
                    return self.other_way(told);
                }
                Err(error) => return Err(error),
            },
            Err(Error::OutOfMemory(report)) => {
                recorded.give_up(core.device());
                // With the states the other way goes on as if nothing had been.
                if remembers && self.states.is_empty() {
                    fit.step_down(&mut told, report);
                }
                return self.other_way(told);
            }
            Err(error) => return Err(error),
        };
        self.fresh = false;
        Ok(Some((is_finite, told)))
    }

    /// The same picture is to take the other way, where this is told.
    fn other_way<T>(&mut self, told: Told) -> Result<Option<T>> {
        self.told = told;
        Ok(None)
    }
}

impl Recorded {
    /// Whether frames that come as pictures can take this way with the network as it is now.
    pub(super) fn takes(&self, core: &Core) -> bool {
        let device = core.device();
        let is_half = matches!(core.kind(), Kind::Half | Kind::BFloat16);
        let refused = |parts: &Parts| parts.work.refused().is_some();
        let can_be = !self.given_up && !self.parts.as_ref().is_some_and(refused);
        is_half && can_be && is_by_tensors(device) && replay::is_wanted(device)
    }

    /// Makes frames take the other way from now on, and frees what there is.
    pub(super) fn give_up(&mut self, device: Device) {
        self.parts = None;
        self.given_up = true;
        replay::stop_sharing(device);
    }

    /// The sharp picture, after the states in `states`, which are followed by the new ones; nothing where
    /// not all of it is finite. `bytes` is used memory for the answer.
    ///
    /// # Errors
    /// What the step reports; `states` is as it was then, or empty.
    pub(super) fn step(
        &mut self,
        core: &Core,
        (staged, mix): (&Staged, Mix),
        states: &mut Vec<State>,
        bytes: Option<Bytes>,
    ) -> Result<Option<PackedPicture>> {
        let shape = staged.shape();
        let bytes = Bytes::used_or_new(bytes, shape.bytes() + 1)?;
        let mut bytes = bytes.suited(core.device());
        let parts = self.parts(core, shape, mix)?;
        parts.begin(staged, states.first())?;
        // The new states take the place of those before. A recording does not tell when.
        let is_used_up = Cell::new(parts.work.is_recorded());
        let work = || {
            is_used_up.set(false);
            let network = parts.network.lock().unwrap_or_else(PoisonError::into_inner);
            let planes = Planes::new(shape, &parts.input)?;
            let frame = picture::unpack(&planes)?;
            let (sharp, after) = network.step(&frame, parts.state.shallow_clone())?;
            let drawn = picture::pack(&planes, &frame, &sharp, &mix)?;
            parts.drawn.shallow_clone().f_copy_(&drawn)?;
            is_used_up.set(true);
            copy_state(&parts.state, &after)
        };
        let done = caught(|| parts.work.run_sharing(core.device(), work));
        if done.is_ok() || is_used_up.get() {
            states.clear();
        }
        done?;
        bytes.fill(&parts.drawn)?;
        if bytes.as_slice().last() != Some(&1) {
            return Ok(None);
        }
        states.push(parts.state.shallow_clone());
        Ok(Some(PackedPicture::new(shape, bytes)))
    }

    /// Those for this network and such pictures.
    fn parts(&mut self, core: &Core, shape: Shape, mix: Mix) -> Result<&mut Parts> {
        let (kind, network) = core.current();
        let key = Key { shape, mix, kind };
        let fits = |parts: &Parts| parts.key == key && Arc::ptr_eq(&parts.network, &network);
        let parts = match self.parts.take().filter(fits) {
            Some(parts) => parts,
            None => Parts::new(key, network, core.device())?,
        };
        Ok(self.parts.insert(parts))
    }
}

impl Parts {
    fn new(key: Key, network: SharedNetwork, device: Device) -> Result<Self> {
        let (height, width) = (side(key.shape.height)?, side(key.shape.width)?);
        let bytes = side(key.shape.bytes())?;
        let state = {
            let network = network.lock().unwrap_or_else(PoisonError::into_inner);
            network.initial_state(1, height, width)?
        };
        let options = (Kind::Uint8, device);
        Ok(Self {
            key,
            network,
            input: Tensor::f_empty([bytes], options)?,
            state,
            drawn: Tensor::f_empty([bytes + 1], options)?,
            work: Repeated::default(),
        })
    }

    /// Puts a picture and the states before it in their places.
    fn begin(&mut self, staged: &Staged, before: Option<&State>) -> Result<()> {
        staged.copy_to(&mut self.input)?;
        match before {
            Some(before) => copy_state(&self.state, before),
            None => self.state.iter().try_for_each(|(_, tensor)| {
                let _ = tensor.shallow_clone().f_zero_()?;
                Ok(())
            }),
        }
    }
}

/// Puts the values of one state in the place of another, where they are not there already.
fn copy_state(to: &State, from: &State) -> Result<()> {
    for (name, tensor) in to.iter() {
        let from = from.get(name)?;
        if from.data_ptr() != tensor.data_ptr() {
            tensor.shallow_clone().f_copy_(from)?;
        }
    }
    Ok(())
}
