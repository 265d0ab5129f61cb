// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Rirn`]: what all baselines share around their cell step.
//!
//! Choice: values are centred at 0.5 (the public ESTRNN and IFI-RNN centre their input), which
//! makes zero padding mean grey; odd sizes are padded right and bottom by repetition and cropped
//! back; states begin as zeros; `skip` adds the input frame to the output.

use super::registry::{self, Row};
use super::{
    Baseline, BaselineShape, Cell, Demand, Network, Profile, SlotKind, Slots, Spec, State,
    StateProfile,
};
use crate::error::{Error, Result};
use crate::layers::{Builder, LayerRow, Source};
use crate::ops;
use crate::ops::seen::Seen;
use crate::ops::spare;
use tch::{Device, Kind, Tensor};

/// Frames are padded to a multiple of this in both directions, for every cell.
const MULTIPLE: i64 = 4;

/// So many times what goes into and comes out of the widest layer is in memory at once: its own
/// rearranged copies, and the maps that wait beside it. Measured (`docs/STRUCTURE.md`), and rather
/// too much than too little.
const AT_ONCE: f64 = 2.5;

/// A network of the paper: baseline, two slots, and the frame around them.
pub struct Rirn {
    spec: Spec,
    shape: BaselineShape,
    baseline: Box<dyn Baseline>,
    slots: Slots,
    rows: Vec<LayerRow>,
    placement: (Kind, Device),
}

impl Rirn {
    /// The network of `spec` with the tensors that `source` gives; it computes where and in the
    /// kind in which they are.
    ///
    /// # Errors
    /// [`Error::UnknownNetwork`], or what the source reports.
    pub fn build(spec: &Spec, source: &mut dyn Source) -> Result<Self> {
        let Row { shape, build, .. } = registry::row(spec.cell)?;
        let shape = shape(spec);
        let mut probe = Probe {
            source,
            placement: (Kind::Float, Device::Cpu),
        };
        let mut builder = Builder::new(&mut probe);
        let baseline = build(&mut builder, spec)?;
        let slots = Slots::new(builder.at(shape.divisor), spec, shape.hidden, shape.feature)?;
        let rows = builder.into_rows();
        Ok(Self {
            spec: *spec,
            shape,
            baseline,
            slots,
            rows,
            placement: probe.placement,
        })
    }

    /// What the network is.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// All convolutions.
    #[must_use]
    pub fn rows(&self) -> &[LayerRow] {
        &self.rows
    }

    /// Number of weights and biases.
    #[must_use]
    pub fn parameters(&self) -> i64 {
        self.rows.iter().map(LayerRow::parameters).sum()
    }

    /// Multiply-adds of one step on a frame of `height` × `width` pixels: convolutions only,
    /// padding included, biases and element-wise work not; a transposed convolution counts one
    /// for each input pixel, tap and pair of channels.
    #[must_use]
    pub fn multiply_adds(&self, height: i64, width: i64) -> i64 {
        let (height, width) = (padded(height), padded(width));
        self.rows
            .iter()
            .map(|row| row.multiply_adds(height, width))
            .sum()
    }

    /// Whether own kernels compute encoder and decoder as one convolution each.
    fn folded(&self) -> (bool, bool) {
        match self.spec.cell {
            Cell::Ifi | Cell::Gru | Cell::Lstm => (true, true),
            Cell::Rdbn => (false, true),
            Cell::Strcnn => (false, false),
        }
    }

    /// Whether own kernels compute the layer together with its neighbours, but for narrow strips.
    fn is_folded(&self, row: &LayerRow) -> bool {
        let (encoder, decoder) = self.folded();
        encoder && row.name.starts_with("enc.") || decoder && row.name.starts_with("dec.")
    }

    /// The current frame of a window.
    fn current_frame(&self, x: &Tensor) -> Result<Tensor> {
        let first = 3 * i64::try_from(self.shape.look_behind).unwrap_or_default();
        Ok(x.f_narrow(1, first, 3)?)
    }

    /// Puts the new states into canonical order, without those that are not carried on.
    fn carried(&self, mut new: State) -> Result<State> {
        let profile = self.profile();
        let mut carried = Vec::with_capacity(profile.states.len());
        for state in &profile.states {
            carried.push((state.name, new.take(state.name)?));
        }
        Ok(State::new(carried))
    }
}

/// The next multiple of the padded size.
fn padded(side: i64) -> i64 {
    side + (-side).rem_euclid(MULTIPLE)
}

/// Passes a source through and remembers where its tensors are.
struct Probe<'s> {
    source: &'s mut dyn Source,
    placement: (Kind, Device),
}

impl Source for Probe<'_> {
    fn tensor(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        let tensor = self.source.tensor(name, shape)?;
        if tensor.defined() {
            self.placement = (tensor.f_kind()?, tensor.device());
        }
        Ok(tensor)
    }
}

impl Network for Rirn {
    fn label(&self) -> String {
        self.spec.to_string()
    }

