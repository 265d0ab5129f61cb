// SPDX-License-Identifier: MIT OR Apache-2.0
//! Colorimetry: matrix, range and chroma siting, and the numbers that follow from them.
//!
//! Constants are computed in `f64` and rounded once. Transfer curve and primaries play no part:
//! the networks were trained on gamma-coded values, so these are left as they are.

/// Weights of red and blue in luma; green is what they leave of 1.
///
/// GBR stored as YUV (GStreamer's matrix "RGB") is not among them: it has no luma, and it belongs
/// to formats without subsampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matrix {
    /// ITU-R BT.601: 0.299, 0.114.
    Bt601,
    /// ITU-R BT.709: 0.2126, 0.0722.
    Bt709,
    /// SMPTE 240M: 0.212, 0.087.
    Smpte240m,
    /// ITU-R BT.2020, non-constant luminance: 0.2627, 0.0593.
    Bt2020,
    /// FCC 47 CFR 73.682: 0.30, 0.11.
    Fcc,
}

impl Matrix {
    /// Every matrix.
    pub const ALL: [Self; 5] = [
        Self::Bt601,
        Self::Bt709,
        Self::Smpte240m,
        Self::Bt2020,
        Self::Fcc,
    ];

    /// Weights of red and of blue in luma, `(kr, kb)`.
    #[must_use]
    pub fn weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Smpte240m => (0.212, 0.087),
            Self::Bt2020 => (0.2627, 0.0593),
            Self::Fcc => (0.30, 0.11),
        }
    }
}

/// Which codes stand for black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// 0 to the largest code.
    Full,
    /// 8 bit: luma and RGB 16 to 235, chroma 16 to 240; deeper formats alike, shifted.
    Limited,
}

/// Where a subsampled chroma sample sits among the luma samples it stands for.
///
/// Counts only along a direction in which chroma is subsampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Siting {
    /// On the left (even) column of its pair; otherwise between the two.
    pub h_cosited: bool,
    /// On the upper (even) row of its pair; otherwise between the two.
    pub v_cosited: bool,
}

/// How the codes of a picture are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colorimetry {
    /// Matrix between RGB and YUV, and the weights of luma; RGB formats do without.
    pub matrix: Matrix,
    /// Codes of black and white.
    pub range: Range,
    /// Place of subsampled chroma; formats without it do without.
    pub siting: Siting,
}

/// Code of zero and codes per unit: `value = (code - zero) / scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    /// Code that stands for 0.
    pub(crate) zero: f64,
    /// Codes from 0 to 1.
    pub(crate) scale: f64,
}

impl Level {
    /// Luma, grey and RGB: black is 0, white is 1.
    pub(crate) fn luma(range: Range, bits: u32) -> Self {
        match range {
            Range::Full => Self {
                zero: 0.0,
                scale: top_code(bits),
            },
            Range::Limited => Self {
                zero: 16.0 * step(bits),
                scale: 219.0 * step(bits),
            },
        }
    }

    /// Colour differences, which run from -0.5 to 0.5.
    pub(crate) fn chroma(range: Range, bits: u32) -> Self {
        let zero = 128.0 * step(bits);
        match range {
            Range::Full => Self {
                zero,
                scale: top_code(bits),
            },
            Range::Limited => Self {
                zero,
                scale: 224.0 * step(bits),
            },
        }
    }

    /// The code in the middle between 0 and 1, halves up.
    pub(crate) fn middle(self) -> f64 {
        (self.zero + 0.5 * self.scale + 0.5).floor()
    }
}

/// The largest code of `bits` bits.
pub(crate) fn top_code(bits: u32) -> f64 {
    2_f64.powi(bits.cast_signed()) - 1.0
}

/// How many codes of `bits` bits one code of 8 bits is.
fn step(bits: u32) -> f64 {
    2_f64.powi(bits.cast_signed() - 8)
}

/// YUV to RGB, luma in `[0, 1]` and colour differences in `[-0.5, 0.5]`:
/// `r = y + red_v v`, `g = y + green_u u + green_v v`, `b = y + blue_u u`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToRgb {
    /// Share of V in red.
    pub(crate) red_v: f32,
    /// Share of U in green.
    pub(crate) green_u: f32,
    /// Share of V in green.
    pub(crate) green_v: f32,
    /// Share of U in blue.
    pub(crate) blue_u: f32,
}

impl ToRgb {
    /// The inverse of the matrix's definition of luma and colour differences.
    pub(crate) fn new(matrix: Matrix) -> Self {
        let (kr, kb) = matrix.weights();
        let kg = 1.0 - kr - kb;
        Self {
            red_v: (2.0 * (1.0 - kr)) as f32,
            green_u: (-2.0 * kb * (1.0 - kb) / kg) as f32,
            green_v: (-2.0 * kr * (1.0 - kr) / kg) as f32,
            blue_u: (2.0 * (1.0 - kb)) as f32,
        }
    }
}

/// RGB differences to differences of codes: luma is `red r + green g + blue b`; its codes are
/// `y` times that, those of U are `u (b - luma)`, those of V `v (r - luma)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToYuv {
    /// Weights of red, green, blue in luma.
    pub(crate) luma: [f32; 3],
    /// Codes of luma per unit.
    pub(crate) y: f32,
    /// Codes of U per unit of blue less luma.
    pub(crate) u: f32,
    /// Codes of V per unit of red less luma.
    pub(crate) v: f32,
}

impl ToYuv {
    /// For codes of `bits` bits.
    pub(crate) fn new(colorimetry: Colorimetry, bits: u32) -> Self {
        let (kr, kb) = colorimetry.matrix.weights();
        let luma = Level::luma(colorimetry.range, bits);
        let chroma = Level::chroma(colorimetry.range, bits);
        Self {
            luma: [kr as f32, (1.0 - kr - kb) as f32, kb as f32],
            y: luma.scale as f32,
            u: (chroma.scale / (2.0 * (1.0 - kb))) as f32,
            v: (chroma.scale / (2.0 * (1.0 - kr))) as f32,
        }
    }
}
