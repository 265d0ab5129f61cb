// SPDX-License-Identifier: MIT OR Apache-2.0
//! The formats of pictures.
//!
//! Names and planes are those of GStreamer's `GstVideoFormat`. A format is a row of the one table
//! in `table.rs`: the kernels read subsampling, depth, planes and offsets from the row and know no
//! format by name.

mod table;

pub(crate) use table::{Component, Layout, Sample, Subsampling};

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

/// Memory layout of a picture. Samples are bytes unless a depth is given; deeper ones lie in words
/// of 16 bits, low byte first.
///
/// `x` in a name is a byte of padding, `A` is alpha. Both are carried along untouched, and so are
/// the bits of a word that belong to no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// Packed, 3 bytes: red, green, blue.
    Rgb,
    /// Packed, 3 bytes: blue, green, red.
    Bgr,
    /// Packed, 4 bytes: red, green, blue, padding.
    Rgbx,
    /// Packed, 4 bytes: blue, green, red, padding.
    Bgrx,
    /// Packed, 4 bytes: padding, red, green, blue.
    Xrgb,
    /// Packed, 4 bytes: padding, blue, green, red.
    Xbgr,
    /// Packed, 4 bytes: red, green, blue, alpha.
    Rgba,
    /// Packed, 4 bytes: blue, green, red, alpha.
    Bgra,
    /// Packed, 4 bytes: alpha, red, green, blue.
    Argb,
    /// Packed, 4 bytes: alpha, blue, green, red.
    Abgr,
    /// One plane of luma.
    Gray8,
    /// 4:2:0, three planes: Y, U, V.
    I420,
    /// 4:2:0, three planes: Y, V, U.
    Yv12,
    /// 4:2:0, two planes: Y, and U V by turns.
    Nv12,
    /// 4:2:0, two planes: Y, and V U by turns.
    Nv21,
    /// Three planes: green, blue, red.
    Gbr,
    /// Three planes, 10 bits: green, blue, red.
    Gbr10,
    /// One plane of luma, 16 bits.
    Gray16,
    /// 4:2:0, four planes: Y, U, V, alpha.
    A420,
    /// 4:2:0, three planes, 10 bits: Y, U, V.
    I42010,
    /// 4:2:0, three planes, 12 bits: Y, U, V.
    I42012,
    /// 4:2:0, two planes, 10 bits at the upper end of the word: Y, and U V by turns.
    P010,
    /// 4:2:2, three planes: Y, U, V.
    Y42b,
    /// 4:2:2, two planes: Y, and U V by turns.
    Nv16,
    /// 4:2:2, packed: Y U Y V for two pixels.
    Yuy2,
    /// 4:2:2, packed: U Y V Y for two pixels.
    Uyvy,
    /// 4:2:2, packed: Y V Y U for two pixels.
    Yvyu,
    /// 4:2:2, three planes, 10 bits: Y, U, V.
    I42210,
    /// 4:2:2, three planes, 12 bits: Y, U, V.
    I42212,
    /// 4:4:4, three planes: Y, U, V.
    Y444,
    /// 4:4:4, two planes: Y, and U V by turns.
    Nv24,
    /// 4:4:4, packed, 4 bytes: alpha, Y, U, V.
    Ayuv,
    /// 4:4:4, three planes, 10 bits: Y, U, V.
    Y44410,
    /// 4:4:4, three planes, 12 bits: Y, U, V.
    Y44412,
}

impl PixelFormat {
    /// Every format, in the order of the table.
    pub const ALL: [Self; 34] = [
        Self::Rgb,
        Self::Bgr,
        Self::Rgbx,
        Self::Bgrx,
        Self::Xrgb,
        Self::Xbgr,
        Self::Rgba,
        Self::Bgra,
        Self::Argb,
        Self::Abgr,
        Self::Gray8,
        Self::I420,
        Self::Yv12,
        Self::Nv12,
        Self::Nv21,
        Self::Gbr,
        Self::Gbr10,
        Self::Gray16,
        Self::A420,
        Self::I42010,
        Self::I42012,
        Self::P010,
        Self::Y42b,
        Self::Nv16,
        Self::Yuy2,
        Self::Uyvy,
        Self::Yvyu,
        Self::I42210,
        Self::I42212,
        Self::Y444,
        Self::Nv24,
        Self::Ayuv,
        Self::Y44410,
        Self::Y44412,
    ];

    /// The row of this format.
    pub(crate) fn layout(self) -> &'static Layout {
        let row = &table::TABLE[self as usize];
        debug_assert!(
            row.format == self,
            "the table is not in the order of the enumeration"
        );
        row
    }

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
