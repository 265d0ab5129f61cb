// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one table of formats: where colour components lie and how a sample is stored.
//!
//! A further format of one of the families is a further row.

use super::{Family, PixelFormat};

/// Luma columns and rows that one sample stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subsampling {
    /// Columns: 1 or 2.
    pub(crate) horizontal: usize,
    /// Rows: 1 or 2.
    pub(crate) vertical: usize,
}

/// How one sample is stored: its code is `bits` bits of a byte or of a little-endian word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Bytes: 1 or 2.
    pub(crate) bytes: usize,
    /// Bits of the code.
    pub(crate) bits: u32,
    /// Bits below the code. Like those above it they belong to nobody and are kept.
    pub(crate) shift: u32,
}

/// One plane: each step of `samples` samples covers `step` luma pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaneLayout {
    /// Luma columns and rows that a step covers.
    pub(crate) step: Subsampling,
    /// Samples of a step, those of alpha and padding among them.
    pub(crate) samples: usize,
}

/// Where the samples of one colour component lie in the rows of a plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component {
    /// Index of the plane.
    pub(crate) plane: usize,
    /// Samples of other components before the first one in a row.
    pub(crate) offset: usize,
    /// Samples from one to the next: 1 to 4.
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
    /// How a sample is stored; one way for all.
    pub(crate) sample: Sample,
    /// Luma pixels that a chroma sample stands for; 1 and 1 without chroma.
    pub(crate) chroma: Subsampling,
    /// Planes in the order of memory: 1 to 4.
    pub(crate) planes: &'static [PlaneLayout],
    /// Red, green, blue; or luma; or luma, U, V. Alpha and padding are in no row.
    pub(crate) components: &'static [Component],
}

impl Layout {
    /// The same layout with deeper samples.
    const fn of(mut self, sample: Sample) -> Self {
        self.sample = sample;
        self
    }
}

/// Every pixel has its own sample: 4:4:4.
const FULL: Subsampling = Subsampling {
    horizontal: 1,
    vertical: 1,
};
/// 4:2:2.
const HALF: Subsampling = Subsampling {
    horizontal: 2,
    vertical: 1,
};
/// 4:2:0.
const QUARTER: Subsampling = Subsampling {
    horizontal: 2,
    vertical: 2,
};

const BYTE: Sample = Sample {
    bytes: 1,
    bits: 8,
    shift: 0,
};

/// A word whose upper bits are unused where `bits` is less than 16.
const fn word(bits: u32) -> Sample {
    Sample {
        bytes: 2,
        bits,
        shift: 0,
    }
}

/// A word whose lower bits are unused.
const fn high_word(bits: u32) -> Sample {
    Sample {
        bytes: 2,
        bits,
        shift: 16 - bits,
    }
}

const fn plane(step: Subsampling, samples: usize) -> PlaneLayout {
    PlaneLayout { step, samples }
}

const fn at(plane: usize, offset: usize, step: usize) -> Component {
    Component {
        plane,
        offset,
        step,
    }
}

const PACKED_3: Planes = &[plane(FULL, 3)];
const PACKED_4: Planes = &[plane(FULL, 4)];
const PACKED_422: Planes = &[plane(HALF, 4)];
const LUMA_ONLY: Planes = &[plane(FULL, 1)];
const PLANAR_420: Planes = &[plane(FULL, 1), plane(QUARTER, 1), plane(QUARTER, 1)];
const PLANAR_420_A: Planes = &[
    plane(FULL, 1),
    plane(QUARTER, 1),
    plane(QUARTER, 1),
    plane(FULL, 1),
];
const PLANAR_422: Planes = &[plane(FULL, 1), plane(HALF, 1), plane(HALF, 1)];
const PLANAR_444: Planes = &[plane(FULL, 1), plane(FULL, 1), plane(FULL, 1)];
const SEMI_420: Planes = &[plane(FULL, 1), plane(QUARTER, 2)];
const SEMI_422: Planes = &[plane(FULL, 1), plane(HALF, 2)];
const SEMI_444: Planes = &[plane(FULL, 1), plane(FULL, 2)];

