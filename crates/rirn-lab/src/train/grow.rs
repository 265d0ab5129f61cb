// SPDX-License-Identifier: MIT OR Apache-2.0
//! A wider network that begins as a narrower, trained one: it computes the same function, and its
//! further channels are alive but unheard, so that training goes on from where the narrow one was
//! instead of from chance. Method: Chen, Goodfellow, Shlens, "Net2Net: Accelerating Learning via
//! Knowledge Transfer", ICLR 2016; there new channels are copies, here they have initial values
//! and nobody listens to them yet, which needs no noise to part the copies.
//!
//! All widths of a network are multiples of its base, and what is joined or split is joined and
//! split between such multiples. So one rule fits every axis: it consists of blocks of `base`
//! channels, and each block keeps its channels in front and gets its new ones behind. Only rdbn
//! has layers of one and a half times the base; there blocks are half as long.

use super::TrainError;
use super::variables::Variables;
use rirn::layers::{LayerKind, LayerRow, Outline};
use rirn::networks::{Cell, Rirn, Spec};
use rirn::weights::Weights;
use tch::{Device, Tensor};

/// Length of the blocks of an axis before and after.
#[derive(Clone, Copy)]
struct Blocks {
    old: i64,
    new: i64,
}

impl Blocks {
    /// # Errors
    /// Says why weights of `old` cannot begin a network of `new`.
    fn between(old: &Spec, new: &Spec) -> Result<Self, String> {
        let narrow = Spec {
            base: old.base,
            ..*new
        };
        if narrow != *old || old.base > new.base {
            return Err(format!("holds {old:?}, which {new:?} cannot begin with"));
        }
        let part = if new.cell == Cell::Rdbn { 2 } else { 1 };
        if old.base != new.base && !(old.base.is_multiple_of(part) && new.base.is_multiple_of(part))
        {
            return Err("rdbn grows only from an even base to an even base".to_owned());
        }
        Ok(Self {
            old: i64::from(old.base / part),
            new: i64::from(new.base / part),
        })
    }

    /// Where each channel of an axis of `old` channels stands on the axis of `new`.
    fn places(self, old: i64, new: i64) -> Vec<usize> {
        let place = |channel: i64| match old == new {
            true => channel,
            false => channel / self.old * self.new + channel % self.old,
        };
        (0..old).map(|channel| place(channel) as usize).collect()
    }
}

impl Variables {
    /// The network of `spec` that computes what the narrower one of `weights` does; equal to
    /// [`Self::from_weights`] where the widths are equal.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] if more than the base differs; what the file is refused for.
    pub fn grown(
        weights: &Weights,
        spec: &Spec,
        seed: u64,
        device: Device,
    ) -> Result<Self, TrainError> {
        let blocks = Blocks::between(weights.spec(), spec).map_err(|why| TrainError::Recipe {
            path: "network.start".to_owned(),
            why,
        })?;
        if weights.spec() == spec {
            return Self::from_weights(weights, device);
        }
        let narrow = Self::from_weights(weights, Device::Cpu)?;
        let outline = Rirn::build(spec, &mut Outline::default())?;
        let transposed = |name: &str| {
            let mut rows = outline.rows().iter();
            let is_it = |row: &&LayerRow| name.strip_suffix(".weight") == Some(&row.name);
            rows.find(is_it).map(|row| row.kind) == Some(LayerKind::ConvTranspose)
        };
        let wide = Self::initial(spec, seed, Device::Cpu)?;
        let pairs = narrow.entries().iter().zip(wide.entries());
        let mut tensors = pairs.map(|((name, old), (_, new))| {
            let (mut from, mut to) = (old.shallow_clone(), new.shallow_clone());
            if transposed(name) {
                // Weights of transposed layers begin with the input.
                (from, to) = (from.f_transpose(0, 1)?, to.f_transpose(0, 1)?);
            }
            set_in(&from, &to, blocks)?;
            Ok::<_, TrainError>(())
        });
        tensors.try_for_each(|done| done)?;
        wide.on(device)
    }
}

