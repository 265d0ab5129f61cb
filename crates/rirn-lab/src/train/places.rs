// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Places`]: tensors that stay where they are while their values change, for recordings.

use super::TrainError;
use rirn::networks::State;
use tch::{Device, Tensor};

/// Tensors where a recording finds them.
#[derive(Default)]
pub(super) struct Places(pub(super) Vec<Tensor>);

impl Places {
    /// Puts others in their place: on a GPU by copying, elsewhere nothing asks where they are.
    pub(super) fn put(&mut self, device: Device, new: Vec<Tensor>) -> Result<(), TrainError> {
        if !matches!(device, Device::Cuda(_)) {
            self.0 = new;
            return Ok(());
        }
        let sizes = |tensors: &[Tensor]| tensors.iter().map(Tensor::size).collect::<Vec<_>>();
        if sizes(&self.0) != sizes(&new) {
            let empty = new.iter().map(|tensor| Ok(tensor.f_empty_like()?));
            self.0 = empty.collect::<Result<_, TrainError>>()?;
        }
        for (place, new) in self.0.iter_mut().zip(&new) {
            place.f_copy_(new)?;
        }
        Ok(())
    }
}

/// Puts the values of `new` in the place of `state`.
pub(super) fn put_state(state: &mut State, device: Device, new: State) -> Result<(), TrainError> {
    let names: Vec<&str> = new.iter().map(|(name, _)| name).collect();
    let tensors = |state: &State| Places(state.iter().map(|(_, t)| t.shallow_clone()).collect());
    let mut places = tensors(state);
    places.put(device, tensors(&new).0)?;
    *state = State::new(names.into_iter().zip(places.0).collect());
    Ok(())
}
