// SPDX-License-Identifier: MIT OR Apache-2.0
//! What multiplies tiles, and the choice between both when a layer is made. As with the vectors of the
//! other forms, all functions of a unit are always inlined, into [`run`], which stands once
//! in the program for each unit.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::amx::Amx;
use super::plain::Plain;
use super::sink::Sink;
use super::task::{Task, run};
use crate::ops::conv::memory::Lines;
use std::ops::Range;

/// What multiplies tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
            Self::Amx => super::amx::usable(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Amx => false,
        }
    }

    /// Its [`run`], if this process can use it.
    pub(super) fn program(self) -> Option<Program> {
        self.usable().then_some(match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx => run_amx,
            _ => run_plain,
        })
    }
}

/// Does the bands of a thread.
///
/// # Safety
/// [`Unit::usable`]; else as for [`run`].
pub(super) type Program =
    unsafe fn(&Task<'_>, bands: &mut dyn Iterator<Item = Range<usize>>, memory: &mut Lines);

/// Two tiles of pixels that follow each other in a row of the output, a panel of its channels.
#[derive(Clone, Copy)]
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
    /// Room for the sums.
    pub(super) sums: *mut f32,
}

/// The functions of one unit.
///
/// # Safety
/// [`Unit::usable`]; maps, strips, weights, bias and sums are as large as [`Block`] and [`Sink`]
/// say; `start` has been called on the thread.
pub(super) trait Multiplier {
    unsafe fn start();
    unsafe fn stop();

    /// Converts numbers of float32 to bfloat16. It may write whole vectors of sixteen from each number
    /// on that it is asked for.
    unsafe fn convert(from: *const f32, to: *mut u16, count: usize);

    /// The sums of a block, `N` tiles side by side. Calls `beside` after each row of taps.
    unsafe fn sums<const N: usize>(block: Block<'_>, beside: impl FnMut());

    /// Takes the sums of so many pixels from a first one on into the sink, `tiles` tiles side by
    /// side, which begin with a channel.
    unsafe fn finish(
        sink: &Sink<'_>,
        sums: *const f32,
        tiles: usize,
        channel: usize,
        first: usize,
        count: usize,
    );
}

/// # Safety
/// As [`Program`] says.
unsafe fn run_plain(
    task: &Task<'_>,
    bands: &mut dyn Iterator<Item = Range<usize>>,
    memory: &mut Lines,
) {
    // SAFETY: the same contract.
    unsafe { run::<Plain>(task, bands, memory) }
}

/// # Safety
/// As [`Program`] says.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma")]
unsafe fn run_amx(
    task: &Task<'_>,
    bands: &mut dyn Iterator<Item = Range<usize>>,
    memory: &mut Lines,
) {
    // SAFETY: the same contract.
    unsafe { run::<Amx>(task, bands, memory) }
}
