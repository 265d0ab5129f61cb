// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two layers in one call of the form in tiles against the same layers one by one: to the last bit.

use super::{Case, Noise};
use crate::ops::conv::Conv2d;
use crate::ops::conv::job::{Job, Misfit, Sink, Source};
use crate::ops::conv::memory::Scratch;
use crate::ops::conv::pair::Pair;
use crate::ops::conv::parallel::{Inline, Parallel};
use crate::ops::conv::pool::Pool;
use crate::ops::conv::simd::Isa;
use crate::ops::conv::tiles::{Tiles, Unit};
use crate::ops::products::Products;
use tch::{Kind, Tensor};

fn units() -> impl Iterator<Item = Unit> {
    Unit::ALL.into_iter().filter(|unit| unit.usable())
}

/// Two layers, each with its call; the second one reads what the first writes.
pub(super) struct Two {
    first: Case,
    second: Case,
}

impl Two {
    pub(super) fn new(
        unit: Unit,
        forms: [(usize, usize); 2],
        size: (usize, usize),
        channels: [usize; 3],
    ) -> Self {
        let [input, between, out] = channels;
        let mut first = Case::direct(forms[0], size, &[input], between);
        (first.unit, first.relu) = (Some(unit), true);
        let mut second = Case::direct(forms[1], first.size(), &[between], out);
        (second.unit, second.seed) = (Some(unit), 2);
        Self { first, second }
    }

    fn layer(&self, case: &Case) -> Tiles {
        let data = case.data();
        let (unit, form) = case.unit.zip(case.direct).expect("a case in tiles");
        Tiles::new(unit, &data.weights, &data.bias, &case.inputs, form).expect("a layer")
    }

    pub(super) fn apart(&self) -> Vec<u32> {
        let between = self.first.run(Isa::Portable, &self.first.data(), &Inline);
        let mut data = self.second.data();
        data.sources = vec![between];
        bits(&self.second.run(Isa::Portable, &data, &Inline))
    }

