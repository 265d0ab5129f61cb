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
fn bfloat16_in_tiles_stays_close_to_float32_in_all_networks() {
    // SAFETY: the only test of this program, and nothing has been started yet.
    unsafe { std::env::set_var("RIRNDEBLUR_TILES", "plain") };
    for cell in Cell::ALL {
        let mut spec: Spec = format!("{}-irm-atb", cell.word())
            .parse()
            .expect("a network");
        spec.base = 8;
        spec.blocks = spec.blocks.min(2);
        let (exact, _) = run(&spec, Precision::Float32);
        let (rounded, kernels) = run(&spec, Precision::Bfloat16);
        assert_eq!(exact.len(), FRAMES);
        let least = exact.iter().zip(&rounded).map(|(a, b)| psnr(a, b));
        let least = least.fold(f64::INFINITY, f64::min);
        // Equal would mean that nothing was rounded.
        let own = kernels.contains("tiles") || kernels.contains("amx");
        let bounds = if own { 55.0..100.0 } else { 45.0..100.0 };
        println!("{spec}: {least:.1} dB by {kernels}");
        assert!(bounds.contains(&least), "{spec}: {least} dB by {kernels}");
    }
}

/// The frames of a moving picture through a network of random weights, and what computed them.
fn run(spec: &Spec, precision: Precision) -> (Vec<Frame>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("random.safetensors");
    let tensors = random_weights(spec, 11).expect("a known network");
    save(&file, spec, &BTreeMap::new(), &tensors).expect("a file");
    let weights = Weights::open(&file).expect("the file is read");
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
    (
        all.into_iter()
            .map(|output| output.sharp.expect("a frame"))
            .collect(),
        kernels,
    )
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
