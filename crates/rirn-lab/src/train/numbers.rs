// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Numbers`]: what changes from step to step in the optimiser's arithmetic, on the device, so that a
//! recording of it finds the new ones.

use super::TrainError;
use super::optimiser::BETAS;
use tch::{Device, Kind, Tensor};

/// One of them, by its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// Learning rate.
    Rate,
    /// What gradients are multiplied with, so that their norm is held.
    Held,
    /// Corrections of Adam's averages of gradients and of their squares, which began as zeros.
    First,
    Second,
    /// How far the average of the weights goes towards the new ones.
    Follow,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Numbers(Tensor);

impl Numbers {
    pub(super) fn new(device: Device) -> Result<Self, TrainError> {
        Ok(Self(Tensor::f_zeros([5], (Kind::Float, device))?))
    }

    /// For the step of this number, from 1.
    pub(super) fn set(
        &self,
        count: u64,
        rate: f64,
        held: f64,
        follow: f64,
    ) -> Result<(), TrainError> {
        let correction = |beta: f64| 1.0 / (1.0 - beta.powf(count as f64));
        let all = [rate, held, correction(BETAS.0), correction(BETAS.1), follow];
        let new = Tensor::f_from_slice(&all.map(|number| number as f32))?;
        self.0.shallow_clone().f_copy_(&new)?;
        Ok(())
    }

    /// One value, without dimensions.
    pub(super) fn get(&self, number: Number) -> Result<Tensor, TrainError> {
        Ok(self.0.f_get(number as i64)?)
    }
}
