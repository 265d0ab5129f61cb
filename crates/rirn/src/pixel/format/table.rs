// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one table of formats. A further format of one of the families is a further row.

use super::layout::*;

/// Makes the enumeration, the list of all and the rows from one text, so that they cannot differ.
macro_rules! formats {
    ($($(#[$meta:meta])* $format:ident: $name:literal => $layout:expr,)*) => {
        /// Memory layout of a picture. Samples are bytes unless a depth is given; deeper ones lie in words
        /// of 16 bits, low byte first unless the contrary is said.
        ///
        /// `x` in a name is a byte of padding, `A` is alpha. Both are carried along untouched, and so are
        /// the bits of a word that belong to no sample.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum PixelFormat {
            $($(#[$meta])* $format,)*
        }

        const COUNT: usize = [$($name),*].len();

        impl PixelFormat {
            /// Every format, in the order of the table.
            pub const ALL: [Self; COUNT] = [$(Self::$format),*];
        }

        static TABLE: [Layout; COUNT] = [$(Layout { name: $name, ..$layout }),*];
    };
}

#[rustfmt::skip]
formats! {
    /// Packed, 3 bytes: red, green, blue.
    Rgb: "RGB" => rgb(PACKED_3, RGB),
    /// Packed, 3 bytes: blue, green, red.
    Bgr: "BGR" => rgb(PACKED_3, BGR),
    /// Packed, 4 bytes: red, green, blue, padding.
    Rgbx: "RGBx" => rgb(PACKED_4, RGB_FIRST),
    /// Packed, 4 bytes: blue, green, red, padding.
    Bgrx: "BGRx" => rgb(PACKED_4, BGR_FIRST),
    /// Packed, 4 bytes: padding, red, green, blue.
    Xrgb: "xRGB" => rgb(PACKED_4, RGB_LAST),
    /// Packed, 4 bytes: padding, blue, green, red.
    Xbgr: "xBGR" => rgb(PACKED_4, BGR_LAST),
    /// Packed, 4 bytes: red, green, blue, alpha.
    Rgba: "RGBA" => rgb(PACKED_4, RGB_FIRST),
    /// Packed, 4 bytes: blue, green, red, alpha.
    Bgra: "BGRA" => rgb(PACKED_4, BGR_FIRST),
    /// Packed, 4 bytes: alpha, red, green, blue.
    Argb: "ARGB" => rgb(PACKED_4, RGB_LAST),
    /// Packed, 4 bytes: alpha, blue, green, red.
    Abgr: "ABGR" => rgb(PACKED_4, BGR_LAST),
    /// Three planes: red, green, blue.
    Rgbp: "RGBP" => rgb(PLANAR_444, R_G_B),
    /// Three planes: blue, green, red.
    Bgrp: "BGRP" => rgb(PLANAR_444, B_G_R),
    /// Three planes: green, blue, red.
    Gbr: "GBR" => rgb(PLANAR_444, G_B_R),
    /// Four planes: green, blue, red, alpha.
    Gbra: "GBRA" => rgb(PLANAR_444_A, G_B_R),
    /// One plane of luma.
    Gray8: "GRAY8" => gray(),
    /// 4:2:0, three planes: Y, U, V.
    I420: "I420" => yuv(QUARTER, PLANAR_420, Y_U_V),
    /// 4:2:0, three planes: Y, V, U.
    Yv12: "YV12" => yuv(QUARTER, PLANAR_420, Y_V_U),
    /// 4:2:0, two planes: Y, and U V by turns.
    Nv12: "NV12" => yuv(QUARTER, SEMI_420, Y_UV),
    /// 4:2:0, two planes: Y, and V U by turns.
    Nv21: "NV21" => yuv(QUARTER, SEMI_420, Y_VU),
    /// 4:2:0, four planes: Y, U, V, alpha.
    A420: "A420" => yuv(QUARTER, PLANAR_420_A, Y_U_V),
    /// 4:2:0, three planes: Y, U V by turns, alpha.
    Av12: "AV12" => yuv(QUARTER, SEMI_420_A, Y_UV),
    /// 4:2:2, three planes: Y, U, V.
    Y42b: "Y42B" => yuv(HALF, PLANAR_422, Y_U_V),
    /// 4:2:2, two planes: Y, and U V by turns.
    Nv16: "NV16" => yuv(HALF, SEMI_422, Y_UV),
    /// 4:2:2, two planes: Y, and V U by turns.
    Nv61: "NV61" => yuv(HALF, SEMI_422, Y_VU),
    /// 4:2:2, packed: Y U Y V for two pixels.
    Yuy2: "YUY2" => yuv(HALF, PACKED_422, YUYV),
    /// 4:2:2, packed: U Y V Y for two pixels.
    Uyvy: "UYVY" => yuv(HALF, PACKED_422, UYVY),
    /// 4:2:2, packed: Y V Y U for two pixels.
    Yvyu: "YVYU" => yuv(HALF, PACKED_422, YVYU),
    /// 4:2:2, packed: V Y U Y for two pixels.
    Vyuy: "VYUY" => yuv(HALF, PACKED_422, VYUY),
    /// 4:4:4, three planes: Y, U, V.
    Y444: "Y444" => yuv(FULL, PLANAR_444, Y_U_V),
    /// 4:4:4, two planes: Y, and U V by turns.
    Nv24: "NV24" => yuv(FULL, SEMI_444, Y_UV),
    /// 4:4:4, packed, 3 bytes: Y, U, V.
    V308: "v308" => yuv(FULL, PACKED_3, YUV),
    /// 4:4:4, packed, 3 bytes: U, Y, V.
    Iyu2: "IYU2" => yuv(FULL, PACKED_3, UYV),
    /// 4:4:4, packed, 4 bytes: alpha, Y, U, V.
    Ayuv: "AYUV" => yuv(FULL, PACKED_4, AYUV),
    /// 4:4:4, packed, 4 bytes: V, U, Y, alpha.
    Vuya: "VUYA" => yuv(FULL, PACKED_4, VUYA),
    /// One plane of luma, 16 bits.
    Gray16: "GRAY16_LE" => gray().of(word(16)),
    /// [`Self::Gray16`], high byte first.
    Gray16Be: "GRAY16_BE" => gray().of(word(16)).high_first(),
    /// Three planes, 10 bits: green, blue, red.
    Gbr10: "GBR_10LE" => rgb(PLANAR_444, G_B_R).of(word(10)),
    /// [`Self::Gbr10`], high byte first.
    Gbr10Be: "GBR_10BE" => rgb(PLANAR_444, G_B_R).of(word(10)).high_first(),
    /// Three planes, 12 bits: green, blue, red.
    Gbr12: "GBR_12LE" => rgb(PLANAR_444, G_B_R).of(word(12)),
    /// [`Self::Gbr12`], high byte first.
    Gbr12Be: "GBR_12BE" => rgb(PLANAR_444, G_B_R).of(word(12)).high_first(),
    /// Four planes, 10 bits: green, blue, red, alpha.
    Gbra10: "GBRA_10LE" => rgb(PLANAR_444_A, G_B_R).of(word(10)),
    /// [`Self::Gbra10`], high byte first.
    Gbra10Be: "GBRA_10BE" => rgb(PLANAR_444_A, G_B_R).of(word(10)).high_first(),
    /// Four planes, 12 bits: green, blue, red, alpha.
    Gbra12: "GBRA_12LE" => rgb(PLANAR_444_A, G_B_R).of(word(12)),
    /// [`Self::Gbra12`], high byte first.
    Gbra12Be: "GBRA_12BE" => rgb(PLANAR_444_A, G_B_R).of(word(12)).high_first(),
    /// Packed, 16 bits: red, green, blue, alpha.
    Rgba64: "RGBA64_LE" => rgb(PACKED_4, RGB_FIRST).of(word(16)),
    /// [`Self::Rgba64`], high byte first.
    Rgba64Be: "RGBA64_BE" => rgb(PACKED_4, RGB_FIRST).of(word(16)).high_first(),
    /// Packed, 16 bits: blue, green, red, alpha.
    Bgra64: "BGRA64_LE" => rgb(PACKED_4, BGR_FIRST).of(word(16)),
    /// [`Self::Bgra64`], high byte first.
    Bgra64Be: "BGRA64_BE" => rgb(PACKED_4, BGR_FIRST).of(word(16)).high_first(),
    /// Packed, 16 bits: alpha, red, green, blue.
    Argb64: "ARGB64_LE" => rgb(PACKED_4, RGB_LAST).of(word(16)),
    /// [`Self::Argb64`], high byte first.
    Argb64Be: "ARGB64_BE" => rgb(PACKED_4, RGB_LAST).of(word(16)).high_first(),
    /// Packed, 16 bits: alpha, blue, green, red.
    Abgr64: "ABGR64_LE" => rgb(PACKED_4, BGR_LAST).of(word(16)),
    /// [`Self::Abgr64`], high byte first.
    Abgr64Be: "ABGR64_BE" => rgb(PACKED_4, BGR_LAST).of(word(16)).high_first(),
    /// 4:2:0, three planes, 10 bits: Y, U, V.
    I42010: "I420_10LE" => yuv(QUARTER, PLANAR_420, Y_U_V).of(word(10)),
    /// [`Self::I42010`], high byte first.
    I42010Be: "I420_10BE" => yuv(QUARTER, PLANAR_420, Y_U_V).of(word(10)).high_first(),
    /// 4:2:0, three planes, 12 bits: Y, U, V.
    I42012: "I420_12LE" => yuv(QUARTER, PLANAR_420, Y_U_V).of(word(12)),
    /// [`Self::I42012`], high byte first.
    I42012Be: "I420_12BE" => yuv(QUARTER, PLANAR_420, Y_U_V).of(word(12)).high_first(),
    /// 4:2:0, four planes, 10 bits: Y, U, V, alpha.
    A42010: "A420_10LE" => yuv(QUARTER, PLANAR_420_A, Y_U_V).of(word(10)),
    /// [`Self::A42010`], high byte first.
    A42010Be: "A420_10BE" => yuv(QUARTER, PLANAR_420_A, Y_U_V).of(word(10)).high_first(),
    /// 4:2:0, two planes, 10 bits at the upper end of the word: Y, and U V by turns.
    P010: "P010_10LE" => yuv(QUARTER, SEMI_420, Y_UV).of(high_word(10)),
    /// [`Self::P010`], high byte first.
    P010Be: "P010_10BE" => yuv(QUARTER, SEMI_420, Y_UV).of(high_word(10)).high_first(),
    /// 4:2:0, two planes, 12 bits at the upper end of the word: Y, and U V by turns.
    P012: "P012_LE" => yuv(QUARTER, SEMI_420, Y_UV).of(high_word(12)),
    /// [`Self::P012`], high byte first.
    P012Be: "P012_BE" => yuv(QUARTER, SEMI_420, Y_UV).of(high_word(12)).high_first(),
    /// 4:2:0, two planes, 16 bits: Y, and U V by turns.
    P016: "P016_LE" => yuv(QUARTER, SEMI_420, Y_UV).of(word(16)),
    /// [`Self::P016`], high byte first.
    P016Be: "P016_BE" => yuv(QUARTER, SEMI_420, Y_UV).of(word(16)).high_first(),
    /// 4:2:2, three planes, 10 bits: Y, U, V.
    I42210: "I422_10LE" => yuv(HALF, PLANAR_422, Y_U_V).of(word(10)),
    /// [`Self::I42210`], high byte first.
    I42210Be: "I422_10BE" => yuv(HALF, PLANAR_422, Y_U_V).of(word(10)).high_first(),
    /// 4:2:2, three planes, 12 bits: Y, U, V.
    I42212: "I422_12LE" => yuv(HALF, PLANAR_422, Y_U_V).of(word(12)),
    /// [`Self::I42212`], high byte first.
    I42212Be: "I422_12BE" => yuv(HALF, PLANAR_422, Y_U_V).of(word(12)).high_first(),
    /// 4:2:2, four planes, 10 bits: Y, U, V, alpha.
    A42210: "A422_10LE" => yuv(HALF, PLANAR_422_A, Y_U_V).of(word(10)),
    /// [`Self::A42210`], high byte first.
    A42210Be: "A422_10BE" => yuv(HALF, PLANAR_422_A, Y_U_V).of(word(10)).high_first(),
    /// 4:2:2, packed, 12 bits at the upper end of the word: Y U Y V for two pixels.
    Y212: "Y212_LE" => yuv(HALF, PACKED_422, YUYV).of(high_word(12)),
    /// [`Self::Y212`], high byte first.
    Y212Be: "Y212_BE" => yuv(HALF, PACKED_422, YUYV).of(high_word(12)).high_first(),
    /// 4:4:4, three planes, 10 bits: Y, U, V.
    Y44410: "Y444_10LE" => yuv(FULL, PLANAR_444, Y_U_V).of(word(10)),
    /// [`Self::Y44410`], high byte first.
    Y44410Be: "Y444_10BE" => yuv(FULL, PLANAR_444, Y_U_V).of(word(10)).high_first(),
    /// 4:4:4, three planes, 12 bits: Y, U, V.
    Y44412: "Y444_12LE" => yuv(FULL, PLANAR_444, Y_U_V).of(word(12)),
    /// [`Self::Y44412`], high byte first.
    Y44412Be: "Y444_12BE" => yuv(FULL, PLANAR_444, Y_U_V).of(word(12)).high_first(),
    /// 4:4:4, three planes, 16 bits: Y, U, V.
    Y44416: "Y444_16LE" => yuv(FULL, PLANAR_444, Y_U_V).of(word(16)),
    /// [`Self::Y44416`], high byte first.
    Y44416Be: "Y444_16BE" => yuv(FULL, PLANAR_444, Y_U_V).of(word(16)).high_first(),
    /// 4:4:4, four planes, 10 bits: Y, U, V, alpha.
    A44410: "A444_10LE" => yuv(FULL, PLANAR_444_A, Y_U_V).of(word(10)),
    /// [`Self::A44410`], high byte first.
    A44410Be: "A444_10BE" => yuv(FULL, PLANAR_444_A, Y_U_V).of(word(10)).high_first(),
    /// 4:4:4, packed, 12 bits at the upper end of the word: U, Y, V, alpha.
    Y412: "Y412_LE" => yuv(FULL, PACKED_4, UYVA).of(high_word(12)),
    /// [`Self::Y412`], high byte first.
    Y412Be: "Y412_BE" => yuv(FULL, PACKED_4, UYVA).of(high_word(12)).high_first(),
    /// Packed, 16 bits in the machine's order: alpha, red, green, blue.
    Argb64Native: "ARGB64" => rgb(PACKED_4, RGB_LAST).of(word(16)).native(),
    /// 4:4:4, packed, 16 bits in the machine's order: alpha, Y, U, V.
    Ayuv64: "AYUV64" => yuv(FULL, PACKED_4, AYUV).of(word(16)).native(),
    /// 4:2:2, packed, 10 bits at the upper end of the word: Y U Y V for two pixels.
    Y210: "Y210" => yuv(HALF, PACKED_422, YUYV).of(high_word(10)),
    /// 4:2:2, packed, 16 bits: U Y V Y for two pixels.
    V216: "v216" => yuv(HALF, PACKED_422, UYVY).of(word(16)),
}

impl PixelFormat {
    /// The row of this format.
    pub(crate) fn layout(self) -> &'static Layout {
        &TABLE[self as usize]
    }
}
