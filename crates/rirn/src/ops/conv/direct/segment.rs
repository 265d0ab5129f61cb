// SPDX-License-Identifier: MIT OR Apache-2.0
//! A segment of a row of the output, a panel of its channels. As many rows of taps as have their
//! weights in the level-1 cache together pass by all pixels of the segment, `M` of them at a time:
//! `M` pixels by `N` vectors of sums are in registers then. Every load of weights serves `M`
//! pixels, every number of the input `N` vectors.
#![allow(unsafe_code)]

use super::ahead::{input_ahead, output_ahead};
use super::layer::{Layer, Panel};
use crate::ops::conv::finish::{Output, finish};
use crate::ops::conv::job::Source;
use crate::ops::conv::simd::Vector;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Most numbers of all sums: twenty-four pixels by three vectors of sixteen.
const MOST: usize = 1152;

/// Input channels in a round of the innermost loop.
const UNROLL: usize = 4;

/// The maps of a call, checked against the layer.
pub(super) struct Maps<'a> {
    /// Size of the sources.
    pub(super) height: usize,
    pub(super) width: usize,
    /// Pixels in a row of the output.
    pub(super) across: usize,
    /// Taps that lie side by side in memory: all of a row of the kernel, or one.
    pub(super) joined: usize,
    pub(super) sources: &'a [Source<'a>],
    pub(super) output: Output<'a>,
}

/// A row of the output.
pub(super) struct Row<'a> {
    pub(super) layer: &'a Layer,
    pub(super) maps: &'a Maps<'a>,
    /// Channels of all sources.
    pub(super) channels: usize,
    pub(super) weights: *const f32,
    pub(super) bias: *const f32,
    /// A pixel of the widest source, outside of the map.
    pub(super) zeros: *const f32,
    /// Which row it is.
    pub(super) y: usize,
}

impl Row<'_> {
    /// Rows of the kernel that lie on rows of the map.
    fn taps(&self) -> Range<usize> {
        let (kernel, top) = (self.layer.kernel, self.y * self.layer.stride);
        let rim = kernel / 2;
        rim.saturating_sub(top)..kernel.min(self.maps.height + rim - top)
    }

    /// Whether all taps of `count` pixels from `x` on lie on columns of the map.
    fn is_inside(&self, x: usize, count: usize) -> bool {
        let (kernel, left) = (self.layer.kernel, x * self.layer.stride);
        let right = left + (count - 1) * self.layer.stride + kernel - kernel / 2;
        left >= kernel / 2 && right <= self.maps.width
    }
}

/// Computes and writes a panel of the `S` pixels from `x` on, or of those of them that the row has,
/// `M` at a time; `M` divides `S`.
///
/// # Safety
/// The processor has the instructions of `V`; maps, weights, bias and zeros are as large as the layer
/// says; the panel has `N` vectors; the row is one of the output, `x` one of its pixels, and nobody
/// else touches the segment's pixels.
#[inline(always)]
pub(super) unsafe fn segment<V: Vector, const S: usize, const M: usize, const N: usize>(
    row: &Row<'_>,
    panel: &Panel,
    x: usize,
) {
    const { assert!(S * N * V::LANES <= MOST && S.is_multiple_of(M)) };
    let mut sums = [MaybeUninit::<f32>::uninit(); MOST];
    let sums = sums.as_mut_ptr().cast::<f32>();
    let count = S.min(row.maps.across - x);
    let taps = row.taps();
    let mut first = taps.start;
    while first < taps.end {
        let some = first..taps.end.min(first + panel.rows);
        let is_first = first == taps.start;
        for i in (0..count).step_by(M) {
            let is_inside = row.is_inside(x + i, M);
            // SAFETY: the same contract; there is room for the sums of `S` pixels, and all but the
            // first taps find sums there.
            unsafe {
                let to = sums.add(i * N * V::LANES);
                let some = some.clone();
                match is_inside {
                    true => group::<V, M, N, true>(row, panel, some, x + i, to, is_first),
                    false => group::<V, M, N, false>(row, panel, some, x + i, to, is_first),
                }
                if is_first {
                    let done = panel.channel * S + i * N * V::LANES;
                    input_ahead::<V, S>(row, x + S, done, M * N * V::LANES);
                    output_ahead::<V>(row, panel.channel, x + i..x + count.min(i + M));
                }
            }
        }
        first += panel.rows;
    }
    let pixels = (row.y * row.maps.across + x, count);
    // SAFETY: the same contract; the sums of `count` pixels are complete.
    unsafe { finish::<V, N>(&row.maps.output, panel.channel, pixels, sums, None) }
}

