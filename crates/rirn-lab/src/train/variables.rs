// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Variables`]: the tensors of a network as float32 variables to train.
//!
//! The network itself is built from them by [`rirn`]'s own description, so training runs the step
//! that the element runs. For bfloat16 it is built anew in each step from variables cast to that
//! kind; gradients come back through the cast to the float32 ones.

use super::TrainError;
use crate::random::normals;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rirn::layers::{LayerKind, LayerRow, Outline, Source};
use rirn::networks::{Rirn, Spec};
use rirn::weights::{Weights, save};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Named float32 tensors in the network's order.
#[derive(Debug)]
pub struct Variables {
    spec: Spec,
    entries: Vec<(String, Tensor)>,
}

impl Variables {
    /// Initial values that keep signals at unit variance, and small at the output, so that with
    /// `skip` training begins near the identity with live features: normal, variance gain/fan-in.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub fn initial(spec: &Spec, seed: u64, device: Device) -> Result<Self, TrainError> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let rows = Rirn::build(spec, &mut Outline::default())?;
        let rows = rows.rows();
        let last = rows.iter().rposition(|row| row.name.starts_with("dec."));
        Self::collect(spec, device, |name, shape| {
            let (layer, part) = name.rsplit_once('.').unwrap_or((name, ""));
            let place = rows.iter().position(|row| row.name == layer);
            let deviation = match place {
                Some(place) if part == "weight" => {
                    let shrink = if Some(place) == last { 0.1 } else { 1.0 };
                    shrink * (gain(spec, place, &rows[place]) / fan_in(&rows[place])).sqrt()
                }
                _ => 0.0,
            };
            Ok(normals(&mut random, shape)?.f_mul_scalar(deviation)?)
        })
    }

    /// The values of a weights file.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn from_weights(weights: &Weights, device: Device) -> Result<Self, TrainError> {
        let expected = rirn::networks::expected_tensors(weights.spec())?;
        weights.verify(&expected).map_err(rirn::Error::from)?;
        Self::collect(weights.spec(), device, |name, shape| {
            let (_, values) = weights.tensor(name).unwrap_or_default();
            Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
        })
    }

    fn collect(
        spec: &Spec,
        device: Device,
        mut value: impl FnMut(&str, &[i64]) -> Result<Tensor, TrainError>,
    ) -> Result<Self, TrainError> {
        let mut entries = Vec::new();
        for (name, shape) in rirn::networks::expected_tensors(spec)? {
            let tensor = value(&name, &shape)?.f_to_device(device)?;
            entries.push((name, tensor));
        }
        Ok(Self {
            spec: *spec,
            entries,
        })
    }

    /// A copy that no gradient reaches.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub fn copy(&self) -> Result<Self, TrainError> {
        let copy = |(name, tensor): &(String, Tensor)| {
            let mut copy = tensor.f_detach()?.f_zeros_like()?;
            copy.f_copy_(&tensor.f_detach()?)?;
            Ok((name.clone(), copy))
        };
        Ok(Self {
            spec: self.spec,
            entries: self
                .entries
                .iter()
                .map(copy)
                .collect::<Result<_, TrainError>>()?,
        })
    }

    /// Takes the values of others of the same network.
    pub(super) fn set(&self, from: &Self) -> Result<(), TrainError> {
        for ((_, to), (_, from)) in self.entries.iter().zip(&from.entries) {
            to.f_detach()?.f_copy_(&from.f_detach()?)?;
        }
        Ok(())
    }

    /// The same values on `device`.
    pub(super) fn on(mut self, device: Device) -> Result<Self, TrainError> {
        for (_, tensor) in &mut self.entries {
            *tensor = tensor.f_to_device(device)?;
        }
        Ok(self)
    }

    /// In float64, so that differences of nearly equal values mean something, and with biases
    /// that keep ReLUs from standing at zero, where they have no derivative.
    #[cfg(test)]
    pub(super) fn widened(mut self, random: &mut ChaCha8Rng) -> Self {
        for (_, tensor) in &mut self.entries {
            let off = normals(random, &tensor.size()).expect("numbers");
            *tensor = tensor.to_kind(Kind::Double) + 0.03 * off;
        }
        self
    }

    /// Asks LibTorch to follow what is computed from them.
    pub(super) fn follow(&mut self) -> Result<(), TrainError> {
        for (_, tensor) in &mut self.entries {
            *tensor = tensor.f_set_requires_grad(true)?;
        }
        Ok(())
    }

    /// The network that computes with these values in `kind`.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub fn network(&self, kind: Kind) -> Result<Rirn, TrainError> {
        let mut source = Cast {
            entries: self.entries.iter(),
            kind,
        };
        Ok(Rirn::build(&self.spec, &mut source)?)
    }

    /// What network they are of.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Names and tensors in the network's order.
    pub fn entries(&self) -> &[(String, Tensor)] {
        &self.entries
    }

    /// Writes a weights file, in place of an older one only when it is whole.
    ///
    /// # Errors
    /// [`TrainError::Save`] names the file.
    pub fn save(&self, path: &Path, notes: &BTreeMap<String, String>) -> Result<(), TrainError> {
        let tensors = self
            .entries
            .iter()
            .map(|(name, tensor)| Ok((name.clone(), tensor.size(), values(tensor)?)));
        let tensors: Vec<_> = tensors.collect::<Result<_, TrainError>>()?;
        save(path, &self.spec, notes, &tensors).map_err(|error| TrainError::save(path, error))
    }
}

