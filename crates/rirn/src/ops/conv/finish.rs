// SPDX-License-Identifier: MIT OR Apache-2.0
//! From sums to pixels of the output, with residual and ReLU. The only place where the direct form
//! and that in tiles write into a map.
#![allow(unsafe_code)]

use super::job::{Job, Source};
use super::simd::Vector;

/// Where the result of a call goes, and what is done with it on the way.
pub(super) struct Output<'a> {
    /// Channels.
    pub(super) channels: usize,
    pub(super) residual: Option<Source<'a>>,
    /// What the output is at least: zero with ReLU, else minus infinity.
    pub(super) low: f32,
    pub(super) data: *mut f32,
    /// Numbers from one pixel to the next.
    pub(super) stride: usize,
}

impl<'a> Output<'a> {
    /// That of a call of a layer with so many output channels.
    pub(super) fn of(job: &mut Job<'a>, channels: usize) -> Self {
        Self {
            channels,
            residual: job.residual,
            low: if job.relu { 0.0 } else { f32::NEG_INFINITY },
            data: job.output.data.as_mut_ptr(),
            stride: job.output.stride,
        }
    }
}

/// Finishes `N` vectors of the pixels from `pixels.0` on, `pixels.1` of them, and writes them.
/// Lanes begin with `channel`; those behind the last channel are left out. A bias, if any, begins with
/// that of `channel` and has whole vectors.
///
/// # Safety
/// The processor has the instructions of `V`; sums are there, vector after vector and pixel after
/// pixel; the pixels lie in the maps, which have the channels, and nobody else touches them;
/// `channel` is one of the output.
#[inline(always)]
pub(super) unsafe fn finish<V: Vector, const N: usize>(
    output: &Output<'_>,
    channel: usize,
    pixels: (usize, usize),
    sums: *const f32,
    bias: Option<*const f32>,
) {
    let is_full = channel + N * V::LANES <= output.channels;
    // SAFETY: the same contract; whether all lanes are channels of the output has been asked.
    unsafe {
        match (is_full, output.residual) {
            (true, None) => pixels_of::<V, N, true>(output, channel, pixels, (sums, bias), None),
            (true, some) => pixels_of::<V, N, true>(output, channel, pixels, (sums, bias), some),
            (false, some) => pixels_of::<V, N, false>(output, channel, pixels, (sums, bias), some),
        }
    }
}

/// The same; `FULL` if all lanes are channels of the output.
///
/// # Safety
/// As for [`finish`].
#[inline(always)]
unsafe fn pixels_of<V: Vector, const N: usize, const FULL: bool>(
    output: &Output<'_>,
    first_channel: usize,
    (first, count): (usize, usize),
    (mut sums, bias): (*const f32, Option<*const f32>),
    residual: Option<Source<'_>>,
) {
    // SAFETY: pixels and lanes keep to what the maps have.
    unsafe {
        let low = V::splat(output.low);
        let bias: Option<[V; N]> =
            bias.map(|bias| std::array::from_fn(|j| V::load(bias.add(j * V::LANES))));
        for pixel in first..first + count {
            for j in 0..N {
                let channel = first_channel + j * V::LANES;
                let lanes = match FULL {
                    true => V::LANES,
                    false => output.channels.saturating_sub(channel).min(V::LANES),
                };
                let from = sums;
                sums = sums.add(V::LANES);
                if lanes == 0 {
                    continue;
                }
                let mut value = V::load(from);
                if let Some(bias) = bias {
                    value = value.add(bias[j]);
                }
                if let Some(residual) = residual {
                    let from = residual.data.as_ptr();
                    let from = from.add(pixel * residual.stride + channel);
                    value = value.add(match lanes == V::LANES {
                        true => V::load(from),
                        false => V::load_part(from, lanes),
                    });
                }
                value = value.at_least(low);
                let to = output.data.add(pixel * output.stride + channel);
                match lanes == V::LANES {
                    true => value.store(to),
                    false => value.store_part(to, lanes),
                }
            }
        }
    }
}