/// Adds what some rows of taps give to the sums of `M` pixels from `x` on, of which some may lie
/// behind the row; or to the bias, if they are the first. `INSIDE` if all taps lie on columns of the
/// map.
///
/// # Safety
/// As for [`segment`]; there is room for the sums, which are there unless the taps are the first.
#[inline(always)]
unsafe fn group<V: Vector, const M: usize, const N: usize, const INSIDE: bool>(
    row: &Row<'_>,
    panel: &Panel,
    taps: Range<usize>,
    x: usize,
    to: *mut f32,
    is_first: bool,
) {
    // SAFETY: by the contract of this function; the weights of the panel's taps follow each other.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; M];
        let (kernel, rim) = (row.layer.kernel, row.layer.kernel / 2);
        let step = row.channels * N * V::LANES;
        for tap in taps {
            let v = row.y * row.layer.stride + tap - rim;
            let weights = row.weights.add(panel.weights + tap * kernel * step);
            match INSIDE {
                true => inside(row, (v, x), &mut sums, weights),
                false => beside(row, (v, x), &mut sums, weights),
            }
        }
        let mut bias = [V::splat(0.0); N];
        for (j, bias) in bias.iter_mut().enumerate() {
            *bias = V::load(row.bias.add(panel.channel + j * V::LANES));
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, (&sum, &bias)) in sums.iter().zip(&bias).enumerate() {
                let to = to.add((i * N + j) * V::LANES);
                let before = if is_first { bias } else { V::load(to) };
                sum.add(before).store(to);
            }
        }
    }
}

/// Adds what a row of the map gives to pixels whose taps all lie on it.
///
/// # Safety
/// As for [`segment`]; `weights` are those of the row's taps.
#[inline(always)]
unsafe fn inside<V: Vector, const M: usize, const N: usize>(
    row: &Row<'_>,
    (v, x): (usize, usize),
    sums: &mut [[V; N]; M],
    mut weights: *const f32,
) {
    let (layer, maps) = (row.layer, row.maps);
    let first = v * maps.width + x * layer.stride - layer.kernel / 2;
    let mut tap = 0;
    // No `step_by`, which divides.
    while tap < layer.kernel {
        for (source, &channels) in maps.sources.iter().zip(&layer.inputs) {
            let step = layer.stride * source.stride;
            let count = channels * maps.joined;
            // SAFETY: by the contract of this function; joined taps are one run of numbers.
            unsafe {
                let from = source.data.as_ptr().add((first + tap) * source.stride);
                let mut k = 0;
                while k + UNROLL <= count {
                    for n in 0..UNROLL {
                        let pixels = from.add(k + n);
                        let weights = weights.add(n * N * V::LANES);
                        add::<V, M, N>(sums, |i| pixels.add(i * step), weights);
                    }
                    k += UNROLL;
                    weights = weights.wrapping_add(UNROLL * N * V::LANES);
                }
                while k < count {
                    let pixels = from.add(k);
                    add::<V, M, N>(sums, |i| pixels.add(i * step), weights);
                    k += 1;
                    weights = weights.wrapping_add(N * V::LANES);
                }
            }
        }
        tap += maps.joined;
    }
}

/// Adds what a row of the map gives to pixels of which some taps lie beside it: zeros stand there.
///
/// # Safety
/// As for [`segment`]; `weights` are those of the row's taps.
#[inline(always)]
unsafe fn beside<V: Vector, const M: usize, const N: usize>(
    row: &Row<'_>,
    (v, x): (usize, usize),
    sums: &mut [[V; N]; M],
    mut weights: *const f32,
) {
    let (layer, maps) = (row.layer, row.maps);
    for tap in 0..layer.kernel {
        for (source, &channels) in maps.sources.iter().zip(&layer.inputs) {
            let mut pixels = [row.zeros; M];
            for (i, pixel) in pixels.iter_mut().enumerate() {
                // One more than the rim to the right, so that it is never negative.
                let column = (x + i) * layer.stride + tap;
                if column >= layer.kernel / 2 && column - layer.kernel / 2 < maps.width {
                    let at = (v * maps.width + column - layer.kernel / 2) * source.stride;
                    *pixel = source.data.as_ptr().wrapping_add(at);
                }
            }
            for k in 0..channels {
                // SAFETY: by the contract of this function; each pixel has `channels` numbers.
                unsafe { add::<V, M, N>(sums, |i| pixels[i].add(k), weights) };
                weights = weights.wrapping_add(N * V::LANES);
            }
        }
    }
}

/// Adds what one input channel at one tap gives; `at` says where the numbers of the pixels are.
///
/// # Safety
/// As for [`segment`].
#[inline(always)]
unsafe fn add<V: Vector, const M: usize, const N: usize>(
    sums: &mut [[V; N]; M],
    at: impl Fn(usize) -> *const f32,
    weights: *const f32,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut line = [V::splat(0.0); N];
        for (j, line) in line.iter_mut().enumerate() {
            *line = V::load(weights.add(j * V::LANES));
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            let x = V::splat(*at(i));
            for (sum, &line) in sums.iter_mut().zip(&line) {
                *sum = x.mul_add(line, *sum);
            }
        }
    }
}
