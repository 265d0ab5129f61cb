// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is used again changes no value: an engine, which lends its networks the maps of the
//! step before, gives what the same networks give where every map is new.

use rirn::engine::{Interrupt, Tiles};
use rirn::layers::Source;
use rirn::networks::{Cell, Network, Profile, Rirn, SlotKind, Spec, State};
use rirn::testing::{Numbers, random_weights};
use rirn::{Deblurrer, Engine, EngineConfig, Frame};
use std::collections::HashMap;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const FRAMES: usize = 7;

struct Random(HashMap<String, Tensor>);

impl Source for Random {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> rirn::Result<Tensor> {
        Ok(self.0[name].shallow_clone())
    }
}

fn network(spec: &Spec) -> Rirn {
    let tensors = random_weights(spec, 11).expect("a known network");
    let tensors = tensors.into_iter().map(|(name, shape, values)| {
        let tensor = Tensor::from_slice(&values).view(&shape[..]);
        (name, tensor)
    });
    Rirn::build(spec, &mut Random(tensors.collect())).expect("it builds")
}

fn frames((height, width): (usize, usize)) -> Vec<Arc<Frame>> {
    let mut numbers = Numbers::new(3);
    let mut frame = || {
        let values = (0..height * width * 3).map(|_| numbers.unit()).collect();
        Arc::new(Frame::from_data(height, width, values).expect("the size fits"))
    };
    (0..FRAMES).map(|_| frame()).collect()
}

/// Step by step, every map new.
fn plain(network: &Rirn, frames: &[Arc<Frame>]) -> Vec<Vec<f32>> {
    let _no_grad = tch::no_grad_guard();
    let profile = network.profile();
    let [height, width] = [frames[0].height(), frames[0].width()].map(|side| side as i64);
    let tensor = |frame: &Frame| {
        let rows = Tensor::from_slice(frame.data()).view([1, height, width, 3]);
        rows.permute([0, 3, 1, 2])
    };
    let mut state = network.initial_state(1, height, width).expect("zeros");
    let mut all = Vec::new();
    for t in 0..frames.len() {
        let places = t..=t + profile.look_behind + profile.look_ahead;
        let seen = places.map(|place| place.saturating_sub(profile.look_behind));
        let seen: Vec<_> = seen.map(|at| tensor(&frames[at.min(FRAMES - 1)])).collect();
        let (sharp, next) = network.step(&Tensor::cat(&seen, 1), state).expect("a step");
        let rows = sharp.permute([0, 2, 3, 1]).contiguous().view([-1]);
        all.push(Vec::try_from(rows).expect("numbers"));
        state = next;
    }
    all
}

/// Through an engine.
fn lent(spec: Spec, frames: &[Arc<Frame>]) -> Vec<Vec<f32>> {
    let make = move || Ok(Box::new(network(&spec)) as Box<dyn Network>);
    let engine = Engine::with_network(&EngineConfig::default(), make).expect("an engine");
    let mut deblurrer = Deblurrer::new(Arc::new(engine));
    let never = Interrupt::new();
    let mut all = Vec::new();
    for frame in frames {
        all.extend(deblurrer.push(Arc::clone(frame), &never).expect("a step"));
    }
    while let Some(output) = deblurrer.drain(&never).expect("a step") {
        all.push(output);
    }
    let sharp = all
        .into_iter()
        .map(|output| output.sharp.expect("finite").into_data());
    sharp.collect()
}

#[test]
fn maps_that_are_used_again_change_nothing_in_any_network() {
    tch::set_num_threads(1);
    for cell in Cell::ALL {
        for (hidden, feature, blocks) in [
            (SlotKind::Irm, SlotKind::Atb, 2),
            (SlotKind::Atb, SlotKind::Irm, 2),
            (SlotKind::None, SlotKind::None, 0),
        ] {
            let mut spec = Spec::paper(cell, hidden, feature);
            spec.base = 8;
            spec.blocks = if cell == Cell::Rdbn { 2 } else { blocks };
            // Folded and not, even and odd.
            for size in [(40, 48), (37, 50), (12, 9)] {
                agrees(spec, &frames(size));
            }
        }
    }
}

fn agrees(spec: Spec, frames: &[Arc<Frame>]) {
    let expected = plain(&network(&spec), frames);
    let found = lent(spec, frames);
    assert_eq!(found.len(), FRAMES);
    for (t, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        let off = off.fold(0.0, f32::max);
        let size = (frames[0].height(), frames[0].width());
        assert!(off < 1e-6, "{spec} {size:?} frame {t}: {off}");
    }
}

/// A network that keeps parts of what it saw and what it gave, and looks whether they stay as they were.
struct Keeping(Rirn);

impl Keeping {
    /// All rows but the first, where they lie, and a copy of them.
    fn kept(name: [&'static str; 2], map: &Tensor) -> [(&'static str, Tensor); 2] {
        let rows = map.narrow(2, 1, map.size()[2] - 1);
        [(name[1], rows.copy()), (name[0], rows)]
    }
}

impl Network for Keeping {
    fn label(&self) -> String {
        self.0.label()
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn initial_state(&self, batch: i64, height: i64, width: i64) -> rirn::Result<State> {
        self.0.initial_state(batch, height, width)
    }

    fn step(&self, window: &Tensor, state: State) -> rirn::Result<(Tensor, State)> {
        for [kept, copy] in [["seen", "seen then"], ["given", "given then"]] {
            if let (Some(kept), Some(copy)) = (state.find(kept), state.find(copy)) {
                assert_eq!(kept, copy);
            }
        }
        let own = |state: &State| {
            let carried = state.iter().filter(|(name, _)| name.len() == 1);
            let carried = carried.map(|(name, tensor)| (name, tensor.shallow_clone()));
            carried.collect::<Vec<_>>()
        };
        let (sharp, new) = self.0.step(window, State::new(own(&state)))?;
        let mut all = own(&new);
        all.extend(Self::kept(["seen", "seen then"], window));
        all.extend(Self::kept(["given", "given then"], &sharp));
        Ok((sharp, State::new(all)))
    }

    fn placement(&self) -> (Kind, Device) {
        self.0.placement()
    }
}

#[test]
fn what_a_network_keeps_a_part_of_is_not_used_again() {
    let mut spec = Spec::paper(Cell::Ifi, SlotKind::Irm, SlotKind::Atb);
    (spec.base, spec.blocks) = (8, 2);
    let make = move || Ok(Box::new(Keeping(network(&spec))) as Box<dyn Network>);
    for tile in [0, 64] {
        let config = EngineConfig {
            tiles: Tiles {
                size: tile,
                ..Tiles::default()
            },
            ..EngineConfig::default()
        };
        let engine = Engine::with_network(&config, make).expect("an engine");
        let mut deblurrer = Deblurrer::new(Arc::new(engine));
        for frame in frames((40, 96)) {
            // A change would be a panic of the network.
            let output = deblurrer.push(frame, &Interrupt::new()).expect("a step");
            assert!(output.expect("no delay").sharp.is_some());
        }
    }
}
