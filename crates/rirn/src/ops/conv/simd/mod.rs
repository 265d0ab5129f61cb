// SPDX-License-Identifier: MIT OR Apache-2.0
//! A few float32 numbers at once, behind one trait, so that the kernels are written once. The
//! functions are always inlined, into callers that a `target_feature` attribute lets use the
//! instructions; a function of this floor never stands alone in the program.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod isa;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use isa::{Isa, switch_is};
pub(crate) use portable::Portable;

/// A register full of numbers.
///
/// # Safety
/// Every function asks for a processor with the instructions of the implementing type. Those with
/// a pointer ask for [`Self::LANES`] numbers there, or `n` where they take an `n`; `n` is at least
/// 1 and below [`Self::LANES`]. No alignment is needed.
pub(crate) trait Vector: Copy {
    /// Numbers in it.
    const LANES: usize;

    /// The same number everywhere.
    unsafe fn splat(x: f32) -> Self;
    /// From memory.
    unsafe fn load(p: *const f32) -> Self;
    /// The first `n` from memory, zeros behind them; memory behind them is not touched.
    unsafe fn load_part(p: *const f32, n: usize) -> Self;
    /// Into memory.
    unsafe fn store(self, p: *mut f32);
    /// The first `n` into memory; memory behind them is not touched.
    unsafe fn store_part(self, p: *mut f32, n: usize);
    /// Asks for the cache line at an address, which need not be one of memory.
    unsafe fn fetch(p: *const f32);
    /// `self + b`
    unsafe fn add(self, b: Self) -> Self;
    /// `self - b`
    unsafe fn sub(self, b: Self) -> Self;
    /// `self * b`
    unsafe fn mul(self, b: Self) -> Self;
    /// `self * b + c`, rounded once or twice.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// `c - self * b`, rounded once or twice.
    unsafe fn mul_sub_from(self, b: Self, c: Self) -> Self;
    /// The larger of `self` and `low`; `self` where it is not a number.
    unsafe fn at_least(self, low: Self) -> Self;
}
