// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tensors of a weights file as a [`Source`] for building its network.

use crate::error::{Error, Result};
use crate::layers::Source;
use crate::networks::expected_tensors;
use crate::weights::Weights;
use tch::{Device, Kind, Tensor};

/// A weights file whose tensors have been checked against its network.
pub(super) struct FromFile<'w> {
    weights: &'w Weights,
    device: Device,
    kind: Kind,
}

impl<'w> FromFile<'w> {
    /// Checks names, shapes and values of all tensors before one is made.
    pub(super) fn new(weights: &'w Weights, device: Device, kind: Kind) -> Result<Self> {
        weights.verify(&expected_tensors(weights.spec())?)?;
        Ok(Self {
            weights,
            device,
            kind,
        })
    }
}

impl Source for FromFile<'_> {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> Result<Tensor> {
        let (shape, values) = self
            .weights
            .tensor(name)
            .ok_or_else(|| Error::Shape(format!("tensor \"{name}\" was not checked")))?;
        let tensor = Tensor::f_from_slice(&values)?.f_view(shape)?;
        Ok(tensor.f_to_device(self.device)?.f_to_kind(self.kind)?)
    }
}
