// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing in these networks bounds the states by itself; over a long clip they must stay small
//! all the same.

use crate::file::Golden;
use rirn::networks::{Network, Rirn};
use rirn::weights::Weights;
use tch::{Kind, Tensor};

/// Frames of a long clip.
const FRAMES: i64 = 2000;

/// Place in a clip of `count` frames that is played to and fro.
fn to_and_fro(t: i64, count: i64) -> i64 {
    let turn = 2 * (count - 1);
    let t = t.rem_euclid(turn);
    t.min(turn - t)
}

/// Largest magnitude of any state over a long clip, looked at now and then.
fn largest_state(network: &Rirn, window: impl Fn(i64) -> Tensor) -> f64 {
    let (_, _, height, width) = window(0).size4().expect("a window");
    let mut state = network.initial_state(1, height, width).expect("zeros");
    let mut largest: f64 = 0.0;
    for t in 0..FRAMES {
        state = network.step(&window(t), state).expect("a step").1;
        if t % 50 == 49 {
            let now = state.largest_magnitude().expect("a number");
            assert!(now.is_finite(), "frame {t}");
            largest = largest.max(now);
        }
    }
    largest
}

#[test]
fn states_of_the_golden_networks_stay_bounded() {
    for golden in Golden::all() {
        let network = golden.network(Kind::Float);
        let count = golden.frames();
        let largest = largest_state(&network, |t| {
            golden.window_by(t, &network, |t| to_and_fro(t, count))
        });
        assert!(largest < 10.0, "{}: {largest}", golden.name);
    }
}

struct Shipped(Weights);

impl rirn::layers::Source for Shipped {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> rirn::Result<Tensor> {
        let (shape, values) = self.0.tensor(name).expect("a checked tensor");
        Ok(Tensor::from_slice(&values).view(shape))
    }
}

#[test]
fn states_of_shipped_weights_stay_bounded() {
    tch::set_num_threads(1);
    let golden = Golden::all().swap_remove(0);
    for name in rirn::weights::names() {
        let weights = Weights::built_in(name).expect("a shipped name");
        let spec = *weights.spec();
        let network = Rirn::build(&spec, &mut Shipped(weights)).expect("it builds");
        let count = golden.frames();
        let largest = largest_state(&network, |t| {
            // Larger than the golden frames, so that not everything is near an edge; the wide network
            // takes six times as long.
            let size = if spec.base > 8 { [24, 32] } else { [48, 64] };
            let window = golden.window_by(t, &network, |t| to_and_fro(t, count));
            window.upsample_bilinear2d(size, false, None, None)
        });
        assert!(largest < 100.0, "{name}: {largest}");
    }
}
