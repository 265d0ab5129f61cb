// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks with the own convolution kernels against the same networks with LibTorch's: weights
//! that ask for gradients keep the own kernels away.

use rirn::layers::Source;
use rirn::networks::{Cell, Network, Rirn, Spec};
use rirn::testing::{Numbers, random_weights};
use std::collections::HashMap;
use tch::{Device, Kind, Tensor};

const FRAMES: usize = 50;
const SIZE: (i64, i64) = (30, 43);

struct Random {
    tensors: HashMap<String, Tensor>,
    gradients: bool,
}

impl Source for Random {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> rirn::Result<Tensor> {
        let tensor = self.tensors[name].copy();
        Ok(tensor.set_requires_grad(self.gradients))
    }
}

fn network(spec: &Spec, gradients: bool) -> Rirn {
    let tensors = random_weights(spec, 11).expect("a known network");
    let tensors = tensors.into_iter().map(|(name, shape, values)| {
        let tensor = Tensor::from_slice(&values).view(&shape[..]);
        (name, tensor)
    });
    let tensors = tensors.collect();
    Rirn::build(spec, &mut Random { tensors, gradients }).expect("it builds")
}

/// All pictures and the last states for seeded noise.
fn run(network: &Rirn) -> Vec<Tensor> {
    let (height, width) = SIZE;
    let channels = 3 * i64::try_from(network.profile().window()).expect("a few frames");
    let mut numbers = Numbers::new(3);
    let mut state = network.initial_state(1, height, width).expect("zeros");
    let mut all = Vec::new();
    for _ in 0..FRAMES {
        let values: Vec<f32> = (0..channels * height * width)
            .map(|_| numbers.unit())
            .collect();
        let window = Tensor::from_slice(&values).view([1, height, width, channels]);
        let (sharp, next) = network
            .step(&window.permute([0, 3, 1, 2]), state)
            .expect("a step");
        all.push(sharp);
        state = next;
    }
    all.extend(state.iter().map(|(_, tensor)| tensor.shallow_clone()));
    all
}

/// Largest difference over the largest value.
fn relative(a: &Tensor, b: &Tensor) -> f64 {
    let most = |x: Tensor| x.abs().max().double_value(&[]);
    most(a - b) / most(b.shallow_clone())
}

#[test]
fn own_kernels_and_libtorch_agree_over_fifty_frames_in_all_networks() {
    let _no_grad = tch::no_grad_guard();
    // For small maps, threads cost LibTorch more than they bring.
    tch::set_num_threads(1);
    let mut differs = false;
    for cell in Cell::ALL {
        for slots in ["irm-atb", "atb-irm"] {
            let mut spec: Spec = format!("{}-{slots}", cell.word())
                .parse()
                .expect("a network");
            spec.base = 8;
            spec.blocks = spec.blocks.min(2);
            let (own, torch) = (run(&network(&spec, false)), run(&network(&spec, true)));
            for (t, (own, torch)) in own.iter().zip(&torch).enumerate() {
                assert_eq!(own.kind(), Kind::Float);
                assert_eq!(own.device(), Device::Cpu);
                let error = relative(own, torch);
                assert!(error < 1e-4, "{spec}: {error} in tensor {t}");
                differs |= error > 0.0;
            }
        }
    }
    let off = std::env::var_os("RIRNDEBLUR_OWN_KERNELS").is_some_and(|v| v == "off");
    #[cfg(target_arch = "x86_64")]
    let off = off || !is_x86_feature_detected!("avx2") || !is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let off = true;
    // The test compares two things, or the switch works.
    assert_eq!(differs, !off);
}
