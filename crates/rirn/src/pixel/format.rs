// SPDX-License-Identifier: MIT OR Apache-2.0
//! The formats of pictures.
//!
//! Names and planes are those of GStreamer's `GstVideoFormat`. A format is a row of the one table
//! in `format/table.rs`: the kernels read subsampling, depth, planes and offsets from the row and know no
//! format by name.

mod layout;
mod table;

pub(crate) use layout::{Component, Layout, Sample, Subsampling};
pub use table::PixelFormat;

use std::fmt;

/// What the components of a format are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Red, green, blue.
    Rgb,
    /// Luma alone.
    Gray,
    /// Luma and two colour differences.
    Yuv,
}

impl PixelFormat {
    /// GStreamer's name, such as `RGB`, `RGBx` or `NV12`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.layout().name
    }

    /// The format of a GStreamer name; `None` for one that is not in the table. Case counts.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What the components are.
    #[must_use]
    pub fn family(self) -> Family {
        self.layout().family
    }

    /// Planes that a picture of this format has, 1 to 4.
    #[must_use]
    pub fn plane_count(self) -> usize {
        self.layout().planes.len()
    }

    /// Bytes of a row without stride padding, and rows, of plane `plane` of a picture of
    /// `width` x `height` pixels. Subsampled sizes round up.
    ///
    /// `None` where the format has no such plane or the bytes overflow.
    #[must_use]
    pub fn plane_size(self, plane: usize, width: usize, height: usize) -> Option<(usize, usize)> {
        let layout = self.layout();
        let plane = layout.planes.get(plane)?;
        let steps = width.div_ceil(plane.step.horizontal);
        Some((
            steps.checked_mul(plane.samples * layout.sample.bytes)?,
            height.div_ceil(plane.step.vertical),
        ))
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
