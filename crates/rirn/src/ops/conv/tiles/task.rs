// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a thread does of a call: brings the rows of the input, or of what lies between two layers, into
//! strips and computes row after row of the output from them. The vector units convert and finish
//! numbers while the tiles multiply: the sums of a block are finished in parts, after each row of
//! taps of the block that follows.
#![allow(unsafe_code)]

use super::layer::{EDGE, Stage};
use super::sink::{Pending, Sink, Strip};
use super::strip::{BLOCK, Input, Ring, Shape};
use super::unit::{Block, Multiplier};
use crate::ops::conv::memory::Lines;
use std::ops::Range;

/// Room for the sums of a block.
const SUMS: usize = BLOCK * 2 * EDGE;
/// Blocks whose sums are kept: that which is computed, and that before.
const KEPT: usize = 2;
/// A call as the threads see it.
pub(super) struct Task<'a> {
    pub(super) input: Input<'a>,
    /// A layer before the last one, whose output stays in strips.
    pub(super) between: Option<Between<'a>>,
    pub(super) last: &'a Stage,
    pub(super) sink: Sink<'a>,
}

/// A layer whose output, after ReLU, stays in strips.
#[derive(Clone, Copy)]
pub(super) struct Between<'a> {
    pub(super) stage: &'a Stage,
    /// Sizes of the strips.
    pub(super) shape: Shape,
}

// SAFETY: the maps are read, but for the output, which the call borrows alone and whose pixels are
// divided among the rows; each row is given to one thread.
unsafe impl Sync for Task<'_> {}

impl Between<'_> {
    /// A sink for each strip.
    fn sinks<'s>(&self, strips: &Ring) -> Vec<Sink<'s>> {
        let layer = &self.stage.layer;
        let rows = 0..self.shape.kernel;
        rows.map(|row| {
            Sink::Strip(Strip {
                to: strips.pixels(row),
                channels: layer.out,
                bias: self.stage.bias.as_ptr(),
            })
        })
        .collect()
    }
}

/// What a thread has at hand.
struct Hands<'a> {
    room: *mut f32,
    /// The block that is to be finished.
    pending: Option<Pending<'a>>,
    /// Memory for the strips of a row of the output.
    rows: Vec<*const u16>,
}

impl Hands<'_> {
    fn new(room: *mut f32) -> Self {
        Self {
            room,
            pending: None,
            rows: Vec::new(),
        }
    }

    /// Room for the sums of the next block: where none are that somebody needs.
    fn free(&self) -> *mut f32 {
        let other = self.room.wrapping_add(SUMS);
        match self.pending {
            Some(pending) if pending.sums == self.room => other,
            _ => self.room,
        }
    }
}

/// Computes some bands of rows of the output. What two bands that follow each other both need is
/// computed once.
///
/// # Safety
/// As [`Multiplier`] says; each row of the output is given to one call of this function.
#[inline(always)]
pub(super) unsafe fn run<M: Multiplier>(
    task: &Task<'_>,
    bands: &mut dyn Iterator<Item = Range<usize>>,
    memory: &mut Lines,
) {
    let of_input = task.input.shape.values();
    memory.grow(KEPT * SUMS + of_input + task.between.map_or(0, |between| between.shape.values()));
    let sums = memory.as_mut_ptr();
    let strips = sums.wrapping_add(KEPT * SUMS);
    let mut near = Ring::new(task.input.shape, strips);
    // SAFETY: by the contract of this function; memory has room for all of it.
    unsafe {
        M::start();
        match &task.between {
            None => {
                let mut hands = Hands::new(sums);
                for y in bands.flatten() {
                    task.input.bring::<M>(&mut near, y);
                    compute::<M>(task.last, &near, y, (&task.sink, y), &mut hands);
                }
                flush::<M>(&mut hands);
            }
            Some(between) => {
                let mut far = Ring::new(between.shape, strips.wrapping_add(of_input));
                far.clear();
                let sinks = between.sinks(&far);
                let mut hands = Hands::new(sums);
                for y in bands.flatten() {
                    for row in far.missing(y) {
                        task.input.bring::<M>(&mut near, row);
                        let sink = (&sinks[far.slot(row)], 0);
                        compute::<M>(between.stage, &near, row, sink, &mut hands);
                        flush::<M>(&mut hands);
                    }
                    compute::<M>(task.last, &far, y, (&task.sink, y), &mut hands);
                }
                flush::<M>(&mut hands);
            }
        }
        M::stop();
    }
}

/// Computes the row `y` of a layer's output from strips, into that row of the sink.
///
/// # Safety
/// As [`Multiplier`] says; the strips that the row needs are there.
#[inline(always)]
unsafe fn compute<'a, M: Multiplier>(
    stage: &Stage,
    strips: &Ring,
    y: usize,
    (sink, line): (&'a Sink<'a>, usize),
    hands: &mut Hands<'a>,
) {
    let layer = &stage.layer;
    let shape = strips.shape;
    let needed = shape.rows(y);
    let mut rows = std::mem::take(&mut hands.rows);
    rows.clear();
    rows.extend(needed.map(|row| strips.at(row).cast_const()));
    let above = (layer.kernel / 2).saturating_sub(y * layer.stride);
    let next = layer.stride * layer.channels();
    let part = BLOCK.div_ceil(rows.len());
    for (x, panel) in stage.order(shape.across.div_ceil(BLOCK)) {
        let (x, panel) = (x * BLOCK, layer.panels[panel]);
        let weights = panel.weights + above * layer.tap_row(panel.tiles);
        let block = Block {
            rows: &rows,
            offset: x * next,
            next,
            weights: stage.weights.as_ptr().wrapping_add(weights),
            steps: layer.steps(),
            sums: hands.free(),
        };
        let mut pending = hands.pending;
        // SAFETY: by the contract of this function.
        unsafe {
            let beside = || finish::<M>(&mut pending, part);
            match panel.tiles {
                1 => M::sums::<1>(block, beside),
                _ => M::sums::<2>(block, beside),
            }
        }
        hands.pending = Some(Pending {
            sink,
            sums: block.sums,
            tiles: panel.tiles,
            channel: panel.channel,
            first: line * shape.across + x,
            count: BLOCK.min(shape.across - x),
        });
    }
    hands.rows = rows;
}

/// Takes at most so many more pixels of a block into its sink.
///
/// # Safety
/// As [`Multiplier`] says.
#[inline(always)]
unsafe fn finish<M: Multiplier>(pending: &mut Option<Pending<'_>>, most: usize) {
    let Some(block) = pending else { return };
    let count = block.count.min(most);
    // SAFETY: by the contract of this function.
    unsafe {
        M::finish(
            block.sink,
            block.sums,
            block.tiles,
            block.channel,
            block.first,
            count,
        );
    }
    block.sums = block.sums.wrapping_add(count * block.tiles * EDGE);
    block.first += count;
    block.count -= count;
}

/// Finishes the last block.
///
/// # Safety
/// As [`Multiplier`] says.
#[inline(always)]
unsafe fn flush<M: Multiplier>(hands: &mut Hands<'_>) {
    // SAFETY: by the contract of this function.
    unsafe { finish::<M>(&mut hands.pending, BLOCK) }
    hands.pending = None;
}
