// SPDX-License-Identifier: MIT OR Apache-2.0
//! From sums to pixels of the output, with residual and ReLU. The only place that writes into a map.
#![allow(unsafe_code)]

use super::layer::Panel;
use super::segment::Row;
use crate::ops::conv::job::Source;
use crate::ops::conv::simd::Vector;

/// Finishes `count` pixels of a panel from `x` on and writes them.
///
/// # Safety
/// The processor has the instructions of `V`; maps and sums are as large as the layer says; the
/// panel has `N` vectors; the pixels lie in the row and have sums, and nobody else touches them.
#[inline(always)]
pub(super) unsafe fn finish<V: Vector, const N: usize>(
    row: &Row<'_>,
    panel: &Panel,
    (x, count): (usize, usize),
    sums: *const f32,
) {
    let pixels = (row.y * row.maps.across + x, count);
    let is_full = panel.channel + N * V::LANES <= row.layer.out;
    // SAFETY: the same contract; whether all lanes are channels of the output has been asked.
    unsafe {
        match (is_full, row.maps.residual) {
            (true, None) => pixel_by_pixel::<V, N, true>(row, panel, pixels, sums, None),
            (true, some) => pixel_by_pixel::<V, N, true>(row, panel, pixels, sums, some),
            (false, some) => pixel_by_pixel::<V, N, false>(row, panel, pixels, sums, some),
        }
    }
}

/// The same from the pixel `first` of the map on; `FULL` if all lanes are channels of the output.
///
/// # Safety
/// As for [`finish`].
#[inline(always)]
unsafe fn pixel_by_pixel<V: Vector, const N: usize, const FULL: bool>(
    row: &Row<'_>,
    panel: &Panel,
    (first, count): (usize, usize),
    mut sums: *const f32,
    residual: Option<Source<'_>>,
) {
    let (output, stride, out) = (row.maps.output, row.maps.output_stride, row.layer.out);
    // SAFETY: pixels and lanes keep to what the maps have.
    unsafe {
        let low = V::splat(row.maps.low);
        for pixel in first..first + count {
            for j in 0..N {
                let channel = panel.channel + j * V::LANES;
                let lanes = match FULL {
                    true => V::LANES,
                    false => (out - channel).min(V::LANES),
                };
                let mut value = V::load(sums);
                sums = sums.add(V::LANES);
                if let Some(residual) = residual {
                    let from = residual
                        .data
                        .as_ptr()
                        .add(pixel * residual.stride + channel);
                    value = value.add(match lanes == V::LANES {
                        true => V::load(from),
                        false => V::load_part(from, lanes),
                    });
                }
                value = value.at_least(low);
                let to = output.add(pixel * stride + channel);
                match lanes == V::LANES {
                    true => value.store(to),
                    false => value.store_part(to, lanes),
                }
            }
        }
    }
}
