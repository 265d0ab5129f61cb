// SPDX-License-Identifier: MIT OR Apache-2.0
//! The plain convolution in float64, and maps with something else around them.

mod direct;
mod edges;
#[cfg(unix)]
mod guards;
mod joins;
mod pairs;
mod pool;
mod small;
mod tensors;
mod tiles;
mod winograd;

use crate::ops::conv::direct::Direct;
use crate::ops::conv::job::{Job, Sink, Source};
use crate::ops::conv::memory::Scratch;
use crate::ops::conv::parallel::{Inline, Parallel};
use crate::ops::conv::simd::Isa;
use crate::ops::conv::tiles::{Tiles, Unit, from_bf16, to_bf16};
use crate::ops::conv::winograd::Winograd;
use crate::ops::noise::Noise;

/// A layer and a call of it, with what stands around the maps.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) inputs: Vec<usize>,
    pub(super) out: usize,
    /// Taps to a side in Winograd's form.
    pub(super) taps: usize,
    /// Kernel and stride of the direct form and of that in tiles; nothing for Winograd's.
    pub(super) direct: Option<(usize, usize)>,
    /// What multiplies the tiles; nothing for the other forms.
    pub(super) unit: Option<Unit>,
    /// Channels of the wider map that come behind (and as many numbers before) each map.
    pub(super) extra: usize,
    pub(super) residual: bool,
    pub(super) relu: bool,
    pub(super) seed: u64,
}

pub(super) struct Data {
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) sources: Vec<Vec<f32>>,
    pub(super) residual: Vec<f32>,
}

pub(super) const CANARY: f32 = 7e33;

impl Case {
    pub(super) fn new(height: usize, width: usize, inputs: &[usize], out: usize) -> Self {
        let inputs = inputs.to_vec();
        Self {
            height,
            width,
            inputs,
            out,
            taps: 3,
            direct: None,
            unit: None,
            extra: 0,
            residual: false,
            relu: false,
            seed: 1,
        }
    }

    /// The same with five taps to a side.
    pub(super) fn of_five(height: usize, width: usize, inputs: &[usize], out: usize) -> Self {
        Self {
            taps: 5,
            ..Self::new(height, width, inputs, out)
        }
    }

    /// The same for the direct form.
    pub(super) fn direct(
        (kernel, stride): (usize, usize),
        (height, width): (usize, usize),
        inputs: &[usize],
        out: usize,
    ) -> Self {
        Self {
            direct: Some((kernel, stride)),
            ..Self::new(height, width, inputs, out)
        }
    }

    pub(super) fn kernel(&self) -> usize {
        self.direct.map_or(self.taps, |(kernel, _)| kernel)
    }

    pub(super) fn stride(&self) -> usize {
        self.direct.map_or(1, |(_, stride)| stride)
    }

    /// Rows of the output and pixels in each.
    pub(super) fn size(&self) -> (usize, usize) {
        let stride = self.stride();
        (self.height.div_ceil(stride), self.width.div_ceil(stride))
    }

    /// Maps of unit variance, weights that keep it; what lies around the maps is not a number.
    pub(super) fn data(&self) -> Data {
        let mut noise = Noise(self.seed);
        let input: usize = self.inputs.iter().sum();
        let taps = self.kernel() * self.kernel();
        let scale = 1.0 / ((taps * input) as f32).sqrt();
        Data {
            weights: noise
                .numbers(taps * input * self.out)
                .iter()
                .map(|w| w * scale)
                .collect(),
            bias: noise.numbers(self.out),
            sources: self
                .inputs
                .iter()
                .map(|&c| self.map(self.height * self.width, c, &mut noise))
                .collect(),
            residual: self.map(self.size().0 * self.size().1, self.out, &mut noise),
        }
    }

    fn map(&self, pixels: usize, channels: usize, noise: &mut Noise) -> Vec<f32> {
        let stride = channels + self.extra;
        let mut map = vec![f32::NAN; pixels * stride];
        for pixel in map.chunks_exact_mut(stride) {
            pixel[..channels].copy_from_slice(&noise.numbers(channels));
        }
        // The map ends with its last number: whoever reads on is found out by Miri.
        map.truncate(map.len() - self.extra);
        map.shrink_to_fit();
        map
    }

