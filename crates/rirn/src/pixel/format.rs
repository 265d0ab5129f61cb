// SPDX-License-Identifier: MIT OR Apache-2.0
//! The formats of pictures and the one table that says where their colour components lie.
//!
//! Names and planes are those of GStreamer's `GstVideoFormat`. A format is a row of [`layout`]:
//! the kernels read subsampling, depth, planes and offsets from the row and know no format by
//! name. A further 8-bit format (4:2:2, 4:4:4, packed YUV, planar RGB) is a further row; a deeper
//! one also needs its sample type in `codes.rs`.

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

/// Memory layout of a picture, 8 bits a component.
///
/// `x` in a name is a byte of padding, `A` is alpha; both are carried along untouched.
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
}

/// Luma columns and rows that one sample stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subsampling {
    /// Columns: 1 or 2.
    pub(crate) horizontal: usize,
    /// Rows: 1 or 2.
    pub(crate) vertical: usize,
}

/// One plane: each step of `bytes` bytes covers `step` luma pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaneLayout {
    /// Luma columns and rows that a step covers.
    pub(crate) step: Subsampling,
    /// Bytes of a step.
    pub(crate) bytes: usize,
}

/// Where the samples of one colour component lie in the rows of a plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component {
    /// Index of the plane.
    pub(crate) plane: usize,
    /// Byte of the first sample in a row.
    pub(crate) offset: usize,
    /// Bytes from one sample to the next: 1 to 4.
    pub(crate) step: usize,
}

/// A row of the format table.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The format this row describes.
    pub(crate) format: PixelFormat,
    /// GStreamer's name.
    pub(crate) name: &'static str,
    /// What the components are.
    pub(crate) family: Family,
    /// Significant bits of a sample.
    pub(crate) bits: u32,
    /// Luma pixels that a chroma sample stands for; 1 and 1 without chroma.
    pub(crate) chroma: Subsampling,
    /// Planes in the order of memory: 1 to 4.
    pub(crate) planes: &'static [PlaneLayout],
    /// Red, green, blue; or luma; or luma, U, V. Alpha and padding are in no row.
    pub(crate) components: &'static [Component],
}

/// Every pixel has its own sample.
const FULL: Subsampling = Subsampling {
    horizontal: 1,
    vertical: 1,
};
/// 4:2:0.
const QUARTER: Subsampling = Subsampling {
    horizontal: 2,
    vertical: 2,
};

const fn plane(step: Subsampling, bytes: usize) -> PlaneLayout {
    PlaneLayout { step, bytes }
}

const fn at(plane: usize, offset: usize, step: usize) -> Component {
    Component {
        plane,
        offset,
        step,
    }
}

const PACKED_3: &[PlaneLayout] = &[plane(FULL, 3)];
const PACKED_4: &[PlaneLayout] = &[plane(FULL, 4)];
const LUMA_ONLY: &[PlaneLayout] = &[plane(FULL, 1)];
const PLANAR_420: &[PlaneLayout] = &[plane(FULL, 1), plane(QUARTER, 1), plane(QUARTER, 1)];
const SEMI_420: &[PlaneLayout] = &[plane(FULL, 1), plane(QUARTER, 2)];

const RGB: &[Component] = &[at(0, 0, 3), at(0, 1, 3), at(0, 2, 3)];
const BGR: &[Component] = &[at(0, 2, 3), at(0, 1, 3), at(0, 0, 3)];
const RGB_FIRST: &[Component] = &[at(0, 0, 4), at(0, 1, 4), at(0, 2, 4)];
const BGR_FIRST: &[Component] = &[at(0, 2, 4), at(0, 1, 4), at(0, 0, 4)];
const RGB_LAST: &[Component] = &[at(0, 1, 4), at(0, 2, 4), at(0, 3, 4)];
const BGR_LAST: &[Component] = &[at(0, 3, 4), at(0, 2, 4), at(0, 1, 4)];
const Y: &[Component] = &[at(0, 0, 1)];
const Y_U_V: &[Component] = &[at(0, 0, 1), at(1, 0, 1), at(2, 0, 1)];
const Y_V_U: &[Component] = &[at(0, 0, 1), at(2, 0, 1), at(1, 0, 1)];
const Y_UV: &[Component] = &[at(0, 0, 1), at(1, 0, 2), at(1, 1, 2)];
const Y_VU: &[Component] = &[at(0, 0, 1), at(1, 1, 2), at(1, 0, 2)];

type Planes = &'static [PlaneLayout];
type Components = &'static [Component];

const fn rgb(f: PixelFormat, name: &'static str, planes: Planes, components: Components) -> Layout {
    Layout {
        format: f,
        name,
        family: Family::Rgb,
        bits: 8,
        chroma: FULL,
        planes,
        components,
    }
}

const fn yuv(f: PixelFormat, name: &'static str, planes: Planes, components: Components) -> Layout {
    Layout {
        format: f,
        name,
        family: Family::Yuv,
        bits: 8,
        chroma: QUARTER,
        planes,
        components,
    }
}

const fn gray(f: PixelFormat, name: &'static str, planes: Planes) -> Layout {
    Layout {
        format: f,
        name,
        family: Family::Gray,
        bits: 8,
        chroma: FULL,
        planes,
        components: Y,
    }
}

/// The table, in the order of the enumeration.
static TABLE: [Layout; PixelFormat::ALL.len()] = [
    rgb(PixelFormat::Rgb, "RGB", PACKED_3, RGB),
    rgb(PixelFormat::Bgr, "BGR", PACKED_3, BGR),
    rgb(PixelFormat::Rgbx, "RGBx", PACKED_4, RGB_FIRST),
    rgb(PixelFormat::Bgrx, "BGRx", PACKED_4, BGR_FIRST),
    rgb(PixelFormat::Xrgb, "xRGB", PACKED_4, RGB_LAST),
    rgb(PixelFormat::Xbgr, "xBGR", PACKED_4, BGR_LAST),
    rgb(PixelFormat::Rgba, "RGBA", PACKED_4, RGB_FIRST),
    rgb(PixelFormat::Bgra, "BGRA", PACKED_4, BGR_FIRST),
    rgb(PixelFormat::Argb, "ARGB", PACKED_4, RGB_LAST),
    rgb(PixelFormat::Abgr, "ABGR", PACKED_4, BGR_LAST),
    gray(PixelFormat::Gray8, "GRAY8", LUMA_ONLY),
    yuv(PixelFormat::I420, "I420", PLANAR_420, Y_U_V),
    yuv(PixelFormat::Yv12, "YV12", PLANAR_420, Y_V_U),
    yuv(PixelFormat::Nv12, "NV12", SEMI_420, Y_UV),
    yuv(PixelFormat::Nv21, "NV21", SEMI_420, Y_VU),
];

impl PixelFormat {
    /// Every format, in the order of the table.
    pub const ALL: [Self; 15] = [
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
    ];

    /// The row of this format.
    pub(crate) fn layout(self) -> &'static Layout {
        let row = &TABLE[self as usize];
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
        let plane = self.layout().planes.get(plane)?;
        let steps = width.div_ceil(plane.step.horizontal);
        Some((
            steps.checked_mul(plane.bytes)?,
            height.div_ceil(plane.step.vertical),
        ))
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
