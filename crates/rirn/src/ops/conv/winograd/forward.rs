// SPDX-License-Identifier: MIT OR Apache-2.0
//! The first step of a block of tiles: from pixels of the sources to 36 values for each tile and
//! channel. Tiles at the border read zeros in place of the pixels outside.
#![allow(unsafe_code)]

use super::block::{Block, Maps, NEAR};
use super::layer::{POINTS, WINDOW};
use super::points;
use crate::ops::conv::job::Source;
use crate::ops::conv::memory::LINE;
use crate::ops::conv::simd::Vector;
use std::hint::black_box;
use std::ptr;

/// Transforms the input of every tile of the block, which has room for `T`.
///
/// # Safety
/// The processor has the instructions of `V`; maps and scratch memory are as large as the layer
/// says, whose blocks have `T`; the tiles are tiles of the maps.
#[inline(always)]
pub(super) unsafe fn forward<V: Vector, const T: usize>(block: &Block<'_>) {
    let (layer, maps) = (block.layer, block.maps);
    let mut corner = block.corner();
    for tile in 0..block.count {
        let (y, x) = corner;
        corner = maps.after(corner, layer.edge);
        let before = layer.before;
        let reaches = |at: usize, side: usize| at >= before && at - before + WINDOW <= side;
        let inside = reaches(y, maps.height) && reaches(x, maps.width);
        let mut to = block.input.wrapping_add(tile * V::LANES);
        for (source, &channels) in maps.sources.iter().zip(&layer.inputs) {
            let from = match inside {
                true => Pixels::inside(source, maps, (y - before, x - before)),
                false => Pixels::border(source, maps, (y, x), before, block.zeros),
            };
            for c in (0..channels).step_by(V::LANES) {
                let rest = channels - c;
                // SAFETY: `from` are the 6x6 pixels around the tile, which have `rest` channels
                // from `c` on; `to` goes through the tile's vectors of the transformed input.
                unsafe {
                    match (inside, rest >= V::LANES) {
                        (true, true) => forward_one::<V, T, true, true>(&from, c, rest, to),
                        (true, false) => forward_one::<V, T, true, false>(&from, c, rest, to),
                        (false, true) => forward_one::<V, T, false, true>(&from, c, rest, to),
                        (false, false) => forward_one::<V, T, false, false>(&from, c, rest, to),
                    }
                }
                to = to.wrapping_add(POINTS * T * V::LANES);
            }
        }
    }
}

/// The 6x6 pixels around a tile.
struct Pixels {
    /// The first one and the steps to the next row and column, inside of a map.
    corner: *const f32,
    down: usize,
    right: usize,
    /// Each of them, at the border of a map: zeros stand for those outside.
    each: [*const f32; POINTS],
}

impl Pixels {
    /// From row `y` and column `x` of the map on.
    #[inline(always)]
    fn inside(source: &Source<'_>, maps: &Maps<'_>, (y, x): (usize, usize)) -> Self {
        let at = (y * maps.width + x) * source.stride;
        Self {
            corner: source.data.as_ptr().wrapping_add(at),
            down: maps.width * source.stride,
            right: source.stride,
            each: [ptr::null(); POINTS],
        }
    }

    /// From so many rows and columns before the pixel on.
    #[inline(always)]
    fn border(
        source: &Source<'_>,
        maps: &Maps<'_>,
        (y, x): (usize, usize),
        before: usize,
        zeros: *const f32,
    ) -> Self {
        let mut each = [zeros; POINTS];
        for (row, each) in each.chunks_exact_mut(WINDOW).enumerate() {
            // `before` more than the row of the map, which may be below 0; so the column.
            let row = y + row;
            if row < before || row >= maps.height + before {
                continue;
            }
            let start = source
                .data
                .as_ptr()
                .wrapping_add((row - before) * maps.width * source.stride);
            for (column, pixel) in each.iter_mut().enumerate() {
                let column = x + column;
                if column >= before && column < maps.width + before {
                    *pixel = start.wrapping_add((column - before) * source.stride);
                }
            }
        }
        Self {
            corner: zeros,
            down: 0,
            right: 0,
            each,
        }
    }
}

/// Transforms one vector of channels of one tile, which begins at channel `c`; `FULL` if there
/// are as many as it holds, else there are `lanes`.
///
/// # Safety
/// As for [`forward`]; the channels can be read at the pixels, which were made `INSIDE` or not;
/// `to` has 36 places as the points of a tile lie.
#[inline(always)]
unsafe fn forward_one<V: Vector, const T: usize, const INSIDE: bool, const FULL: bool>(
    from: &Pixels,
    c: usize,
    lanes: usize,
    to: *mut f32,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        // Hidden from the compiler, which would keep 36 addresses in memory to save additions.
        let (down, right) = (black_box(from.down), black_box(from.right));
        let corner = from.corner.wrapping_add(c);
        if INSIDE && right > NEAR && c % LINE < V::LANES {
            // The columns that the next tile of the row does not share with this one, at the most.
            for i in 0..24 {
                V::fetch(corner.wrapping_add(i / 4 * down + (6 + i % 4) * right));
            }
        }
        let mut rows = [[V::splat(0.0); 6]; 6];
        for x in 0..6 {
            let mut pixels = [V::splat(0.0); 6];
            for (y, pixel) in pixels.iter_mut().enumerate() {
                let at = match INSIDE {
                    true => corner.add(y * down + x * right),
                    false => from.each[6 * y + x].add(c),
                };
                *pixel = match FULL {
                    true => V::load(at),
                    false => V::load_part(at, lanes),
                };
            }
            for (row, value) in rows.iter_mut().zip(points::input(pixels)) {
                row[x] = value;
            }
        }
        for (y, &row) in rows.iter().enumerate() {
            for (x, value) in points::input(row).into_iter().enumerate() {
                value.store(to.add((6 * y + x) * T * V::LANES));
            }
        }
    }
}