    /// The output of the layer, checked for writing only what it should.
    pub(super) fn run(&self, isa: Isa, data: &Data, threads: &dyn Parallel) -> Vec<f32> {
        let stride = self.out + self.extra;
        let before = 5;
        let pixels = self.size().0 * self.size().1;
        let len = (pixels - 1) * stride + self.out;
        let mut wide = vec![CANARY; before + len + 64];
        let sources = data.sources.iter().zip(&self.inputs);
        let sources: Vec<_> = sources
            .into_iter()
            .map(|(data, &c)| Source {
                data,
                stride: c + self.extra,
            })
            .collect();
        let job = Job {
            height: self.height,
            width: self.width,
            sources: &sources,
            residual: self.residual.then_some(Source {
                data: &data.residual,
                stride,
            }),
            relu: self.relu,
            output: Sink {
                data: &mut wide[before..before + len],
                stride,
            },
        };
        self.compute(isa, data, job, threads);
        let mut output = Vec::new();
        for (i, &number) in wide.iter().enumerate() {
            let inside = i >= before && i < before + len && (i - before) % stride < self.out;
            if inside {
                output.push(number);
            } else {
                assert_eq!(number, CANARY, "written outside at {i} of {self:?}");
            }
        }
        output
    }

    /// Makes the layer and runs it.
    pub(super) fn compute(&self, isa: Isa, data: &Data, job: Job<'_>, threads: &dyn Parallel) {
        let (weights, bias, inputs) = (&data.weights, &data.bias, &self.inputs);
        let scratch = &mut Scratch::default();
        match (self.direct, self.unit) {
            (Some(form), Some(unit)) => Tiles::new(unit, weights, bias, inputs, form)
                .and_then(|layer| layer.run(job, scratch, threads)),
            (Some(form), None) => Direct::with_isa(isa, weights, bias, inputs, form)
                .and_then(|layer| layer.run(job, threads)),
            (None, _) => Winograd::with_isa(isa, self.taps, weights, bias, inputs)
                .and_then(|layer| layer.run(job, scratch, threads)),
        }
        .unwrap();
    }

    /// A number as it is multiplied.
    fn factor(&self, x: f32) -> f64 {
        f64::from(match self.unit {
            Some(_) => from_bf16(to_bf16(x)),
            None => x,
        })
    }

    /// The same, plainly and in float64.
    pub(super) fn plain(&self, data: &Data) -> Vec<f64> {
        let input: usize = self.inputs.iter().sum();
        let (kernel, stride) = (self.kernel(), self.stride());
        let (down, across) = self.size();
        let mut output = Vec::with_capacity(down * across * self.out);
        for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
            let mut sums: Vec<f64> = data.bias.iter().map(|&b| f64::from(b)).collect();
            for tap in 0..kernel * kernel {
                let rim = kernel / 2;
                let (v, u) = (y * stride + tap / kernel, x * stride + tap % kernel);
                if v < rim || v >= self.height + rim || u < rim || u >= self.width + rim {
                    continue;
                }
                let pixel = (v - rim) * self.width + u - rim;
                let mut k = 0;
                for (map, &channels) in data.sources.iter().zip(&self.inputs) {
                    let at = pixel * (channels + self.extra);
                    for &value in &map[at..at + channels] {
                        for (o, sum) in sums.iter_mut().enumerate() {
                            let w = data.weights[(o * input + k) * kernel * kernel + tap];
                            *sum += self.factor(value) * self.factor(w);
                        }
                        k += 1;
                    }
                }
            }
            let at = (y * across + x) * (self.out + self.extra);
            for (o, mut sum) in sums.into_iter().enumerate() {
                if self.residual {
                    sum += f64::from(data.residual[at + o]);
                }
                output.push(if self.relu { sum.max(0.0) } else { sum });
            }
        }
        output
    }

    /// Largest and root mean square difference to the plain form, in standard deviations of what
    /// the convolution gives (1, by the choice of the weights).
    pub(super) fn error(&self, isa: Isa, threads: &dyn Parallel) -> (f64, f64) {
        let data = self.data();
        let output = self.run(isa, &data, threads);
        let (mut most, mut sum) = (0.0_f64, 0.0);
        let plain = self.plain(&data);
        assert_eq!(output.len(), plain.len());
        for (&a, &b) in output.iter().zip(&plain) {
            let error = (f64::from(a) - b).abs();
            assert!(error < 1.0, "{a} for {b} in {self:?}");
            most = most.max(error);
            sum += error * error;
        }
        (most, (sum / plain.len() as f64).sqrt())
    }

    pub(super) fn check(&self) {
        for isa in usable() {
            let (most, _) = self.error(isa, &Inline);
            assert!(most < 2e-5, "{most} with {isa:?} in {self:?}");
        }
    }
}

pub(super) fn usable() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.usable())
}
