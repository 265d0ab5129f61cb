// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instruction sets that kernels exist for, and the choice between them when a layer is made.
//! The forms differ in the vector and in how many tiles share a load of weights: as many sums as
//! the registers hold, twelve of sixteen or twenty-four of thirty-two.
#![allow(unsafe_code)]

use super::back::back;
use super::block::Block;
use super::forward::forward;
use super::layer::Panel;
use super::multiply::multiply;
use crate::ops::conv::simd::Portable;
#[cfg(target_arch = "x86_64")]
use crate::ops::conv::simd::{Avx2, Avx512};

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Plain Rust, for every processor.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512F.
    Avx512,
}

impl Isa {
    /// All of them, the best last.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this processor has it.
    #[must_use]
    pub(crate) fn usable(self) -> bool {
        self.kernels().is_some()
    }

    /// The kernels, if this processor can run them.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn kernels(self) -> Option<&'static Kernels> {
        let avx2 = || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        match self {
            Self::Portable => Some(&PORTABLE),
            Self::Avx2 => avx2().then_some(&AVX2),
            Self::Avx512 => (avx2() && is_x86_feature_detected!("avx512f")).then_some(&AVX512),
        }
    }

    /// The kernels, if this processor can run them.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn kernels(self) -> Option<&'static Kernels> {
        (self == Self::Portable).then_some(&PORTABLE)
    }

    /// The set to take for a layer with `out` output channels. Where a vector of eight holds them
    /// all, a longer one would do the same work half empty.
    #[must_use]
    pub(crate) fn best(out: usize) -> Self {
        match () {
            () if out > 8 && Self::Avx512.usable() => Self::Avx512,
            () if Self::Avx2.usable() => Self::Avx2,
            () => Self::Portable,
        }
    }
}

/// The three steps of a block for one instruction set.
///
/// Their contracts are those of [`forward`], [`multiply`] and [`back`].
pub(super) struct Kernels {
    pub(super) lanes: usize,
    pub(super) tiles: usize,
    pub(super) forward: unsafe fn(&Block<'_>),
    pub(super) multiply: unsafe fn(&Block<'_>, &Panel),
    pub(super) back: unsafe fn(&Block<'_>, &Panel),
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
            back: $module::back,
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
            pub(super) unsafe fn back(block: &Block<'_>, panel: &Panel) {
                // SAFETY: the same contract; the features are those of the vector.
                unsafe { super::back::<$vector, $tiles>(block, panel) }
            }
        }
    };
}

kernels!(PORTABLE, portable, Portable, 12, [12, 6]);
#[cfg(target_arch = "x86_64")]
kernels!(AVX2, avx2, Avx2, 12, [12, 6], "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(AVX512, avx512, Avx512, 24, [12, 12], "avx512f,avx2,fma");
