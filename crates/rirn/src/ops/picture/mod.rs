// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures to frames and corrections back into pictures, as [`crate::pixel`] does it, by tensor
//! operations: where a network computes on a GPU, only the bytes of the picture travel there and
//! back. One table of formats drives both; `docs/STRUCTURE.md` has what was measured.
//!
//! Values agree with [`pixel::unpack`](crate::pixel::unpack) to 1e-6, codes with
//! [`pixel::pack`](crate::pixel::pack) to one, which a sum near the middle between two codes makes.
//! What the network leaves alone comes out bit by bit as it came in, here as well.

mod chroma;
mod pack;
mod samples;
mod unpack;

pub(crate) use pack::pack;
pub(crate) use unpack::unpack;

use crate::error::Result;
use crate::pixel::{Component, Shape};
use std::ops::Range;
use tch::{Device, Tensor};

/// A picture whose planes are tensors on one device.
pub(crate) struct Planes {
    shape: Shape,
    /// Plane after plane and row after row, without stride padding, 8 bit; perhaps more behind.
    bytes: Tensor,
    /// Views of them, each `[rows, bytes of a row]`.
    planes: Vec<Tensor>,
}

impl Planes {
    /// Cuts the bytes of a picture, plane after plane and row after row, into planes.
    pub(crate) fn new(shape: Shape, bytes: &Tensor) -> Result<Self> {
        let mut begin = 0;
        let planes = shape.plane_sizes().map(|(row_bytes, rows)| {
            let size = [length(rows), length(row_bytes)];
            let plane = bytes.f_narrow(0, begin, size[0] * size[1])?;
            begin += size[0] * size[1];
            Ok(plane.f_view(size)?)
        });
        Ok(Self {
            shape,
            planes: planes.collect::<Result<_>>()?,
            bytes: bytes.shallow_clone(),
        })
    }

    /// What the picture is, apart from its bytes.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// The same on `device`; shared where they are there already.
    pub(crate) fn on(&self, device: Device) -> Result<Self> {
        Self::new(self.shape, &self.bytes.f_to_device(device)?)
    }

    /// The planes of components of one size, and where the samples lie in them.
    fn parts(&self, components: Range<usize>) -> Vec<(&Tensor, Component)> {
        let components = &self.shape.format.layout().components[components];
        let part = |component: &Component| (&self.planes[component.plane], *component);
        components.iter().map(part).collect()
    }

    /// Height and width of the picture in pixels.
    fn size(&self) -> [i64; 2] {
        [length(self.shape.height), length(self.shape.width)]
    }
}

/// A length that fits into memory, as LibTorch counts it.
fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
