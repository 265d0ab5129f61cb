// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing in a network is idle: every tensor, every state and both modules change the picture.

use crate::file::{Golden, folder, largest_difference};
use crate::oracle::run;
use rirn::networks::{Network, Rirn, SlotKind, State};
use tch::Kind;

#[test]
fn zeroing_any_tensor_changes_the_output() {
    for golden in Golden::all() {
        let names: Vec<_> = golden
            .tensors
            .keys()
            .filter(|name| name.starts_with("w."))
            .cloned()
            .collect();
        for name in names {
            let mut broken = Golden::read(&folder().join(format!("{}.safetensors", golden.name)));
            let zeros = broken.tensors[&name].zeros_like();
            broken.tensors.insert(name.clone(), zeros);
            let difference = run(&broken, &broken.network(Kind::Float));
            assert!(difference > 5e-4, "{} {name}: {difference:e}", golden.name);
        }
    }
}

/// Largest change of any output when `forget` changes the state before every step.
fn change_by(golden: &Golden, network: &Rirn, forget: impl Fn(State) -> State) -> f64 {
    let mut state = golden.initial_state(network);
    let mut largest: f64 = 0.0;
    for t in 0..golden.frames() {
        let window = golden.window(t, network);
        let (out, next) = network.step(&window, forget(state)).expect("a step");
        largest = largest.max(largest_difference(&out, &golden.frame("out", t)));
        state = next;
    }
    largest
}

#[test]
fn forgetting_any_state_changes_the_output() {
    for golden in Golden::all() {
        let network = golden.network(Kind::Float);
        for forgotten in network.profile().states {
            let change = change_by(&golden, &network, |state| {
                let tensors = state.iter().map(|(name, tensor)| {
                    let keep = name != forgotten.name;
                    (
                        name,
                        if keep {
                            tensor.shallow_clone()
                        } else {
                            tensor.zeros_like()
                        },
                    )
                });
                State::new(tensors.collect())
            });
            assert!(
                change > 2e-3,
                "{} {}: {change:e}",
                golden.name,
                forgotten.name
            );
        }
    }
}

#[test]
fn leaving_out_either_module_changes_the_output() {
    for golden in Golden::all() {
        let mut without = Vec::new();
        for (hidden, feature) in [
            (SlotKind::None, golden.spec.feature),
            (golden.spec.hidden, SlotKind::None),
        ] {
            let mut other = Golden::read(&folder().join(format!("{}.safetensors", golden.name)));
            (other.spec.hidden, other.spec.feature) = (hidden, feature);
            if other.spec != golden.spec {
                without.push(other);
            }
        }
        for other in without {
            let network = other.network(Kind::Float);
            let change = change_by(&other, &network, |state| state);
            assert!(
                change > 1e-2,
                "{} as {}: {change:e}",
                golden.name,
                other.spec
            );
        }
    }
}
