// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sixteen numbers: AVX-512F.

use super::Vector;
use std::arch::x86_64::*;

/// Sixteen numbers.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

/// The first `n` of sixteen; `n` is below 16.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    (1 << n) - 1
}

impl Vector for Avx512 {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: AVX-512F, and sixteen numbers are there, by the contract of the trait.
        Self(unsafe { _mm512_loadu_ps(p) })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        // SAFETY: AVX-512F, and n numbers are there; the mask keeps the load to them.
        Self(unsafe { _mm512_maskz_loadu_ps(first(n), p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: AVX-512F, and room for sixteen numbers is there, by the contract of the trait.
        unsafe { _mm512_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        // SAFETY: AVX-512F, and room for n numbers is there; the mask keeps the store to it.
        unsafe { _mm512_mask_storeu_ps(p, first(n), self.0) }
    }
    #[inline(always)]
    unsafe fn fetch(p: *const f32) {
        // SAFETY: every x86-64 processor has the instruction, which never fails.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_add_ps(self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, b: Self) -> Self {
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_sub_ps(self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, b: Self) -> Self {
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_mul_ps(self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn mul_sub_from(self, b: Self, c: Self) -> Self {
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_fnmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn at_least(self, low: Self) -> Self {
        // The instruction gives its second operand where one is not a number.
        // SAFETY: the processor has AVX-512F, by the contract of the trait.
        Self(unsafe { _mm512_max_ps(low.0, self.0) })
    }
}
