// SPDX-License-Identifier: MIT OR Apache-2.0
//! The golden files on a GPU.

use crate::file::{Golden, largest_difference};
use rirn::engine::{DeviceChoice, EngineConfig, placement};
use rirn::networks::{Network, Rirn, State};
use tch::{Device, Kind, Tensor};

/// Largest difference that counts as equal on CUDA in float32.
const TOLERANCE: f64 = 1e-3;

/// The device; before any other call of LibTorch, which looks for CUDA only once.
fn device() -> Device {
    let config = EngineConfig {
        device: DeviceChoice::Cuda(0),
        ..EngineConfig::default()
    };
    placement(&config).expect("a GPU").0
}

/// Runs all frames and gives the largest difference of outputs to the oracle.
fn run(golden: &Golden, network: &Rirn, device: Device) -> f64 {
    let zeros = golden.initial_state(network);
    let there = |(name, tensor): (&'static str, &Tensor)| (name, tensor.to_device(device));
    let mut state = State::new(zeros.iter().map(there).collect());
    let mut largest: f64 = 0.0;
    for t in 0..golden.frames() {
        let window = golden.window(t, network).to_device(device);
        let (out, next) = network.step(&window, state).expect("a step");
        let out = out.to_device(Device::Cpu);
        largest = largest.max(largest_difference(&out, &golden.frame("out", t)));
        state = next;
    }
    largest
}

#[test]
#[ignore = "needs CUDA"]
fn every_golden_network_runs_on_cuda() {
    let device = device();
    let _no_grad = tch::no_grad_guard();
    for golden in Golden::all() {
        let difference = run(&golden, &golden.network_on(Kind::Float, device), device);
        println!("{}: {difference:e}", golden.name);
        assert!(difference <= TOLERANCE, "{}: {difference:e}", golden.name);
    }
}