    pub(super) fn together(&self, scratch: &mut Scratch, threads: &dyn Parallel) -> Vec<u32> {
        let both = self.layer(&self.first).then(self.layer(&self.second));
        let (input, end) = (self.first.data(), self.second.data());
        let inputs = input.sources.iter().zip(&self.first.inputs);
        let inputs: Vec<_> = inputs
            .map(|(data, &channels)| Source {
                data,
                stride: channels + self.first.extra,
            })
            .collect();
        let pixels = self.second.size().0 * self.second.size().1;
        let mut output = vec![0.0; pixels * self.second.out];
        let job = Job {
            height: self.first.height,
            width: self.first.width,
            sources: &inputs,
            residual: self.second.residual.then_some(Source {
                data: &end.residual,
                stride: self.second.out,
            }),
            relu: self.second.relu,
            output: Sink {
                data: &mut output,
                stride: self.second.out,
            },
        };
        let both = both.expect("they follow each other");
        both.run(job, scratch, threads).expect("it runs");
        bits(&output)
    }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn seeded() {
    let (pool, mut noise) = (Pool::new(3), Noise(5));
    // One for all: what a call leaves there must not be seen by the next.
    let mut scratch = Scratch::default();
    for seed in 0..60 {
        let mut odd = |most: usize| 1 + 2 * noise.below(most);
        let kernels = [odd(3), odd(3)];
        let strides = [1 + noise.below(2), 1 + noise.below(2)];
        let size = (1 + noise.below(40), 1 + noise.below(80));
        let channels = [(); 3].map(|()| 1 + noise.below(50));
        for unit in units() {
            let forms = [(kernels[0], strides[0]), (kernels[1], strides[1])];
            let mut two = Two::new(unit, forms, size, channels);
            two.first.seed = seed;
            two.first.extra = [0, 3][noise.below(2)];
            two.second.residual = noise.below(2) == 0;
            two.second.relu = noise.below(2) == 0;
            let apart = two.apart();
            let told = format!("{unit:?} {forms:?} {size:?} {channels:?}");
            assert!(apart == two.together(&mut scratch, &Inline), "{told}");
            assert!(apart == two.together(&mut scratch, &pool), "{told}");
        }
    }
}

/// ReLU keeps what is not a number, here too.
#[test]
fn not_a_number_is_not_lost() {
    for unit in units() {
        let mut two = Two::new(unit, [(3, 1), (3, 1)], (9, 40), [4, 17, 5]);
        two.second.relu = true;
        let mut data = two.first.data();
        data.sources[0][(4 * 40 + 20) * 4] = f32::NAN;
        let both = two.layer(&two.first).then(two.layer(&two.second));
        let mut output = vec![0.0; 9 * 40 * 5];
        let job = Job {
            height: 9,
            width: 40,
            sources: &[Source {
                data: &data.sources[0],
                stride: 4,
            }],
            residual: None,
            relu: true,
            output: Sink {
                data: &mut output,
                stride: 5,
            },
        };
        let both = both.expect("they follow each other");
        both.run(job, &mut Scratch::default(), &Inline)
            .expect("it runs");
        for (y, x) in (2..=6).flat_map(|y| (18..=22).map(move |x| (y, x))) {
            let pixel = &output[(y * 40 + x) * 5..][..5];
            assert!(pixel.iter().all(|x| x.is_nan()), "lost at {y} {x}");
        }
        assert!(output[..5].iter().all(|x| x.is_finite()));
    }
}

#[test]
fn layers_that_do_not_follow_each_other_are_refused() {
    for unit in units() {
        let layer = |inputs: &[usize], out: usize| {
            let input: usize = inputs.iter().sum();
            let weights = vec![0.5; 9 * input * out];
            Tiles::new(unit, &weights, &vec![0.0; out], inputs, (3, 1)).expect("a layer")
        };
        assert!(layer(&[2, 3], 4).then(layer(&[4], 5)).is_ok());
        for second in [&[5][..], &[2, 2]] {
            let refused = layer(&[2], 4).then(layer(second, 5));
            assert!(matches!(refused, Err(Misfit(_))), "{second:?}");
        }
        let pair = || layer(&[2], 2).then(layer(&[2], 2)).expect("a pair");
        assert!(pair().then(layer(&[2], 2)).is_err());
        assert!(layer(&[2], 2).then(pair()).is_err());
    }
}

/// In the first call of a size the clock chooses, layer by layer; later ones take both at once where it
/// chose tiles. Written weights are read anew.
#[test]
fn all_calls_of_two_layers_give_the_same() {
    let _no_grad = tch::no_grad_guard();
    Products::begin(Kind::BFloat16);
    let random = |seed: u64, size: &[i64]| {
        let count = size.iter().product::<i64>() as usize;
        Tensor::from_slice(&Noise(seed).numbers(count)).view(size) * 0.1
    };
    let conv = |seed: u64| Conv2d::new(random(seed, &[20, 20, 3, 3]), random(seed, &[20]), 1);
    let (first, second, pair) = (conv(1), conv(2), Pair::default());
    let x = random(3, &[1, 23, 37, 20]).permute([0, 3, 1, 2]);
    let run = || {
        let y = pair.run(&first, &second, &x, Some(&x), true);
        y.expect("it runs").unwrap_or_else(|| {
            let between = first.run(&x, None, true).expect("it runs");
            second.run(&between, Some(&x), true).expect("it runs")
        })
    };
    let before = run();
    assert!((0..3).all(|_| run() == before));
    let mut weight = first.layer().weight.shallow_clone();
    let _scaled = weight.g_mul_scalar_(-1.0);
    let after = run();
    assert_ne!(after, before);
    assert!((0..3).all(|_| run() == after));
    Products::begin(Kind::Float);
}
