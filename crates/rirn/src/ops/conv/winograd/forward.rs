// SPDX-License-Identifier: MIT OR Apache-2.0
//! The first step of a block of tiles: from pixels of the sources to 36 values for each tile and
//! channel. The squares that neighbouring tiles are computed from overlap. So the tiles of a row
//! are transformed together, one vector of channels at a time: first columns of six pixels, each
//! once for the tiles that share it, into a strip that stays in the level-1 cache; then the six
//! rows of a tile. Pixels outside of the map count as zeros.
#![allow(unsafe_code)]

use super::block::{Block, Run};
use super::layer::{POINTS, WINDOW};
use super::points;
use crate::ops::conv::job::Source;
use crate::ops::conv::simd::Vector;
use std::ops::Range;

/// Transforms the input of every tile of the block, which has room for `T`.
///
/// # Safety
/// The processor has the instructions of `V`; maps and scratch memory are as large as the layer
/// says, whose blocks have `T`; the tiles are tiles of the maps.
#[inline(always)]
pub(super) unsafe fn forward<V: Vector, const T: usize>(block: &Block<'_>) {
    for run in block.runs() {
        let mut to = block.input.wrapping_add(run.tile * V::LANES);
        for (source, &channels) in block.maps.sources.iter().zip(&block.layer.inputs) {
            let pixels = Pixels::new(source, block, &run);
            for c in (0..channels).step_by(V::LANES) {
                let rest = channels - c;
                let from = (block, &run, &pixels);
                // SAFETY: the pixels have `rest` channels from `c` on; `to` goes through the
                // vectors of the run's first tile in the transformed input.
                unsafe {
                    match (pixels.whole, rest >= V::LANES) {
                        (true, true) => tiles::<V, T, true, true>(from, c, rest, to),
                        (true, false) => tiles::<V, T, true, false>(from, c, rest, to),
                        (false, true) => tiles::<V, T, false, true>(from, c, rest, to),
                        (false, false) => tiles::<V, T, false, false>(from, c, rest, to),
                    }
                }
                to = to.wrapping_add(POINTS * T * V::LANES);
            }
        }
    }
}

/// The pixels of a source that the tiles of a run are computed from: six rows.
struct Pixels {
    /// The first pixel inside of the map in each row, and the step to the next one. For a row
    /// outside of the map, zeros that stand for all of its pixels.
    rows: [(*const f32, usize); WINDOW],
    /// Whether all rows are in the map, and then the step from each to the next.
    whole: bool,
    down: usize,
    /// The columns inside of the map, counted from the first one of the first tile.
    inside: Range<usize>,
}

impl Pixels {
    fn new(source: &Source<'_>, block: &Block<'_>, run: &Run) -> Self {
        let (before, maps) = (block.layer.before, block.maps);
        // Rows and columns are `before` more than those of the map, which may be below 0.
        let start = before.saturating_sub(run.x);
        let first = (run.x + start - before) * source.stride;
        let down = maps.width * source.stride;
        let rows = std::array::from_fn(|row| {
            let row = run.y + row;
            if row < before || row >= maps.height + before {
                return (block.zeros, 0);
            }
            let at = (row - before) * down + first;
            (source.data.as_ptr().wrapping_add(at), source.stride)
        });
        Self {
            whole: rows.iter().all(|&(_, step)| step > 0),
            rows,
            down,
            inside: start..maps.width + before - run.x,
        }
    }
}

/// Transforms one vector of channels, which begins at channel `c`, of all tiles of a run; `WHOLE`
/// if all of the rows are in the map, `FULL` if there are as many channels as the vector holds,
/// else there are `lanes`. Columns and rows take turns, so that the processor can load the ones
/// while it stores the others.
///
/// # Safety
/// As for [`forward`]; the channels can be read at the pixels; `to` has 36 places for the first
/// tile as its points lie, and the other tiles' follow.
#[inline(always)]
unsafe fn tiles<V: Vector, const T: usize, const WHOLE: bool, const FULL: bool>(
    (block, run, pixels): (&Block<'_>, &Run, &Pixels),
    c: usize,
    lanes: usize,
    to: *mut f32,
) {
    let edge = block.layer.edge;
    let column_of = WINDOW * V::LANES;
    let mut done = 0;
    for tile in 0..run.count {
        let (first, end) = (tile * edge, tile * edge + WINDOW);
        // SAFETY: by the contract of this function; the strip has room for the columns of as many
        // tiles as a block has.
        unsafe {
            for x in done..end {
                let to = block.strip.add(x * column_of);
                column::<V, WHOLE, FULL>(pixels, x, (c, lanes), to);
            }
            rows::<V, T>(block.strip.add(first * column_of), to.add(tile * V::LANES));
        }
        done = end;
    }
}

/// Transforms a column of six pixels.
///
/// # Safety
/// As for [`tiles`]; `to` has room for the column.
#[inline(always)]
unsafe fn column<V: Vector, const WHOLE: bool, const FULL: bool>(
    pixels: &Pixels,
    x: usize,
    (c, lanes): (usize, usize),
    to: *mut f32,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut values = [V::splat(0.0); WINDOW];
        if pixels.inside.contains(&x) {
            let x = x - pixels.inside.start;
            for (y, value) in values.iter_mut().enumerate() {
                // One address and two steps need fewer registers than six of each.
                let (row, right, down) = match WHOLE {
                    true => (pixels.rows[0].0, pixels.rows[0].1, y * pixels.down),
                    false => (pixels.rows[y].0, pixels.rows[y].1, 0),
                };
                let at = row.wrapping_add(c + x * right + down);
                *value = match FULL {
                    true => V::load(at),
                    false => V::load_part(at, lanes),
                };
            }
        }
        for (y, value) in points::input(values).into_iter().enumerate() {
            value.store(to.add(y * V::LANES));
        }
    }
}

/// Transforms the six rows of a tile, whose columns are transformed already.
///
/// # Safety
/// As for [`forward`]; `from` has six columns; `to` has 36 places as the points of a tile lie.
#[inline(always)]
unsafe fn rows<V: Vector, const T: usize>(from: *const f32, to: *mut f32) {
    // SAFETY: by the contract of this function.
    unsafe {
        for y in 0..WINDOW {
            let mut row = [V::splat(0.0); WINDOW];
            for (x, value) in row.iter_mut().enumerate() {
                *value = V::load(from.add((x * WINDOW + y) * V::LANES));
            }
            for (x, value) in points::input(row).into_iter().enumerate() {
                value.store(to.add((WINDOW * y + x) * T * V::LANES));
            }
        }
    }
}
