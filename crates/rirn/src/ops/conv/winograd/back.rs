// SPDX-License-Identifier: MIT OR Apache-2.0
//! The last step of a block of tiles: from products to pixels of the output, with bias, residual
//! and ReLU. The only place that writes into a map.
#![allow(unsafe_code)]

use super::block::{Block, Maps};
use super::layer::{POINTS, Panel};
use super::points;
use crate::ops::conv::simd::Vector;
use std::ptr;

/// Where one vector of one tile goes, and how much of it there is.
struct Place {
    output: *mut f32,
    /// Null without a residual.
    residual: *const f32,
    rows: usize,
    columns: usize,
    lanes: usize,
}

/// Transforms the products of a panel back and writes the pixels of the block's tiles, which
/// have `E` to a side; the block has room for `T`.
///
/// # Safety
/// The processor has the instructions of `V`; maps and scratch memory are as large as the layer
/// says, whose blocks have `T`; the tiles are tiles of the maps, and nobody else touches their
/// pixels of the output.
#[inline(always)]
pub(super) unsafe fn back<V: Vector, const T: usize, const E: usize>(
    block: &Block<'_>,
    panel: &Panel,
) {
    let (layer, maps) = (block.layer, block.maps);
    for tile in 0..block.count {
        let (y, x) = maps.corner(block.first + tile, E);
        let pixel = y * maps.width + x;
        for j in 0..panel.vectors {
            let channel = panel.channel + j * V::LANES;
            // SAFETY: the products and the bias of the panel are there; the place is the tile's
            // first pixel, of which the maps have `rows` by `columns` and `lanes` channels.
            unsafe {
                let place = Place {
                    output: maps.output.add(pixel * maps.output_stride + channel),
                    residual: maps.residual.map_or(ptr::null(), |residual| {
                        residual
                            .data
                            .as_ptr()
                            .wrapping_add(pixel * residual.stride + channel)
                    }),
                    rows: (maps.height - y).min(E),
                    columns: (maps.width - x).min(E),
                    lanes: (layer.out - channel).min(V::LANES),
                };
                let from = block.products.add((j * POINTS * T + tile) * V::LANES);
                let bias = V::load(block.bias.add(channel));
                let rows = back_one::<V, T, E>(from);
                if place.rows == E && place.columns == E && place.lanes == V::LANES {
                    write::<V, E, true>(maps, &rows, bias, &place);
                } else {
                    write::<V, E, false>(maps, &rows, bias, &place);
                }
            }
        }
    }
}

/// `E` rows of six values, of which the row's own transform is still to be made.
///
/// # Safety
/// As for [`back`]; `from` has 36 vectors as the points of a tile lie.
#[inline(always)]
unsafe fn back_one<V: Vector, const T: usize, const E: usize>(from: *const f32) -> [[V; 6]; E] {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut rows = [[V::splat(0.0); 6]; E];
        for x in 0..6 {
            let mut column = [V::splat(0.0); 6];
            for (y, value) in column.iter_mut().enumerate() {
                *value = V::load(from.add((6 * y + x) * T * V::LANES));
            }
            for (row, value) in rows.iter_mut().zip(points::output::<V, E>(column)) {
                row[x] = value;
            }
        }
        rows
    }
}

/// Finishes the rows and writes them; `FULL` if the tile and the vector lie in the map in full.
///
/// # Safety
/// As for [`back`].
#[inline(always)]
unsafe fn write<V: Vector, const E: usize, const FULL: bool>(
    maps: &Maps<'_>,
    rows: &[[V; 6]; E],
    bias: V,
    place: &Place,
) {
    let (height, width, lanes) = match FULL {
        true => (E, E, V::LANES),
        false => (place.rows, place.columns, place.lanes),
    };
    let residual_stride = maps.residual.map_or(0, |r| r.stride);
    let (mut to, mut residual) = (place.output, place.residual);
    // SAFETY: rows, columns and lanes keep to the pixels and channels that the maps have.
    unsafe {
        let low = V::splat(maps.low);
        for &row in rows.iter().take(height) {
            let pixels = points::output::<V, E>(row);
            for (x, &value) in pixels.iter().enumerate().take(width) {
                let mut value = value.add(bias);
                if !residual.is_null() {
                    let from = residual.add(x * residual_stride);
                    value = value.add(match lanes == V::LANES {
                        true => V::load(from),
                        false => V::load_part(from, lanes),
                    });
                }
                value = value.at_least(low);
                let to = to.add(x * maps.output_stride);
                match lanes == V::LANES {
                    true => value.store(to),
                    false => value.store_part(to, lanes),
                }
            }
            to = to.wrapping_add(maps.width * maps.output_stride);
            residual = residual.wrapping_add(maps.width * residual_stride);
        }
    }
}