/// The values of a tensor, row by row.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>, TrainError> {
    let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?;
    let flat = flat.f_to_kind(Kind::Float)?.f_contiguous()?;
    let mut values = vec![0.0; flat.numel()];
    let count = values.len();
    flat.f_copy_data(&mut values, count)?;
    Ok(values)
}

/// Hands the variables out in the order in which a network asks for them.
struct Cast<'v> {
    entries: std::slice::Iter<'v, (String, Tensor)>,
    kind: Kind,
}

impl Source for Cast<'_> {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> rirn::Result<Tensor> {
        match self.entries.next() {
            Some((found, tensor)) if found == name => {
                let tensor = tensor.f_to_kind(self.kind)?;
                // The order in which cuDNN wants weights for maps in channels-last memory; it would
                // make this copy anew for each frame.
                match (tensor.device(), tensor.dim()) {
                    (Device::Cuda(_), 4) => Ok(channels_last(&tensor)?),
                    _ => Ok(tensor),
                }
            }
            _ => Err(rirn::Error::Shape(format!(
                "there is no variable \"{name}\""
            ))),
        }
    }
}

/// The same values with the channels side by side.
fn channels_last(weight: &Tensor) -> Result<Tensor, tch::TchError> {
    let rows = weight.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    rows.f_permute([0, 3, 1, 2])
}

/// Values that one output of a layer is summed from.
fn fan_in(row: &LayerRow) -> f64 {
    let taps = (row.kernel * row.kernel) as f64;
    let reached = match row.kind {
        LayerKind::Conv => taps,
        // Each output pixel is reached by a quarter of the taps.
        LayerKind::ConvTranspose => taps / 4.0,
    };
    row.input as f64 * reached
}

/// Variance of a layer's output over that of its input at the beginning.
fn gain(spec: &Spec, place: usize, row: &LayerRow) -> f64 {
    let name = row.name.as_str();
    let ends = |suffix| name.ends_with(suffix);
    if place == 0 {
        // Centred pictures have a standard deviation near 0.25.
        8.0
    } else if name.contains(".irm.conv") && !ends("conv3") {
        if spec.irm_relu { 2.0 } else { 1.0 }
    } else if ends(".conv0") || ends(".cur.conv") || ends(".prev.conv") {
        // Before a ReLU, which halves the variance.
        2.0
    } else if ends(".conv1") || ends(".fuse") {
        // Residual branches begin small, else a stack of them multiplies the variance.
        0.1
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::tests::picture;
    use rirn::networks::{Cell, Network, SlotKind};

    /// Runs a new network over four frames: how far the output is from the picture, and how far each state spreads.
    fn started(spec: &Spec, seed: u64) -> (f64, BTreeMap<String, f64>) {
        let variables = Variables::initial(spec, seed, Device::Cpu).expect("variables");
        let network = variables.network(Kind::Float).expect("a network");
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let frames = network.profile().window() as i64;
        let middle = 3 * network.profile().look_behind as i64;
        let mut state = network.initial_state(1, 32, 32).expect("zeros");
        let mut change = 0.0;
        for _ in 0..4 {
            let window = picture(&mut random, &[1, 3 * frames, 32, 32]);
            let (output, next) = network.step(&window, state).expect("a step");
            state = next;
            let off = output - window.narrow(1, middle, 3);
            change = off.std(true).double_value(&[]);
        }
        let spread = |(name, tensor): (&str, &Tensor)| {
            let spread = tensor.std(true).double_value(&[]);
            (name.to_owned(), spread)
        };
        (change, state.iter().map(spread).collect())
    }

    #[test]
    fn the_start_of_a_run_with_skip_is_near_the_identity_and_alive() {
        tch::set_num_threads(1);
        for cell in Cell::ALL {
            let mut spec = Spec::paper(cell, SlotKind::Irm, SlotKind::Atb);
            (spec.base, spec.skip, spec.irm_relu) = (8, true, true);
            // So narrow a state spreads ten times as far from one seed as from another: the mean counts.
            let mut spreads = BTreeMap::<String, f64>::new();
            for seed in 0..8 {
                let (change, spread) = started(&spec, seed);
                assert!((1e-3..0.5).contains(&change), "{}: {change}", cell.word());
                for (name, spread) in spread {
                    *spreads.entry(name).or_default() += spread / 8.0;
                }
            }
            let alive = spreads.values().all(|spread| (0.05..4.0).contains(spread));
            assert!(alive, "{}: {spreads:?}", cell.word());
        }
    }
}
