// SPDX-License-Identifier: MIT OR Apache-2.0
//! Asks for memory before it is needed, while sums are computed: what a processor foresees by itself
//! is one run of numbers, and not what lies in several maps or is a panel's part of each pixel. With
//! it 1×1 from 176 to 80 channels takes three quarters of the time.
#![allow(unsafe_code)]

use super::segment::Row;
use crate::ops::conv::memory::LINE;
use crate::ops::conv::simd::Vector;
use std::ops::Range;

/// Asks for the lines of the output's pixels that the first numbers of a panel lie in.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn output_ahead<V: Vector>(row: &Row<'_>, channel: usize, pixels: Range<usize>) {
    let (output, stride) = (row.maps.output.data, row.maps.output.stride);
    for pixel in pixels {
        let at = (row.y * row.maps.across + pixel) * stride + channel;
        // SAFETY: by the contract of this function; the address need not be one of memory.
        unsafe { V::fetch(output.wrapping_add(at)) }
    }
}

/// Asks for a share of the `S` pixels from `x` on, which may lie behind the row and behind the map.
/// The shares follow each other as the sums of a segment do: `done` numbers of `S` pixels before,
/// `now` in this one. Only for kernels of 1×1: larger ones have met nearly all of their input in the
/// row before.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn input_ahead<V: Vector, const S: usize>(
    row: &Row<'_>,
    x: usize,
    done: usize,
    now: usize,
) {
    if row.layer.kernel != 1 {
        return;
    }
    let width = row.layer.out.next_multiple_of(V::LANES);
    let first = row.y * row.layer.stride * row.maps.width;
    for pixel in done / width..((done + now) / width).min(S) {
        let pixel = first + (x + pixel) * row.layer.stride;
        for (source, &channels) in row.maps.sources.iter().zip(&row.layer.inputs) {
            let from = source.data.as_ptr().wrapping_add(pixel * source.stride);
            for k in (0..channels).step_by(LINE) {
                // SAFETY: by the contract of this function; the address need not be one of memory.
                unsafe { V::fetch(from.wrapping_add(k)) }
            }
        }
    }
}