const RGB: Components = &[at(0, 0, 3), at(0, 1, 3), at(0, 2, 3)];
const BGR: Components = &[at(0, 2, 3), at(0, 1, 3), at(0, 0, 3)];
const RGB_FIRST: Components = &[at(0, 0, 4), at(0, 1, 4), at(0, 2, 4)];
const BGR_FIRST: Components = &[at(0, 2, 4), at(0, 1, 4), at(0, 0, 4)];
const RGB_LAST: Components = &[at(0, 1, 4), at(0, 2, 4), at(0, 3, 4)];
const BGR_LAST: Components = &[at(0, 3, 4), at(0, 2, 4), at(0, 1, 4)];
const G_B_R: Components = &[at(2, 0, 1), at(0, 0, 1), at(1, 0, 1)];
const Y: Components = &[at(0, 0, 1)];
const Y_U_V: Components = &[at(0, 0, 1), at(1, 0, 1), at(2, 0, 1)];
const Y_V_U: Components = &[at(0, 0, 1), at(2, 0, 1), at(1, 0, 1)];
const Y_UV: Components = &[at(0, 0, 1), at(1, 0, 2), at(1, 1, 2)];
const Y_VU: Components = &[at(0, 0, 1), at(1, 1, 2), at(1, 0, 2)];
const YUYV: Components = &[at(0, 0, 2), at(0, 1, 4), at(0, 3, 4)];
const UYVY: Components = &[at(0, 1, 2), at(0, 0, 4), at(0, 2, 4)];
const YVYU: Components = &[at(0, 0, 2), at(0, 3, 4), at(0, 1, 4)];
const AYUV: Components = RGB_LAST;

type Planes = &'static [PlaneLayout];
type Components = &'static [Component];

const fn rgb(f: PixelFormat, name: &'static str, planes: Planes, components: Components) -> Layout {
    Layout {
        format: f,
        name,
        family: Family::Rgb,
        sample: BYTE,
        chroma: FULL,
        planes,
        components,
    }
}

const fn yuv(
    f: PixelFormat,
    name: &'static str,
    chroma: Subsampling,
    planes: Planes,
    components: Components,
) -> Layout {
    Layout {
        format: f,
        name,
        family: Family::Yuv,
        sample: BYTE,
        chroma,
        planes,
        components,
    }
}

const fn gray(f: PixelFormat, name: &'static str) -> Layout {
    Layout {
        format: f,
        name,
        family: Family::Gray,
        sample: BYTE,
        chroma: FULL,
        planes: LUMA_ONLY,
        components: Y,
    }
}

/// The table, in the order of the enumeration.
#[rustfmt::skip]
pub(super) static TABLE: [Layout; PixelFormat::ALL.len()] = [
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
    gray(PixelFormat::Gray8, "GRAY8"),
    yuv(PixelFormat::I420, "I420", QUARTER, PLANAR_420, Y_U_V),
    yuv(PixelFormat::Yv12, "YV12", QUARTER, PLANAR_420, Y_V_U),
    yuv(PixelFormat::Nv12, "NV12", QUARTER, SEMI_420, Y_UV),
    yuv(PixelFormat::Nv21, "NV21", QUARTER, SEMI_420, Y_VU),
    rgb(PixelFormat::Gbr, "GBR", PLANAR_444, G_B_R),
    rgb(PixelFormat::Gbr10, "GBR_10LE", PLANAR_444, G_B_R).of(word(10)),
    gray(PixelFormat::Gray16, "GRAY16_LE").of(word(16)),
    yuv(PixelFormat::A420, "A420", QUARTER, PLANAR_420_A, Y_U_V),
    yuv(PixelFormat::I42010, "I420_10LE", QUARTER, PLANAR_420, Y_U_V).of(word(10)),
    yuv(PixelFormat::I42012, "I420_12LE", QUARTER, PLANAR_420, Y_U_V).of(word(12)),
    yuv(PixelFormat::P010, "P010_10LE", QUARTER, SEMI_420, Y_UV).of(high_word(10)),
    yuv(PixelFormat::Y42b, "Y42B", HALF, PLANAR_422, Y_U_V),
    yuv(PixelFormat::Nv16, "NV16", HALF, SEMI_422, Y_UV),
    yuv(PixelFormat::Yuy2, "YUY2", HALF, PACKED_422, YUYV),
    yuv(PixelFormat::Uyvy, "UYVY", HALF, PACKED_422, UYVY),
    yuv(PixelFormat::Yvyu, "YVYU", HALF, PACKED_422, YVYU),
    yuv(PixelFormat::I42210, "I422_10LE", HALF, PLANAR_422, Y_U_V).of(word(10)),
    yuv(PixelFormat::I42212, "I422_12LE", HALF, PLANAR_422, Y_U_V).of(word(12)),
    yuv(PixelFormat::Y444, "Y444", FULL, PLANAR_444, Y_U_V),
    yuv(PixelFormat::Nv24, "NV24", FULL, SEMI_444, Y_UV),
    yuv(PixelFormat::Ayuv, "AYUV", FULL, PACKED_4, AYUV),
    yuv(PixelFormat::Y44410, "Y444_10LE", FULL, PLANAR_444, Y_U_V).of(word(10)),
    yuv(PixelFormat::Y44412, "Y444_12LE", FULL, PLANAR_444, Y_U_V).of(word(12)),
];
