// SPDX-License-Identifier: MIT OR Apache-2.0
//! The estimate of memory against what the process really takes. The only test of its binary:
//! another one beside it would be counted too.
#![cfg(target_os = "linux")]

use rirn::engine::{DeviceChoice, Precision, Tiles};
use rirn::layers::Source;
use rirn::networks::{Rirn, Spec};
use rirn::testing::Numbers;
use rirn::weights::Weights;
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use tch::Tensor;

/// Small seeded weights: the values do not matter, only that states stay bounded.
struct Seeded(Numbers);

impl Source for Seeded {
    fn tensor(&mut self, _name: &str, shape: &[i64]) -> rirn::Result<Tensor> {
        let count = shape.iter().product::<i64>();
        let values: Vec<f32> = (0..count).map(|_| 0.02 * (self.0.unit() - 0.5)).collect();
        Ok(Tensor::from_slice(&values).view(shape))
    }
}

/// A line of the process's status, in bytes.
fn status(key: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("a status");
    let line = text.lines().find(|line| line.starts_with(key));
    let words = line.expect("a line").split_whitespace();
    words
        .rev()
        .nth(1)
        .expect("a number")
        .parse::<u64>()
        .expect("a number")
        << 10
}

fn engine(network: &str, tile: usize) -> Engine {
    let config = EngineConfig {
        device: DeviceChoice::Cpu,
        precision: Precision::Float32,
        tiles: Tiles {
            size: tile,
            ..Tiles::default()
        },
        ..EngineConfig::default()
    };
    let opened = if network == "lite" {
        Engine::open(Weights::built_in("lite").expect("built in"), &config)
    } else {
        let spec: Spec = network.parse().expect("a network");
        Engine::with_network(&config, move || {
            Ok(Box::new(Rirn::build(&spec, &mut Seeded(Numbers::new(3)))?))
        })
    };
    opened.expect("it opens")
}

/// Where a child writes what it has found, and what it shall measure: file, network, height,
/// width, tile.
const TASK: &str = "RIRN_TEST_MEASURE";

/// Bytes that a few frames take at the most, and the estimate.
fn measure(network: &str, (height, width): (usize, usize), tile: usize) -> (u64, u64) {
    let never = Interrupt::new();
    let frame = |height, width| {
        let frame = Frame::from_data(height, width, vec![0.5; height * width * 3]);
        frame.expect("it fits")
    };
    // LibTorch itself, its threads and its tables.
    let mut small = Deblurrer::new(Arc::new(engine("lite", 0)));
    let first = small.push(Arc::new(frame(64, 64)), &never);
    first.expect("a step");
    let (blurred, spare) = (Arc::new(frame(height, width)), frame(height, width));
    let before = status("VmRSS:");
    let mut deblurrer = Deblurrer::new(Arc::new(engine(network, tile)));
    deblurrer.recycle(spare);
    for _ in 0..2 + deblurrer.delay() {
        let output = deblurrer.push(Arc::clone(&blurred), &never);
        if let Some(sharp) = output.expect("a step").and_then(|output| output.sharp) {
            deblurrer.recycle(sharp);
        }
    }
    (status("VmHWM:") - before, deblurrer.memory_bytes())
}

/// The same in a process of its own, because memory that was freed is used again.
fn measure_apart(network: &str, size: (usize, usize), tile: usize) -> (u64, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("found");
    let task = format!("{} {network} {} {} {tile}", file.display(), size.0, size.1);
    let child = Command::new(std::env::current_exe().expect("this test"))
        .env(TASK, task)
        .output();
    assert!(child.expect("a process").status.success());
    let found = fs::read_to_string(file).expect("a result");
    let (taken, estimate) = found.split_once(' ').expect("two numbers");
    let number = |text: &str| text.parse().expect("a number");
    (number(taken), number(estimate))
}

/// What a child does.
fn carry_out(task: &str) {
    let words: Vec<_> = task.split(' ').collect();
    let number = |index: usize| words[index].parse().expect("a number");
    let (taken, estimate) = measure(words[1], (number(2), number(3)), number(4));
    fs::write(words[0], format!("{taken} {estimate}")).expect("a result");
}

#[test]
fn the_estimate_is_close_to_what_the_process_takes() {
    if let Ok(task) = std::env::var(TASK) {
        return carry_out(&task);
    }
    for (network, size, tile) in [
        ("lite", (360, 640), 0),
        ("lite", (720, 1280), 0),
        ("lite", (720, 1280), 256),
        ("ifi-irm-atb", (360, 640), 0),
        ("ifi-irm-atb", (540, 960), 0),
        ("ifi-irm-atb", (540, 960), 256),
    ] {
        let (taken, estimate) = measure_apart(network, size, tile);
        let ratio = estimate as f64 / taken as f64;
        let (taken, estimate) = (taken >> 20, estimate >> 20);
        // Rather too much than too little, but not twice as much.
        assert!(
            (0.8..1.7).contains(&ratio),
            "{network} {size:?} in {tile}: {taken} MiB were taken, {estimate} were estimated"
        );
    }
}
