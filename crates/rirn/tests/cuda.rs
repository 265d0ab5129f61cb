// SPDX-License-Identifier: MIT OR Apache-2.0
//! Engines on a GPU. Each test wants the first call of LibTorch in the process to be an engine's.

use rirn::engine::{DeviceChoice, Interrupt, Precision, StepNote};
use rirn::networks::Spec;
use rirn::testing::random_weights;
use rirn::weights::{Weights, save};
use rirn::{Deblurrer, Engine, EngineConfig, Frame};
use std::collections::BTreeMap;
use std::sync::Arc;

const CUDA: DeviceChoice = DeviceChoice::Cuda(0);

/// Bytes of a weights file.
type File = Vec<u8>;

fn lite() -> File {
    rirn::weights::shipped("lite")
        .expect("lite is built in")
        .to_vec()
}

fn open(file: &File, device: DeviceChoice, precision: Precision) -> Deblurrer {
    let config = EngineConfig {
        device,
        precision,
        ..EngineConfig::default()
    };
    let weights = Weights::parse(file.clone()).expect("the weights are sound");
    let engine = Engine::open(weights, &config).expect("the engine opens");
    Deblurrer::new(Arc::new(engine))
}

/// Random weights of a network; they keep values near one.
fn random(spec: &str) -> File {
    let mut spec: Spec = spec.parse().expect("a network");
    spec.skip = true;
    let tensors = random_weights(&spec, 5).expect("the network is built in");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("random.safetensors");
    save(&file, &spec, &BTreeMap::new(), &tensors).expect("the file is written");
    std::fs::read(&file).expect("the file is there")
}

/// Seeded frames of smooth moving waves.
fn frames((height, width): (usize, usize), count: usize) -> Vec<Arc<Frame>> {
    let frame = |t: usize| {
        let values = (0..height * width * 3).map(|index| {
            let (pixel, channel) = (index / 3, index % 3);
            let (x, y) = ((pixel % width) as f32, (pixel / width) as f32);
            let phase = (x + (1.0 + channel as f32) * t as f32) / 5.0;
            0.5 + 0.4 * phase.sin() * (y / 7.0).cos()
        });
        let frame = Frame::from_data(height, width, values.collect());
        Arc::new(frame.expect("the size fits"))
    };
    (0..count).map(frame).collect()
}

fn run(mut deblurrer: Deblurrer, frames: &[Arc<Frame>]) -> Vec<Vec<f32>> {
    let never = Interrupt::new();
    let mut outputs = Vec::new();
    for frame in frames {
        outputs.extend(deblurrer.push(Arc::clone(frame), &never).expect("a step"));
    }
    while let Some(output) = deblurrer.drain(&never).expect("a step") {
        outputs.push(output);
    }
    let values = |output: rirn::engine::Output| output.sharp.expect("finite").into_data();
    outputs.into_iter().map(values).collect()
}

/// Peak signal-to-noise ratio of values in [0, 1], in dB.
fn psnr(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    -10.0 * (squares.sum::<f64>() / a.len() as f64).log10()
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
#[ignore = "needs CUDA"]
fn cuda_gives_what_the_cpu_gives() {
    // The large frames are computed by folded layers.
    let mut all = vec![
        ("lite", lite(), (181, 322), 10),
        ("lite, large", lite(), (1081, 1918), 2),
    ];
    for spec in [
        "ifi-irm-atb",
        "rdbn-irm-atb",
        "strcnn-irm-atb",
        "lstm-irm-atb",
        "gru-irm-atb",
    ] {
        all.push((spec, random(spec), (92, 130), 10));
    }
    for (name, weights, size, count) in all {
        let frames = frames(size, count);
        // CUDA first, see the head of the file.
        let exact = run(open(&weights, CUDA, Precision::Float32), &frames);
        let half = run(open(&weights, CUDA, Precision::Auto), &frames);
        let bfloat16 = run(open(&weights, CUDA, Precision::Bfloat16), &frames);
        let cpu = run(
            open(&weights, DeviceChoice::Cpu, Precision::Float32),
            &frames,
        );
        assert_eq!(cpu.len(), exact.len());
        for t in 0..frames.len() {
            let off = largest(&cpu[t], &exact[t]);
            let (half, bfloat16) = (psnr(&cpu[t], &half[t]), psnr(&cpu[t], &bfloat16[t]));
            println!(
                "{name} {t}: float32 {off:e}, float16 {half:.1} dB, bfloat16 {bfloat16:.1} dB"
            );
            // One code of an 8-bit picture.
            assert!(off <= 1.0 / 255.0, "{name} {t}");
            assert!(half >= 50.0, "{name} {t}");
        }
    }
}

#[test]
#[ignore = "needs CUDA"]
fn a_reset_on_cuda_is_a_fresh_engine() {
    let frames = frames((180, 320), 6);
    let never = Interrupt::new();
    let config = EngineConfig {
        device: CUDA,
        deterministic: true,
        ..EngineConfig::default()
    };
    let weights = Weights::parse(lite()).expect("the weights are sound");
    let engine = Engine::open(weights, &config).expect("the engine opens");
    let mut deblurrer = Deblurrer::new(Arc::new(engine));
    let mut pass = || -> Vec<_> {
        deblurrer.reset();
        let push = |frame: &Arc<Frame>| deblurrer.push(Arc::clone(frame), &never);
        let outputs = frames.iter().map(push);
        let sharp = outputs.map(|output| output.expect("a step").expect("one").sharp);
        sharp
            .map(|sharp| sharp.expect("finite").into_data())
            .collect()
    };
    let (first, second) = (pass(), pass());
    assert!(first == second, "a reset leaves nothing behind, to the bit");
}

#[test]
#[ignore = "needs CUDA"]
fn cuda_without_room_works_in_tiles() {
    let weights = random("ifi-irm-atb");
    let mut deblurrer = open(&weights, CUDA, Precision::Auto);
    let never = Interrupt::new();
    // Kernels and libraries first: they want memory of the device too.
    let small = frames((256, 256), 2);
    for frame in &small {
        deblurrer.push(Arc::clone(frame), &never).expect("a step");
    }
    deblurrer.reset();
    let hog = fill_but(700);
    let large = frames((4320, 7680), 1);
    let output = deblurrer.push(Arc::clone(&large[0]), &never);
    let output = output.expect("no error").expect("no look-ahead");
    println!("{:?} {:?}", output.notes, output.report);
    drop(hog);
    assert!(matches!(output.notes.first(), Some(StepNote::Tiled { .. })));
    assert!(output.sharp.is_some() && deblurrer.tiles() > 1);
}

/// Takes the memory of the device but for so many MiB.
fn fill_but(left: i64) -> Vec<tch::Tensor> {
    let mut hog = Vec::new();
    // Pieces, the last ones small: one piece of all that is free need not exist.
    for piece in [4096, 512, 64] {
        loop {
            let options = (tch::Kind::Uint8, tch::Device::Cuda(0));
            match tch::Tensor::f_empty([piece << 20], options) {
                Ok(tensor) => hog.push(tensor),
                Err(_) => break,
            }
        }
    }
    let mut free = 0;
    while free < left {
        let Some(tensor) = hog.pop() else { break };
        free += tensor.numel() as i64 >> 20;
    }
    hog
}
