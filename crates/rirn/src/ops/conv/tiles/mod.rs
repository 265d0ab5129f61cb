// SPDX-License-Identifier: MIT OR Apache-2.0
//! The convolution with products of bfloat16 in matrix tiles, for square odd kernels, stride 1 or 2
//! and zero padding of half a kernel on every side. Maps stay in float32: rows of the input are
//! rounded to bfloat16 once, into strips in the level-2 cache, from which the tiles read them where they
//! lie; sums, bias, residual and ReLU are float32. So every other pass over a map is the same for
//! both kinds of products, and what a recurrence carries on is not rounded.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod amx;
mod layer;
mod plain;
mod strip;
mod unit;

use crate::ops::conv::finish::Output;
use crate::ops::conv::job::{Job, Misfit, Source, check_weights};
use crate::ops::conv::memory::{Lines, Scratch};
use crate::ops::conv::parallel::{Parallel, in_bands};
use layer::{EDGE, Layer};
#[cfg(test)]
pub(crate) use plain::from_bf16;
pub(crate) use plain::to_bf16;
use std::fmt;
use std::ops::Range;
use strip::{BLOCK, Shape, Strips};
pub(crate) use unit::Unit;
use unit::{Block, Kernels};

/// Most rows that a thread takes at once; the first ones of a band need strips that the band before
/// has had too.
const ROWS_PER_BAND: usize = 16;

/// Room for the sums of a block.
const SUMS: usize = BLOCK * 2 * EDGE;

/// One layer: its weights as tiles.
pub(crate) struct Tiles {
    unit: Unit,
    kernels: &'static Kernels,
    layer: Layer,
    weights: Lines,
    bias: Lines,
}

/// A call as the threads see it.
struct Call<'a> {
    shape: Shape,
    sources: &'a [Source<'a>],
    output: Output<'a>,
}

// SAFETY: the maps are read, but for the output, which the call borrows alone and whose pixels are
// divided among the rows; each row is given to one thread.
unsafe impl Sync for Call<'_> {}

impl Tiles {
    /// A layer with `weights` `[out, in, kernel, kernel]`, where `in` counts the channels of all
    /// `inputs`, and `bias` `[out]`.
    ///
    /// # Errors
    /// Sizes that do not fit together; an even kernel; a stride that is neither 1 nor 2; a unit that
    /// this process cannot use.
    pub(crate) fn new(
        unit: Unit,
        weights: &[f32],
        bias: &[f32],
        inputs: &[usize],
        (kernel, stride): (usize, usize),
    ) -> Result<Self, Misfit> {
        let kernels = Kernels::of(unit).ok_or(Misfit("the processor lacks the instructions"))?;
        if kernel % 2 == 0 || !(1..=2).contains(&stride) {
            return Err(Misfit("a kernel or a stride that has no form in tiles"));
        }
        check_weights(weights, bias, inputs, kernel)?;
        let layer = Layer::new(inputs, bias.len(), (kernel, stride));
        Ok(Self {
            unit,
            kernels,
            weights: layer.pack(weights, to_bf16),
            bias: layer.pad(bias),
            layer,
        })
    }

    /// Runs the layer.
    ///
    /// # Errors
    /// Maps that are not as large as they should be; then nothing is written.
    pub(crate) fn run(
        &self,
        mut job: Job<'_>,
        scratch: &mut Scratch,
        threads: &dyn Parallel,
    ) -> Result<(), Misfit> {
        let layer = &self.layer;
        job.check(&layer.inputs, layer.out, layer.stride)?;
        let call = Call {
            shape: Shape::new(layer, job.height, job.width),
            sources: job.sources,
            output: Output::of(&mut job, layer.out),
        };
        scratch.prepare(threads.threads());
        let scratch = &*scratch;
        let rows = job.height.div_ceil(layer.stride);
        in_bands(rows, ROWS_PER_BAND, threads, |bands, thread| {
            self.bands(&call, bands, &mut scratch.piece(thread));
        });
        Ok(())
    }

    /// Computes some bands of rows of the output. What two bands that follow each other both need is
    /// converted once.
    fn bands(
        &self,
        call: &Call<'_>,
        bands: &mut dyn Iterator<Item = Range<usize>>,
        memory: &mut Lines,
    ) {
        memory.grow(SUMS + call.shape.values(self.layer.kernel));
        let sums = memory.as_mut_ptr();
        let mut strips = Strips {
            layer: &self.layer,
            shape: call.shape,
            sources: call.sources,
            memory: sums.wrapping_add(SUMS).cast(),
            convert: self.kernels.convert,
            there: 0..0,
        };
        let mut rows = Vec::with_capacity(self.layer.kernel);
        // SAFETY: `new` asked processor and system for the unit; `Job::check` compared the maps with
        // the layer; strips, sums, weights and bias have the sizes of layer and shape; the rows are
        // of the output, and `run` gives each of them to one call of this function.
        unsafe {
            (self.kernels.start)();
            for y in bands.flatten() {
                strips.bring(y);
                let needed = call.shape.rows(&self.layer, y);
                rows.clear();
                rows.extend(needed.map(|row| strips.at(row).cast_const()));
                self.row(call, y, &rows, sums);
            }
            (self.kernels.stop)();
        }
    }

    /// Computes the row `y` of the output from the strips of the rows of taps that lie on the map.
    ///
    /// # Safety
    /// As [`Kernels`] says.
    unsafe fn row(&self, call: &Call<'_>, y: usize, rows: &[*const u16], sums: *mut f32) {
        let layer = &self.layer;
        let above = (layer.kernel / 2).saturating_sub(y * layer.stride);
        let across = call.shape.across;
        for x in (0..across).step_by(BLOCK) {
            let pixels = (y * across + x, BLOCK.min(across - x));
            for panel in &layer.panels {
                let weights = panel.weights + above * layer.tap_row(panel.tiles);
                let block = Block {
                    rows,
                    offset: x * layer.stride * layer.channels(),
                    next: layer.stride * layer.channels(),
                    weights: self.weights.as_ptr().wrapping_add(weights),
                    steps: layer.steps(),
                    bias: self.bias.as_ptr().wrapping_add(panel.channel),
                    sums,
                };
                let kernel = self.kernels.blocks[panel.tiles - 1];
                // SAFETY: by the contract of this function.
                unsafe { kernel(&block, &call.output, panel.channel, pixels) }
            }
        }
    }
}

impl fmt::Debug for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, layer) = (&self.unit, &self.layer);
        f.debug_struct("Tiles")
            .field("unit", unit)
            .field("layer", layer)
            .finish_non_exhaustive()
    }
}