/// Writes `old`, `[out, in, …]` or `[out]`, into `new`: outputs that were there hear the inputs
/// that were there, and no others.
fn set_in(old: &Tensor, new: &Tensor, blocks: Blocks) -> Result<(), TrainError> {
    let rows = blocks.places(old.size()[0], new.size()[0]);
    let inputs = |tensor: &Tensor| tensor.size().get(1).copied().unwrap_or(1);
    let columns = blocks.places(inputs(old), inputs(new));
    for (row, place) in rows.iter().enumerate() {
        let (from, mut to) = (old.f_get(row as i64)?, new.f_get(*place as i64)?);
        if from.dim() == 0 {
            to.f_copy_(&from)?;
            continue;
        }
        let _ = to.f_zero_()?;
        for (column, place) in columns.iter().enumerate() {
            to.f_get(*place as i64)?
                .f_copy_(&from.f_get(column as i64)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::tests::picture;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rirn::networks::{Network, SlotKind};
    use std::collections::BTreeMap;
    use tch::Kind;

    #[test]
    fn a_grown_network_computes_what_the_narrow_one_did() {
        tch::set_num_threads(1);
        let folder = tempfile::tempdir().expect("a folder");
        for (cell, wide) in Cell::ALL.into_iter().zip([5, 3, 6, 7, 4]) {
            let mut spec = Spec::paper(cell, SlotKind::Irm, SlotKind::Atb);
            (spec.base, spec.blocks) = (2, 2);
            let narrow = Variables::initial(&spec, 1, Device::Cpu).expect("variables");
            let path = folder.path().join(cell.word());
            narrow.save(&path, &BTreeMap::new()).expect("a file");
            spec.base = wide;
            let weights = Weights::open(&path).expect("weights");
            let grown = Variables::grown(&weights, &spec, 3, Device::Cpu).expect("grown");
            let networks = [narrow, grown].map(|v| v.network(Kind::Float).expect("a network"));
            let mut states = networks.each_ref().map(|n| n.initial_state(1, 12, 20).ok());
            let mut random = ChaCha8Rng::seed_from_u64(2);
            let frames = networks[0].profile().window() as i64;
            for _ in 0..3 {
                let window = picture(&mut random, &[1, 3 * frames, 12, 20]);
                let outputs = [0, 1].map(|which: usize| {
                    let (output, next) = networks[which]
                        .step(&window, states[which].take().expect("states"))
                        .expect("a step");
                    states[which] = Some(next);
                    output
                });
                let [off, size] = [&(&outputs[0] - &outputs[1]), &(&outputs[0] - 0.5)]
                    .map(|t| t.abs().max().double_value(&[]));
                assert!(
                    off < 1e-5 * (1.0 + size) && size > 1e-3,
                    "{}: {off} of {size}",
                    cell.word()
                );
            }
            let [narrow, wide] = states.map(|state| state.expect("states"));
            for ((_, state), (_, wide)) in narrow.iter().zip(wide.iter()) {
                let loudest = wide.abs().amax([0, 2, 3], false);
                assert!(loudest.numel() > state.size()[1] as usize);
                assert!(
                    loudest.min().double_value(&[]) > 0.0,
                    "{}: a dead channel",
                    cell.word()
                );
            }
        }
    }

    #[test]
    fn what_a_network_cannot_begin_with_is_said() {
        let spec = |cell, base, blocks| Spec {
            base,
            blocks,
            ..Spec::paper(cell, SlotKind::Irm, SlotKind::Atb)
        };
        let cases = [
            (
                spec(Cell::Ifi, 8, 6),
                spec(Cell::Ifi, 7, 6),
                "cannot begin with",
            ),
            (
                spec(Cell::Ifi, 8, 6),
                spec(Cell::Ifi, 20, 5),
                "cannot begin with",
            ),
            (
                spec(Cell::Gru, 8, 0),
                spec(Cell::Lstm, 8, 0),
                "cannot begin with",
            ),
            (spec(Cell::Rdbn, 2, 2), spec(Cell::Rdbn, 3, 2), "even base"),
        ];
        for (old, new, expected) in cases {
            let why = Blocks::between(&old, &new).err().unwrap_or_default();
            assert!(why.contains(expected), "{old:?} to {new:?}: {why}");
        }
    }
}