    fn profile(&self) -> Profile {
        let state = |name, channels| StateProfile {
            name,
            channels,
            divisor: self.shape.divisor,
        };
        let mut states = vec![state("h", self.shape.hidden)];
        if self.shape.memory_cell {
            states.push(state("c", self.shape.hidden));
        }
        if self.spec.feature != SlotKind::None {
            states.push(state("f", self.shape.feature));
        }
        Profile {
            look_behind: self.shape.look_behind,
            look_ahead: self.shape.look_ahead,
            states,
        }
    }

    fn initial_state(&self, batch: i64, height: i64, width: i64) -> Result<State> {
        let size = [batch, padded(height), padded(width)];
        State::zeros(&self.profile().states, size, self.placement)
    }

    fn step(&self, window: &Tensor, state: State) -> Result<(Tensor, State)> {
        let (_, channels, height, width) = window.size4()?;
        let frames = i64::try_from(self.profile().window()).unwrap_or_default();
        if channels != 3 * frames {
            return Err(Error::Shape(format!(
                "network \"{}\" takes {frames} frames of 3 channels, not {channels} channels",
                self.spec
            )));
        }
        let padded = ops::pad_to_multiple(window, MULTIPLE)?;
        // The frame itself stays in its own kind: half precision is good to 55 dB only, a
        // correction in half precision added to an exact frame to 60 (docs/NETWORKS.md).
        let (kind, _) = self.placement;
        let under = self.spec.skip.then(|| self.current_frame(&padded));
        let seen = Seen::new(&padded, kind, under.transpose()?);
        let (out, new) = self.baseline.step(&seen, &state, &self.slots)?;
        state.give_back(&new);
        drop(seen);
        if padded.size() != window.size() {
            spare::give_back(padded);
        }
        let out = out.f_narrow(2, 0, height)?.f_narrow(3, 0, width)?;
        Ok((out, self.carried(new)?))
    }

    fn placement(&self) -> (Kind, Device) {
        self.placement
    }

    fn demand(&self) -> Demand {
        let widest = self.rows.iter().map(LayerRow::values_at_once);
        let alone = self.rows.iter().filter(|row| !self.is_folded(row));
        let own_widest = alone.map(LayerRow::own_values_at_once);
        Demand {
            weights: self.parameters().unsigned_abs(),
            packed: self.rows.iter().map(LayerRow::packed).sum(),
            scratch: AT_ONCE * widest.fold(0.0, f64::max),
            own_scratch: AT_ONCE * own_widest.fold(0.0, f64::max),
            own_in_place: self.folded() == (true, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, Rirn};
    use crate::error::Result;
    use crate::layers::Source;
    use crate::networks::{Cell, SlotKind, Spec};
    use crate::ops::{is_channels_last, zeros};
    use tch::{Device, Kind, Tensor};

    struct Ones(Kind);

    impl Source for Ones {
        fn tensor(&mut self, _name: &str, shape: &[i64]) -> Result<Tensor> {
            let small = Tensor::f_full(shape, 1e-3, (self.0, Device::Cpu))?;
            Ok(small)
        }
    }

    fn step(kind: Kind) -> (Tensor, crate::networks::State) {
        let mut spec: Spec = "ifi-irm-atb".parse().expect("a network");
        (spec.base, spec.blocks) = (4, 1);
        let network = Rirn::build(&spec, &mut Ones(kind)).expect("ifi is built in");
        // An odd size: padding and cropping must keep the memory order too.
        let frame = zeros([1, 3, 23, 18], Kind::Float, Device::Cpu).expect("zeros");
        let state = network.initial_state(1, 23, 18).expect("zeros");
        network.step(&frame, state).expect("a step")
    }

    #[test]
    fn a_step_on_no_picture_at_all_reads_none() {
        for cell in Cell::ALL {
            let mut spec = Spec::paper(cell, SlotKind::Irm, SlotKind::Atb);
            (spec.base, spec.blocks) = (4, 1);
            let network = Rirn::build(&spec, &mut Ones(Kind::Float)).expect("it builds");
            let channels = 3 * network.profile().window() as i64;
            for size in [[24, 20], [23, 18]] {
                let window = zeros([0, channels, size[0], size[1]], Kind::Float, Device::Cpu);
                let state = network.initial_state(0, size[0], size[1]);
                let done = network.step(&window.expect("empty"), state.expect("empty"));
                // Nothing out of nothing, or refused.
                if let Ok((sharp, _)) = done {
                    assert_eq!(sharp.size(), [0, 3, size[0], size[1]]);
                }
            }
        }
    }

    #[test]
    fn one_planar_map_would_cost_a_copy_so_all_states_stay_channels_last() {
        let (_, state) = step(Kind::Float);
        assert_eq!(
            state.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["h", "f"]
        );
        for (name, tensor) in state.iter() {
            assert!(is_channels_last(tensor), "{name}");
        }
    }

    #[test]
    fn the_frame_stays_float32_around_a_network_in_half_precision() {
        let (sharp, state) = step(Kind::BFloat16);
        assert_eq!(sharp.kind(), Kind::Float);
        assert!(
            state
                .iter()
                .all(|(_, tensor)| tensor.kind() == Kind::BFloat16)
        );
    }
}
