// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms of the three steps, one for each instruction set. They differ in the vector and in
//! how many tiles share a load of weights: as many sums as the registers hold, twelve of sixteen or
//! twenty-four of thirty-two.
#![allow(unsafe_code)]

use super::back::back;
use super::block::Block;
use super::forward::forward;
use super::layer::Panel;
use super::multiply::multiply;
#[cfg(target_arch = "x86_64")]
use crate::ops::conv::simd::{Avx2, Avx512};
use crate::ops::conv::simd::{Isa, Portable};

/// The three steps of a block for one instruction set.
///
/// Their contracts are those of [`forward`], [`multiply`] and [`back`].
pub(super) struct Kernels {
    pub(super) lanes: usize,
    pub(super) tiles: usize,
    pub(super) forward: unsafe fn(&Block<'_>),
    pub(super) multiply: unsafe fn(&Block<'_>, &Panel),
    /// For tiles of four pixels to a side, and of two.
    pub(super) back: [unsafe fn(&Block<'_>, &Panel); 2],
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

/// Makes the kernels of one instruction set: its vector, the tiles of a block, and how many tiles are
/// multiplied at once for panels of one and of two vectors.
macro_rules! kernels {
    ($name:ident, $module:ident, $vector:ty, $tiles:literal, [$one:literal, $two:literal]
        $(, $features:literal)?) => {
        static $name: Kernels = Kernels {
            lanes: <$vector as crate::ops::conv::simd::Vector>::LANES,
            tiles: $tiles,
            forward: $module::forward,
            multiply: $module::multiply,
            back: [$module::back::<4>, $module::back::<2>],
        };

        mod $module {
            use super::*;

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn forward(block: &Block<'_>) {
                // SAFETY: the same contract; the features are those of the vector.
                unsafe { super::forward::<$vector, $tiles>(block) }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn multiply(block: &Block<'_>, panel: &Panel) {
                // SAFETY: the same contract; the features are those of the vector.
                unsafe {
                    match panel.vectors {
                        1 => super::multiply::<$vector, $tiles, $one, 1>(block, panel),
                        _ => super::multiply::<$vector, $tiles, $two, 2>(block, panel),
                    }
                }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn back<const E: usize>(block: &Block<'_>, panel: &Panel) {
                // SAFETY: the same contract; the features are those of the vector.
                unsafe { super::back::<$vector, $tiles, E>(block, panel) }
            }
        }
    };
}

kernels!(PORTABLE, portable, Portable, 12, [12, 6]);
#[cfg(target_arch = "x86_64")]
kernels!(AVX2, avx2, Avx2, 12, [12, 6], "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(AVX512, avx512, Avx512, 24, [12, 12], "avx512f,avx2,fma");
