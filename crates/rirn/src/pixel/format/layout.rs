// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where colour components lie and how a sample is stored, and the layouts that the table of formats
//! is made of.

use super::Family;

/// Luma columns and rows that one sample stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subsampling {
    /// Columns: 1 or 2.
    pub(crate) horizontal: usize,
    /// Rows: 1 or 2.
    pub(crate) vertical: usize,
}

/// How one sample is stored: its code is `bits` bits of a byte or of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Bytes: 1 or 2.
    pub(crate) bytes: usize,
    /// Bits of the code.
    pub(crate) bits: u32,
    /// Bits below the code. Like those above it they belong to nobody and are kept.
    pub(crate) shift: u32,
    /// Whether the first byte of a word has its high bits.
    pub(crate) high_first: bool,
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
    pub(super) const fn of(mut self, sample: Sample) -> Self {
        self.sample = sample;
        self
    }

    /// The same layout with words whose high byte comes first.
    pub(super) const fn high_first(mut self) -> Self {
        self.sample.high_first = true;
        self
    }

    /// The same layout with words as this machine has them.
    pub(super) const fn native(mut self) -> Self {
        self.sample.high_first = cfg!(target_endian = "big");
        self
    }
}

/// Every pixel has its own sample: 4:4:4.
pub(super) const FULL: Subsampling = Subsampling {
    horizontal: 1,
    vertical: 1,
};
/// 4:2:2.
pub(super) const HALF: Subsampling = Subsampling {
    horizontal: 2,
    vertical: 1,
};
/// 4:2:0.
pub(super) const QUARTER: Subsampling = Subsampling {
    horizontal: 2,
    vertical: 2,
};

const BYTE: Sample = Sample {
    bytes: 1,
    bits: 8,
    shift: 0,
    high_first: false,
};

/// A word whose upper bits are unused where `bits` is less than 16.
pub(super) const fn word(bits: u32) -> Sample {
    Sample {
        bytes: 2,
        bits,
        shift: 0,
        high_first: false,
    }
}

/// A word whose lower bits are unused.
pub(super) const fn high_word(bits: u32) -> Sample {
    Sample {
        bytes: 2,
        bits,
        shift: 16 - bits,
        high_first: false,
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

pub(super) const PACKED_3: Planes = &[plane(FULL, 3)];
pub(super) const PACKED_4: Planes = &[plane(FULL, 4)];
pub(super) const PACKED_422: Planes = &[plane(HALF, 4)];
const LUMA_ONLY: Planes = &[plane(FULL, 1)];
pub(super) const PLANAR_420: Planes = &[plane(FULL, 1), plane(QUARTER, 1), plane(QUARTER, 1)];
pub(super) const PLANAR_420_A: Planes = &[
    plane(FULL, 1),
    plane(QUARTER, 1),
    plane(QUARTER, 1),
    plane(FULL, 1),
];
pub(super) const PLANAR_422: Planes = &[plane(FULL, 1), plane(HALF, 1), plane(HALF, 1)];
pub(super) const PLANAR_422_A: Planes = &[
    plane(FULL, 1),
    plane(HALF, 1),
    plane(HALF, 1),
    plane(FULL, 1),
];
pub(super) const PLANAR_444: Planes = &[plane(FULL, 1); 3];
pub(super) const PLANAR_444_A: Planes = &[plane(FULL, 1); 4];
pub(super) const SEMI_420: Planes = &[plane(FULL, 1), plane(QUARTER, 2)];
pub(super) const SEMI_420_A: Planes = &[plane(FULL, 1), plane(QUARTER, 2), plane(FULL, 1)];
pub(super) const SEMI_422: Planes = &[plane(FULL, 1), plane(HALF, 2)];
pub(super) const SEMI_444: Planes = &[plane(FULL, 1), plane(FULL, 2)];

pub(super) const RGB: Components = &[at(0, 0, 3), at(0, 1, 3), at(0, 2, 3)];
pub(super) const BGR: Components = &[at(0, 2, 3), at(0, 1, 3), at(0, 0, 3)];
pub(super) const RGB_FIRST: Components = &[at(0, 0, 4), at(0, 1, 4), at(0, 2, 4)];
pub(super) const BGR_FIRST: Components = &[at(0, 2, 4), at(0, 1, 4), at(0, 0, 4)];
pub(super) const RGB_LAST: Components = &[at(0, 1, 4), at(0, 2, 4), at(0, 3, 4)];
pub(super) const BGR_LAST: Components = &[at(0, 3, 4), at(0, 2, 4), at(0, 1, 4)];
pub(super) const R_G_B: Components = &[at(0, 0, 1), at(1, 0, 1), at(2, 0, 1)];
pub(super) const B_G_R: Components = &[at(2, 0, 1), at(1, 0, 1), at(0, 0, 1)];
pub(super) const G_B_R: Components = &[at(2, 0, 1), at(0, 0, 1), at(1, 0, 1)];
const Y: Components = &[at(0, 0, 1)];
pub(super) const Y_U_V: Components = R_G_B;
pub(super) const Y_V_U: Components = &[at(0, 0, 1), at(2, 0, 1), at(1, 0, 1)];
pub(super) const Y_UV: Components = &[at(0, 0, 1), at(1, 0, 2), at(1, 1, 2)];
pub(super) const Y_VU: Components = &[at(0, 0, 1), at(1, 1, 2), at(1, 0, 2)];
pub(super) const YUYV: Components = &[at(0, 0, 2), at(0, 1, 4), at(0, 3, 4)];
pub(super) const UYVY: Components = &[at(0, 1, 2), at(0, 0, 4), at(0, 2, 4)];
pub(super) const YVYU: Components = &[at(0, 0, 2), at(0, 3, 4), at(0, 1, 4)];
pub(super) const VYUY: Components = &[at(0, 1, 2), at(0, 2, 4), at(0, 0, 4)];
pub(super) const YUV: Components = RGB;
pub(super) const UYV: Components = &[at(0, 1, 3), at(0, 0, 3), at(0, 2, 3)];
pub(super) const AYUV: Components = RGB_LAST;
pub(super) const VUYA: Components = BGR_FIRST;
pub(super) const UYVA: Components = &[at(0, 1, 4), at(0, 0, 4), at(0, 2, 4)];

type Planes = &'static [PlaneLayout];
type Components = &'static [Component];

const fn bytes(
    family: Family,
    chroma: Subsampling,
    planes: Planes,
    components: Components,
) -> Layout {
    Layout {
        name: "",
        family,
        sample: BYTE,
        chroma,
        planes,
        components,
    }
}

/// Red, green and blue in bytes.
pub(super) const fn rgb(planes: Planes, components: Components) -> Layout {
    bytes(Family::Rgb, FULL, planes, components)
}

/// Luma and two colour differences in bytes.
pub(super) const fn yuv(chroma: Subsampling, planes: Planes, components: Components) -> Layout {
    bytes(Family::Yuv, chroma, planes, components)
}

/// Luma alone, in bytes.
pub(super) const fn gray() -> Layout {
    bytes(Family::Gray, FULL, LUMA_ONLY, Y)
}
