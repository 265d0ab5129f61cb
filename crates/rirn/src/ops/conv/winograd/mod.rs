// SPDX-License-Identifier: MIT OR Apache-2.0
//! Winograd's form of the convolution: 36 products for a tile and each pair of channels. With kernels
//! of 3x3 a tile has 4x4 pixels of the output and takes 144 products in the plain form, with 5x5
//! 2x2 and 100. Weights are transformed once. The tiles of a map are cut into
//! blocks that stay in the level-2 cache: transform the input of a block, multiply with a panel
//! of the weights, transform back and write, panel after panel. While it multiplies, a block
//! fetches what it writes next and what the next block reads. Blocks depend on nothing but
//! their input, so that any thread may take any of them.
#![allow(unsafe_code)]

mod ahead;
mod back;
mod block;
mod forward;
mod isa;
mod layer;
mod multiply;
mod points;

use crate::ops::conv::job::{Job, Misfit, check_weights};
use crate::ops::conv::memory::{Lines, Scratch};
use crate::ops::conv::parallel::{Parallel, in_shares};
use crate::ops::conv::simd::Isa;
use block::{Block, Maps};
use isa::Kernels;
use layer::Layer;
use std::fmt;

/// Most blocks that a thread takes at once.
const BLOCKS_PER_CHUNK: usize = 4;
/// Chunks that each thread should find, where the map has so many blocks.
const CHUNKS_PER_THREAD: usize = 4;

/// One layer: its weights as the kernels of one instruction set read them.
pub(crate) struct Winograd {
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
// divided among the blocks; each block is given to one thread.
unsafe impl Sync for Shared<'_> {}

impl Winograd {
    /// A layer with `weights` `[out, in, taps, taps]`, 3 or 5 taps, where `in` counts the channels of all `inputs`, and
    /// `bias` `[out]`, for the best instruction set of this processor.
    ///
    /// # Errors
    /// Sizes that do not fit together.
    pub(crate) fn new(
        taps: usize,
        weights: &[f32],
        bias: &[f32],
        inputs: &[usize],
    ) -> Result<Self, Misfit> {
        Self::with_isa(Isa::best(bias.len()), taps, weights, bias, inputs)
    }

    /// The same for a given instruction set.
    ///
    /// # Errors
    /// Sizes that do not fit together; an instruction set that this processor does not have.
    pub(crate) fn with_isa(
        isa: Isa,
        taps: usize,
        weights: &[f32],
        bias: &[f32],
        inputs: &[usize],
    ) -> Result<Self, Misfit> {
        let kernels = Kernels::of(isa).ok_or(Misfit("the processor lacks the instructions"))?;
        if !matches!(taps, 3 | 5) {
            return Err(Misfit("a kernel of another size than 3 or 5"));
        }
        check_weights(weights, bias, inputs, taps)?;
        let layer = Layer::new(taps, inputs, bias.len(), (kernels.lanes, kernels.tiles));
        Ok(Self {
            isa,
            kernels,
            weights: pack(&layer, taps, weights),
            bias: pad(&layer, bias),
            zeros: Lines::zeros(inputs.iter().copied().max().unwrap_or(0)),
            layer,
        })
    }

    /// Runs the layer.
    ///
    /// # Errors
    /// Maps that are not as large as they should be; then nothing is written.
    pub(crate) fn run(
        &self,
        job: Job<'_>,
        scratch: &mut Scratch,
        threads: &dyn Parallel,
    ) -> Result<(), Misfit> {
        job.check(&self.layer.inputs, self.layer.out, 1)?;
        let edge = self.layer.edge;
        let tiles = job.height.div_ceil(edge) * job.width.div_ceil(edge);
        let per_chunk = self.tiles_per_chunk(tiles, threads.threads());
        let chunks = tiles.div_ceil(per_chunk);
        let maps = Shared(Maps {
            height: job.height,
            width: job.width,
            sources: job.sources,
            residual: job.residual,
            low: if job.relu { 0.0 } else { f32::NEG_INFINITY },
            output: job.output.data.as_mut_ptr(),
            output_stride: job.output.stride,
        });
        scratch.prepare(threads.threads());
        let scratch = &*scratch;
        in_shares(chunks, threads, |chunks, thread| {
            let mut memory = scratch.piece(thread);
            for chunk in chunks {
                let first = chunk * per_chunk;
                let end = tiles.min(first + per_chunk);
                // The chunk behind this one is most often this thread's, too.
                let rows = maps.0.rows(first..tiles.min(end + self.layer.tiles), edge);
                for tile in (first..end).step_by(self.layer.tiles) {
                    self.block(&maps, tile, &rows[(tile - first) * edge..], &mut memory);
                }
            }
        });
        Ok(())
    }

    /// The tiles of some blocks; of fewer where a small map could not keep all threads busy else.
    fn tiles_per_chunk(&self, tiles: usize, threads: usize) -> usize {
        let share = tiles.div_ceil(CHUNKS_PER_THREAD.saturating_mul(threads.max(1)));
        share
            .next_multiple_of(self.layer.tiles)
            .min(BLOCKS_PER_CHUNK * self.layer.tiles)
    }

    /// Computes the block that begins with the tile `first`. From that tile on `rows` are the first
    /// pixels of the rows of the tiles that the thread is to do.
    fn block(&self, maps: &Shared<'_>, first: usize, rows: &[usize], memory: &mut Lines) {
        let mut blocks = rows.chunks(self.layer.tiles * self.layer.edge);
        let rows = [blocks.next(), blocks.next()].map(Option::unwrap_or_default);
        let [strip, input, products] = self.layer.scratch();
        memory.grow(strip + input + products);
        let memory = memory.as_mut_ptr();
        let block = Block {
            layer: &self.layer,
            maps: &maps.0,
            weights: self.weights.as_ptr(),
            bias: self.bias.as_ptr(),
            zeros: self.zeros.as_ptr(),
            first,
            count: rows[0].len() / self.layer.edge,
            rows,
            strip: memory,
            input: memory.wrapping_add(strip),
            products: memory.wrapping_add(strip + input),
        };
        // SAFETY: `with_isa` asked the processor for the instructions; `Job::check` compared the
        // maps with the layer; weights, bias and memory have the layer's sizes; the tiles are in
        // the map, and `run` gives each of them to one call of this function.
        unsafe {
            (self.kernels.forward)(&block);
            for panel in &self.layer.panels {
                (self.kernels.multiply)(&block, panel);
                (self.kernels.back[usize::from(self.layer.edge == 2)])(&block, panel);
            }
        }
    }
}

impl fmt::Debug for Winograd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (isa, layer) = (&self.isa, &self.layer);
        f.debug_struct("Winograd")
            .field("isa", isa)
            .field("layer", layer)
            .finish_non_exhaustive()
    }
}

/// Transforms the weights and lays them out as [`Layer`] says; zeros for channels that fill up
/// the last vector.
fn pack(layer: &Layer, taps: usize, weights: &[f32]) -> Lines {
    let mut packed = Lines::zeros(layer.weights());
    let input = layer.input_channels();
    for panel in &layer.panels {
        let width = panel.vectors * layer.lanes;
        for column in 0..width.min(layer.out - panel.channel) {
            for k in 0..input {
                let at = ((panel.channel + column) * input + k) * taps * taps;
                let values = points::weights(&weights[at..at + taps * taps], taps);
                for (point, &value) in values.iter().enumerate() {
                    let to = panel.weights + (point * input + k) * width + column;
                    packed.set(to, value as f32);
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
