// SPDX-License-Identifier: MIT OR Apache-2.0
//! The second step of a block of tiles: for each of the 36 points a product of two matrices, the
//! transformed input (tiles by input channels) and the transformed weights (input by output
//! channels). Sums stay in registers; every load of weights serves `M` tiles, every number of the
//! input `N` vectors.
#![allow(unsafe_code)]

use super::ahead::Ahead;
use super::block::Block;
use super::layer::{POINTS, Panel};
use crate::ops::conv::simd::Vector;

/// Multiplies the transformed input with the weights of a panel of `N` vectors, `M` tiles at a
/// time; `M` divides the tiles of a block, which are `T`.
///
/// # Safety
/// The processor has the instructions of `V`; scratch memory and weights are as large as the
/// layer says, whose blocks have `T`.
#[inline(always)]
pub(super) unsafe fn multiply<V: Vector, const T: usize, const M: usize, const N: usize>(
    block: &Block<'_>,
    panel: &Panel,
) {
    let layer = block.layer;
    let weights_step = layer.input_channels() * N * V::LANES;
    let ahead = Ahead::<N>::new(block, panel, POINTS * (T / M));
    for point in 0..POINTS {
        for tile in (0..block.count).step_by(M) {
            // SAFETY: there is room for M tiles from `tile` on.
            unsafe {
                ahead.fetch::<V>(point * (T / M) + tile / M);
                let at = (point * T + tile) * V::LANES;
                let input = block.input.add(at);
                let weights = block.weights.add(panel.weights + point * weights_step);
                let to = block.products.add(at);
                multiply_one::<V, T, M, N>(&layer.counts, input, weights, to);
            }
        }
    }
}

/// `M` tiles, `N` vectors of output channels, all input channels, one point.
///
/// # Safety
/// As for [`multiply`].
#[inline(always)]
unsafe fn multiply_one<V: Vector, const T: usize, const M: usize, const N: usize>(
    counts: &[usize],
    mut input: *const f32,
    mut weights: *const f32,
    to: *mut f32,
) {
    // SAFETY: by the contract of this function; the pointers end one step behind what is read.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; M];
        for &count in counts {
            for lane in 0..count {
                add_channel::<V, M, N>(&mut sums, input.add(lane), weights);
                weights = weights.wrapping_add(N * V::LANES);
            }
            input = input.wrapping_add(POINTS * T * V::LANES);
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                sum.store(to.add((j * POINTS * T + i) * V::LANES));
            }
        }
    }
}

/// Adds what one input channel gives.
///
/// # Safety
/// As for [`multiply`].
#[inline(always)]
unsafe fn add_channel<V: Vector, const M: usize, const N: usize>(
    sums: &mut [[V; N]; M],
    input: *const f32,
    weights: *const f32,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut row = [V::splat(0.0); N];
        for (j, row) in row.iter_mut().enumerate() {
            *row = V::load(weights.add(j * V::LANES));
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            let x = V::splat(*input.add(i * V::LANES));
            for (sum, &row) in sums.iter_mut().zip(&row) {
                *sum = x.mul_add(row, *sum);
            }
        }
    }
}
