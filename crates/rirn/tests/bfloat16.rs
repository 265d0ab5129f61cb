// SPDX-License-Identifier: MIT OR Apache-2.0
//! All networks with products of bfloat16 in matrix tiles, as on a processor that has them: elsewhere
//! plain Rust does what the tiles would do.
#![allow(unsafe_code)]

use rirn::engine::Precision;
use rirn::networks::{Cell, Spec};
use rirn::testing::{Numbers, random_weights};
use rirn::weights::{Weights, save};
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt};
use std::collections::BTreeMap;
use std::sync::Arc;

const FRAMES: usize = 12;
/// Height and width: two blocks of tiles across the maps, and an odd rest.
const SIZE: (usize, usize) = (34, 141);

#[test]
fn bfloat16_in_tiles_stays_close_to_float32_in_all_networks_and_in_shipped_weights() {
    // SAFETY: the only test of this program, and nothing has been started yet.
    unsafe { std::env::set_var("RIRNDEBLUR_TILES", "plain") };
    for cell in Cell::ALL {
        let mut spec: Spec = format!("{}-irm-atb", cell.word())
            .parse()
            .expect("a network");
        spec.base = 8;
        spec.blocks = spec.blocks.min(2);
        check(&spec.to_string(), || random(&spec));
    }
    check("lite", || Weights::built_in("lite").expect("built in"));
}

/// Compares the frames of the same weights in both kinds of arithmetic.
fn check(name: &str, weights: impl Fn() -> Weights) {
    let (exact, _) = run(weights(), Precision::Float32);
    let (rounded, kernels) = run(weights(), Precision::Bfloat16);
    assert_eq!(exact.len(), FRAMES);
    let least = exact.iter().zip(&rounded).map(|(a, b)| psnr(a, b));
    let least = least.fold(f64::INFINITY, f64::min);
    let own = kernels.contains("tiles") || kernels.contains("amx");
    // Without own kernels LibTorch rounds every map; 77 dB came of rounding what folded layers are made from.
    // Equal would mean that nothing was rounded.
    let bounds = if own { 80.0..110.0 } else { 45.0..100.0 };
    assert!(bounds.contains(&least), "{name}: {least} dB by {kernels}");
}

fn random(spec: &Spec) -> Weights {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("random.safetensors");
    let tensors = random_weights(spec, 11).expect("a known network");
    save(&file, spec, &BTreeMap::new(), &tensors).expect("a file");
    Weights::open(&file).expect("the file is read")
}

/// The frames of a moving picture through a network, and what computed them.
fn run(weights: Weights, precision: Precision) -> (Vec<Frame>, String) {
    let config = EngineConfig {
        precision,
        ..EngineConfig::default()
    };
    let engine = Arc::new(Engine::open(weights, &config).expect("an engine"));
    assert_eq!(
        engine.precision() == "bfloat16",
        precision == Precision::Bfloat16
    );
    let kernels = engine.kernels();
    let mut deblurrer = Deblurrer::new(engine);
    let never = Interrupt::new();
    let mut all = Vec::new();
    for t in 0..FRAMES {
        let pushed = deblurrer.push(Arc::new(picture(t)), &never);
        all.extend(pushed.expect("a step"));
    }
    while let Some(output) = deblurrer.drain(&never).expect("a step") {
        all.push(output);
    }
    let frames = all.into_iter().map(|output| output.sharp.expect("a frame"));
    (frames.collect(), kernels)
}

/// Seeded noise over a slope that moves.
fn picture(t: usize) -> Frame {
    let mut frame = Frame::new(SIZE.0, SIZE.1);
    let mut numbers = Numbers::new(t as u64);
    for (place, value) in frame.data_mut().iter_mut().enumerate() {
        let slope = ((place / 3 + 2 * t) % 64) as f32 / 64.0;
        *value = 0.8 * slope + 0.2 * numbers.unit();
    }
    frame
}

fn psnr(a: &Frame, b: &Frame) -> f64 {
    let pairs = a.data().iter().zip(b.data());
    let squares = pairs.map(|(a, b)| f64::from(a - b).powi(2));
    let mean = squares.sum::<f64>() / a.data().len() as f64;
    -10.0 * mean.log10()
}
