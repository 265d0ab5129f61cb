// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms of a segment, one for each instruction set. They differ in the vector and in how many
//! pixels share a load of weights: as many sums as the registers hold, twelve of sixteen or
//! twenty-four of thirty-two, and not more pixels than there are registers for their addresses.
#![allow(unsafe_code)]

use super::layer::Panel;
use super::segment::{Row, segment};
#[cfg(target_arch = "x86_64")]
use crate::ops::conv::simd::{Avx2, Avx512};
use crate::ops::conv::simd::{Isa, Portable};

/// The kernel of one instruction set. The contract is that of [`segment`].
pub(super) struct Kernels {
    pub(super) lanes: usize,
    /// Pixels of a segment.
    pub(super) pixels: usize,
    pub(super) segment: unsafe fn(&Row<'_>, &Panel, usize),
}

impl Kernels {
    /// Those of an instruction set, if this processor can run them.
    pub(super) fn of(isa: Isa) -> Option<&'static Self> {
        isa.usable().then_some(match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &AVX2,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => &AVX512,
            _ => &PORTABLE,
        })
    }
}

/// Makes the kernels of one instruction set: its vector, the pixels of a segment, and how many of
/// them are computed at once for panels of one, two and three vectors.
macro_rules! kernels {
    ($name:ident, $module:ident, $vector:ty, $pixels:literal, [$one:literal, $two:literal, $three:literal]
        $(, $features:literal)?) => {
        static $name: Kernels = Kernels {
            lanes: <$vector as crate::ops::conv::simd::Vector>::LANES,
            pixels: $pixels,
            segment: $module::segment,
        };

        mod $module {
            use super::*;

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn segment(row: &Row<'_>, panel: &Panel, x: usize) {
                // SAFETY: the same contract; the features are those of the vector.
                unsafe {
                    match panel.vectors {
                        1 => super::segment::<$vector, $pixels, $one, 1>(row, panel, x),
                        2 => super::segment::<$vector, $pixels, $two, 2>(row, panel, x),
                        _ => super::segment::<$vector, $pixels, $three, 3>(row, panel, x),
                    }
                }
            }
        }
    };
}

kernels!(PORTABLE, portable, Portable, 24, [8, 6, 3]);
#[cfg(target_arch = "x86_64")]
kernels!(AVX2, avx2, Avx2, 24, [8, 6, 3], "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(AVX512, avx512, Avx512, 24, [12, 12, 8], "avx512f,avx2,fma");
