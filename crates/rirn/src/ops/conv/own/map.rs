// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tensors as the kernels see them: lends their memory.
#![allow(unsafe_code)]

use super::index;
use crate::error::Result;
use crate::ops::conv::job::Source;
use std::fmt;
use tch::Tensor;

/// A tensor as the kernels see it.
pub(super) struct Map<'a> {
    pub(super) source: Source<'a>,
    pub(super) height: i64,
    pub(super) width: i64,
}

impl fmt::Display for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.source.data.len();
        let (width, height) = (self.width, self.height);
        write!(f, "{width}x{height} pixels in {numbers} numbers")
    }
}

/// `x` itself if [`map`] can describe it, else a copy in channels-last memory.
pub(super) fn mapped(x: &Tensor) -> Result<Tensor> {
    if map(x).is_some() {
        return Ok(x.shallow_clone());
    }
    let rows = x.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}

/// A plain tensor `[1, channels, height, width]` as a map, if it has numbers, its channels lie side by side
/// and its rows follow each other like its pixels. Steps of sides of length 1 mean nothing.
pub(super) fn map(x: &Tensor) -> Option<Map<'_>> {
    let ([batch, channels, height, width], [_, next, down, right]) = (shape(x)?, steps(x)?);
    // Without numbers there is no memory either: its address is none that a slice may have.
    if batch != 1 || [channels, height, width].iter().any(|side| *side < 1) {
        return None;
    }
    let pixel = match (height, width) {
        (1, 1) => channels,
        (_, 1) => down,
        _ => right,
    };
    let side_by_side = channels == 1 || next == 1;
    let rows_follow = height == 1 || down == width * pixel;
    if !(side_by_side && rows_follow && pixel >= channels) {
        return None;
    }
    let len = index((height * width - 1) * pixel + channels);
    // SAFETY: a float32 tensor on the CPU, whose last number lies `len - 1` behind its first one by
    // its own size and strides; the tensor outlives the map, and nobody writes into it meanwhile:
    // tensors stay on one thread at a time, which is in the kernels until they are done.
    let data = unsafe { std::slice::from_raw_parts(x.data_ptr().cast_const().cast(), len) };
    let stride = index(pixel);
    Some(Map {
        source: Source { data, stride },
        height,
        width,
    })
}

/// The rows of a tensor `[1, channels, height, width]`, each in channels-last order, with gaps between them
/// or without: what cropping leaves of a map.
pub(in crate::ops) struct Rows<'a> {
    data: &'a [f32],
    length: usize,
    /// Numbers from one row to the next.
    down: usize,
    count: usize,
}

impl<'a> Rows<'a> {
    /// Those of a plain tensor; nothing if it has none, or not in this order.
    pub(in crate::ops) fn of(x: &'a Tensor) -> Option<Self> {
        let ([batch, channels, height, width], [_, next, down, right]) = (shape(x)?, steps(x)?);
        if batch != 1 || [channels, height, width].iter().any(|side| *side < 1) {
            return None;
        }
        let is_in_order = (channels == 1 || next == 1) && (width == 1 || right == channels);
        if !(is_in_order && (height == 1 || down >= width * channels)) {
            return None;
        }
        let [length, down, count] = [width * channels, down, height].map(index);
        let len = (count - 1) * down + length;
        // SAFETY: as in `map`: by the tensor's own size and strides its last row ends there.
        let data = unsafe { std::slice::from_raw_parts(x.data_ptr().cast_const().cast(), len) };
        Some(Self {
            data,
            length,
            down,
            count,
        })
    }

    /// How many there are.
    pub(in crate::ops) fn count(&self) -> usize {
        self.count
    }

    /// Row `y` of them.
    pub(in crate::ops) fn row(&self, y: usize) -> &'a [f32] {
        &self.data[y * self.down..][..self.length]
    }
}

pub(super) fn shape(x: &Tensor) -> Option<[i64; 4]> {
    x.size().try_into().ok()
}

fn steps(x: &Tensor) -> Option<[i64; 4]> {
    x.stride().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{map, mapped};
    use tch::{Device, Kind, Tensor};

    #[test]
    fn a_tensor_without_numbers_or_of_other_than_one_picture_is_no_map() {
        let size = |[batch, channels, height, width]: [i64; 4]| {
            let rows = Tensor::zeros([batch, height, width, channels], (Kind::Float, Device::Cpu));
            rows.permute([0, 3, 1, 2])
        };
        let whole = [1, 3, 4, 5];
        assert!(map(&size(whole)).is_some());
        for place in 0..4 {
            let mut part = whole;
            part[place] = 0;
            let empty = size(part);
            assert!(map(&empty).is_none());
            assert_eq!(mapped(&empty).expect("a copy of nothing").size(), part);
        }
        assert!(map(&size([2, 3, 4, 5])).is_none());
    }
}
