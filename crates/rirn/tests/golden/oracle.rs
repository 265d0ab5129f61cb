// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outputs before the clamp and states after every frame equal the oracle's.

use crate::file::{Golden, largest_difference};
use rirn::networks::{Network, Rirn};
use tch::Kind;

/// Largest difference that counts as equal; a float32 run of the oracle differs by 2e-6.
const TOLERANCE: f64 = 2e-5;

/// The oracle's values are float64 rounded to float32: a float64 run differs by the rounding.
const ROUNDING: f64 = 5e-7;

/// Runs all frames and gives the largest difference to the oracle, of outputs and states.
pub(crate) fn run(golden: &Golden, network: &Rirn) -> f64 {
    let mut state = golden.initial_state(network);
    let mut largest: f64 = 0.0;
    for t in 0..golden.frames() {
        let (kind, _) = network.placement();
        let window = golden.window(t, network).to_kind(kind);
        let (out, next) = network.step(&window, state).expect("a step");
        largest = largest.max(largest_difference(&out, &golden.frame("out", t)));
        for (name, tensor) in next.iter() {
            let expected = golden.frame(&format!("states.{name}"), t);
            assert_eq!(
                tensor.size(),
                expected.size(),
                "{} state {name}",
                golden.name
            );
            largest = largest.max(largest_difference(tensor, &expected));
        }
        state = next;
    }
    largest
}

#[test]
fn every_golden_network_gives_the_frames_and_states_of_the_oracle() {
    let all = Golden::all();
    assert!(all.len() >= 16, "only {} golden files", all.len());
    for golden in all {
        let difference = run(&golden, &golden.network(Kind::Float));
        assert!(difference <= TOLERANCE, "{}: {difference:e}", golden.name);
    }
}

#[test]
fn every_tensor_of_a_golden_file_belongs_to_its_network() {
    for golden in Golden::all() {
        let expected = rirn::networks::expected_tensors(&golden.spec).expect("a known network");
        let mut expected: Vec<_> = expected.into_iter().map(|(name, _)| name).collect();
        expected.sort();
        let found: Vec<_> = golden
            .tensors
            .keys()
            .filter_map(|name| name.strip_prefix("w."))
            .collect();
        assert_eq!(expected, found, "{}", golden.name);
    }
}

#[test]
fn in_float64_only_the_rounding_of_the_golden_values_is_left() {
    for golden in Golden::all() {
        let difference = run(&golden, &golden.network(Kind::Double));
        assert!(difference <= ROUNDING, "{}: {difference:e}", golden.name);
    }
}

#[test]
fn a_clip_cut_anywhere_with_the_states_carried_gives_the_same_bits() {
    for golden in Golden::all() {
        let whole = golden.network(Kind::Float);
        let mut state = golden.initial_state(&whole);
        let mut carried = golden.initial_state(&whole);
        for t in 0..golden.frames() {
            // Another network of the same weights for every frame.
            let part = golden.network(Kind::Float);
            let window = golden.window(t, &whole);
            let (out, next) = whole.step(&window, state).expect("a step");
            let (same, next_carried) = part.step(&window, carried).expect("a step");
            assert_eq!(out, same, "{} frame {t}", golden.name);
            (state, carried) = (next, next_carried);
        }
    }
}
