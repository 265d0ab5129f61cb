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
mod sink;
mod strip;
mod task;
mod unit;

use crate::ops::conv::finish::Output;
use crate::ops::conv::job::{Job, Misfit};
use crate::ops::conv::memory::Scratch;
use crate::ops::conv::parallel::{Parallel, in_bands};
use layer::Stage;
#[cfg(test)]
pub(crate) use plain::from_bf16;
#[cfg(test)]
pub(crate) use plain::to_bf16;
use sink::Sink;
use std::fmt;
use strip::{Input, Shape};
use task::{Between, Task};
use unit::Program;
pub(crate) use unit::Unit;

/// Most rows that a thread takes at once; the first ones of a band need strips that the band before
/// has had too.
const ROWS_PER_BAND: usize = 16;

/// One layer, or two that follow each other and whose map in between is never whole: its rows stay in
/// strips.
pub(crate) struct Tiles {
    unit: Unit,
    program: Program,
    /// The first of two.
    before: Option<Stage>,
    last: Stage,
}

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
        form: (usize, usize),
    ) -> Result<Self, Misfit> {
        let last = Stage::new(weights, bias, inputs, form)?;
        Ok(Self {
            unit,
            program: program(unit)?,
            before: None,
            last,
        })
    }

    /// The ReLU of this layer, and then `next`. What lies between is rounded to bfloat16 as it would be
    /// when `next` reads it.
    ///
    /// # Errors
    /// Channels that do not fit together; a layer that is two already.
    pub(crate) fn then(self, next: Self) -> Result<Self, Misfit> {
        let fits = next.last.layer.inputs == [self.last.layer.out] && self.unit == next.unit;
        if !fits || self.before.is_some() || next.before.is_some() {
            return Err(Misfit("two layers that do not follow each other"));
        }
        Ok(Self {
            before: Some(self.last),
            ..next
        })
    }

    /// Runs the layer, or both.
    ///
    /// # Errors
    /// Maps that are not as large as they should be; then nothing is written.
    pub(crate) fn run(
        &self,
        mut job: Job<'_>,
        scratch: &mut Scratch,
        threads: &dyn Parallel,
    ) -> Result<(), Misfit> {
        let first = &self.before.as_ref().unwrap_or(&self.last).layer;
        let last = &self.last.layer;
        let strides = self.before.as_ref().map_or(1, |stage| stage.layer.stride) * last.stride;
        job.check(&first.inputs, last.out, strides)?;
        let shape = Shape::new(first, job.height, job.width);
        let [height, width] = [job.height, job.width].map(|side| side.div_ceil(first.stride));
        let task = Task {
            input: Input {
                sources: job.sources,
                inputs: &first.inputs,
                shape,
            },
            between: self.before.as_ref().map(|stage| Between {
                stage,
                shape: Shape::new(last, height, width),
            }),
            last: &self.last,
            sink: Sink::Map {
                output: &Output::of(&mut job, last.out),
                bias: self.last.bias.as_ptr(),
            },
        };
        scratch.prepare(threads.threads());
        let scratch = &*scratch;
        let rows = job.height.div_ceil(strides);
        in_bands(rows, ROWS_PER_BAND, threads, |bands, thread| {
            // SAFETY: `new` asked processor and system for the unit; `Job::check` compared the maps with
            // the layer; strips, sums, weights and bias have the sizes of layers and shapes; the rows are
            // of the output, and each of them is in one band.
            unsafe { (self.program)(&task, bands, &mut scratch.piece(thread)) }
        });
        Ok(())
    }
}

fn program(unit: Unit) -> Result<Program, Misfit> {
    let lacking = Misfit("the processor lacks the instructions");
    unit.program().ok_or(lacking)
}

impl fmt::Debug for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before.as_ref().map(|stage| &stage.layer);
        f.debug_struct("Tiles")
            .field("unit", &self.unit)
            .field("before", &before)
            .field("last", &self.last.layer)
            .finish_non_exhaustive()
    }
}
