// SPDX-License-Identifier: MIT OR Apache-2.0
//! The direct form of the convolution, for square odd kernels, stride 1 or 2 and zero padding of
//! half a kernel on every side: sums in registers, every number of the input read where it lies.
//! Rows of the output depend on nothing but their input, so that any thread may take any of them.
#![allow(unsafe_code)]

mod ahead;
mod isa;
mod layer;
mod segment;

use crate::ops::conv::finish::Output;
use crate::ops::conv::job::{Job, Misfit, check_weights};
use crate::ops::conv::memory::Lines;
use crate::ops::conv::parallel::{Parallel, in_bands};
use crate::ops::conv::simd::Isa;
use isa::Kernels;
use layer::Layer;
use segment::{Maps, Row};
use std::fmt;

/// Most rows that a thread takes at once.
const ROWS_PER_BAND: usize = 8;

/// One layer: its weights as the kernels of one instruction set read them.
pub(crate) struct Direct {
    isa: Isa,
    kernels: &'static Kernels,
    layer: Layer,
    weights: Lines,
    bias: Lines,
    zeros: Lines,
}

/// Lets threads share the maps of a call.
struct Shared<'a>(Maps<'a>);

// SAFETY: the maps are read, but for the output, which the call borrows alone and whose pixels are
// divided among the rows; each row is given to one thread.
unsafe impl Sync for Shared<'_> {}

impl Direct {
    /// A layer with `weights` `[out, in, kernel, kernel]`, where `in` counts the channels of all
    /// `inputs`, and `bias` `[out]`, for the best instruction set of this processor.
    ///
    /// # Errors
    /// Sizes that do not fit together; an even kernel; a stride that is neither 1 nor 2.
    pub(crate) fn new(
        weights: &[f32],
        bias: &[f32],
        inputs: &[usize],
        kernel: usize,
        stride: usize,
    ) -> Result<Self, Misfit> {
        let isa = Isa::best(bias.len());
        Self::with_isa(isa, weights, bias, inputs, (kernel, stride))
    }

    /// The same for a given instruction set, with kernel and stride together.
    ///
    /// # Errors
    /// As for [`Self::new`]; an instruction set that this processor does not have.
    pub(crate) fn with_isa(
        isa: Isa,
        weights: &[f32],
        bias: &[f32],
        inputs: &[usize],
        (kernel, stride): (usize, usize),
    ) -> Result<Self, Misfit> {
        let kernels = Kernels::of(isa).ok_or(Misfit("the processor lacks the instructions"))?;
        if kernel % 2 == 0 || !(1..=2).contains(&stride) {
            return Err(Misfit("a kernel or a stride that has no direct form"));
        }
        check_weights(weights, bias, inputs, kernel)?;
        let layer = Layer {
            lanes: kernels.lanes,
            inputs: inputs.to_vec(),
            out: bias.len(),
            kernel,
            stride,
            panels: Vec::new(),
        }
        .with_panels();
        Ok(Self {
            isa,
            kernels,
            weights: pack(&layer, weights),
            bias: pad(&layer, bias),
            zeros: Lines::zeros(inputs.iter().copied().max().unwrap_or(0)),
            layer,
        })
    }

    /// Runs the layer.
    ///
    /// # Errors
    /// Maps that are not as large as they should be; then nothing is written.
    pub(crate) fn run(&self, mut job: Job<'_>, threads: &dyn Parallel) -> Result<(), Misfit> {
        let layer = &self.layer;
        job.check(&layer.inputs, layer.out, layer.stride)?;
        let maps = Shared(Maps {
            height: job.height,
            width: job.width,
            across: job.width.div_ceil(layer.stride),
            joined: match (job.sources, &layer.inputs[..]) {
                (&[source], &[channels]) if source.stride == channels => layer.kernel,
                _ => 1,
            },
            sources: job.sources,
            output: Output::of(&mut job, layer.out),
        });
        let rows = job.height.div_ceil(layer.stride);
        in_bands(rows, ROWS_PER_BAND, threads, |bands, _| {
            bands.flatten().for_each(|y| self.row(&maps, y));
        });
        Ok(())
    }

    /// Computes the row `y` of the output.
    fn row(&self, maps: &Shared<'_>, y: usize) {
        let row = Row {
            layer: &self.layer,
            maps: &maps.0,
            channels: self.layer.input_channels(),
            weights: self.weights.as_ptr(),
            bias: self.bias.as_ptr(),
            zeros: self.zeros.as_ptr(),
            y,
        };
        for x in (0..maps.0.across).step_by(self.kernels.pixels) {
            for panel in &self.layer.panels {
                // SAFETY: `with_isa` asked the processor for the instructions; `Job::check`
                // compared the maps with the layer; weights, bias and zeros have the layer's sizes;
                // the row is one of the output, and `run` gives it to one call of this function.
                unsafe { (self.kernels.segment)(&row, panel, x) }
            }
        }
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (isa, layer) = (&self.isa, &self.layer);
        f.debug_struct("Direct")
            .field("isa", isa)
            .field("layer", layer)
            .finish_non_exhaustive()
    }
}

/// Lays the weights out as [`Layer`] says; zeros for channels that fill up the last vector.
fn pack(layer: &Layer, weights: &[f32]) -> Lines {
    let mut packed = Lines::zeros(layer.weights());
    let (input, taps) = (layer.input_channels(), layer.kernel * layer.kernel);
    for panel in &layer.panels {
        let width = panel.vectors * layer.lanes;
        for column in 0..width.min(layer.out - panel.channel) {
            for k in 0..input {
                for tap in 0..taps {
                    let number = weights[((panel.channel + column) * input + k) * taps + tap];
                    let to = panel.weights + (tap * input + k) * width + column;
                    packed.set(to, number);
                }
            }
        }
    }
    packed
}

/// The bias, with zeros for channels that fill up the last vector.
fn pad(layer: &Layer, bias: &[f32]) -> Lines {
    let mut padded = Lines::zeros(bias.len().next_multiple_of(layer.lanes));
    for (i, &number) in bias.iter().enumerate() {
        padded.set(i, number);
    }
    padded
}
