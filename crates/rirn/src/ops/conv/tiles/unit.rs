// SPDX-License-Identifier: MIT OR Apache-2.0
//! What multiplies tiles, and the choice between both when a layer is made.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::amx;
use super::plain;
use crate::ops::conv::finish::{Output, finish};
#[cfg(target_arch = "x86_64")]
use crate::ops::conv::simd::Avx512;
use crate::ops::conv::simd::Portable;

/// What multiplies tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Plain Rust, for every processor.
    Plain,
    /// Intel's AMX with bfloat16, and AVX-512 beside it.
    Amx,
}

impl Unit {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 2] = [Self::Plain, Self::Amx];

    /// Whether this process can use it.
    #[must_use]
    pub(crate) fn usable(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Amx => amx::usable(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Amx => false,
        }
    }
}

/// Converts numbers of float32 to bfloat16. It may write whole vectors of sixteen from each number
/// on that it is asked for.
pub(super) type Convert = unsafe fn(from: *const f32, to: *mut u16, count: usize);

/// Two tiles of pixels that follow each other in a row of the output, a panel of its channels.
pub(super) struct Block<'a> {
    /// The strips of the rows of taps that lie on the map.
    pub(super) rows: &'a [*const u16],
    /// Numbers from the beginning of a strip to the first pixel's first tap.
    pub(super) offset: usize,
    /// Numbers from one pixel to the next.
    pub(super) next: usize,
    /// The weights of the first of these rows of taps; those of the others follow.
    pub(super) weights: *const f32,
    /// Steps of a row of taps.
    pub(super) steps: usize,
    /// The bias of the panel's channels.
    pub(super) bias: *const f32,
    /// Room for the sums.
    pub(super) sums: *mut f32,
}

/// Computes and writes a block: so many pixels from a first one on, of a panel that begins with a channel.
type Compute = unsafe fn(&Block<'_>, &Output<'_>, channel: usize, pixels: (usize, usize));

/// The functions of one unit. Their contract: [`Unit::usable`]; maps, strips, weights, bias and sums
/// are as large as [`Block`] and [`Output`] say; `start` has been called on the thread.
pub(super) struct Kernels {
    pub(super) start: unsafe fn(),
    pub(super) stop: unsafe fn(),
    pub(super) convert: Convert,
    /// For panels of one tile and of two.
    pub(super) blocks: [Compute; 2],
}

impl Kernels {
    /// Those of a unit, if this process can use it.
    pub(super) fn of(unit: Unit) -> Option<&'static Self> {
        unit.usable().then_some(match unit {
            #[cfg(target_arch = "x86_64")]
            Unit::Amx => &AMX,
            _ => &PLAIN,
        })
    }
}

static PLAIN: Kernels = Kernels {
    start: plain::nothing,
    stop: plain::nothing,
    convert: plain::convert,
    blocks: [plain_block::<1, 4>, plain_block::<2, 8>],
};

#[cfg(target_arch = "x86_64")]
static AMX: Kernels = Kernels {
    start: amx::start,
    stop: amx::stop,
    convert: amx::convert,
    blocks: [amx_block::<1>, amx_block::<2>],
};

/// A block of `N` tiles side by side, which are `V` vectors.
unsafe fn plain_block<const N: usize, const V: usize>(
    block: &Block<'_>,
    output: &Output<'_>,
    channel: usize,
    pixels: (usize, usize),
) {
    // SAFETY: the same contract.
    unsafe {
        plain::sums::<N>(block);
        finish::<Portable, V>(output, channel, pixels, block.sums);
    }
}

/// A block of `N` tiles side by side, each a vector.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn amx_block<const N: usize>(
    block: &Block<'_>,
    output: &Output<'_>,
    channel: usize,
    pixels: (usize, usize),
) {
    // SAFETY: the same contract.
    unsafe {
        amx::sums::<N>(block);
        finish::<Avx512, N>(output, channel, pixels, block.sums);
    }
}
