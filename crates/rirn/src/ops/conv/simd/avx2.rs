// SPDX-License-Identifier: MIT OR Apache-2.0
//! Eight numbers: AVX2 and FMA.

use super::Vector;
use std::arch::x86_64::*;

/// Eight numbers.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// Eight ones and eight zeros: read from place 8 - n on, n ones come first.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl Vector for Avx2 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the processor has AVX, by the contract of the trait.
        Self(unsafe { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: AVX, and eight numbers are there, by the contract of the trait.
        Self(unsafe { _mm256_loadu_ps(p) })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        // SAFETY: AVX; n is 1 to 7, so that the mask lies within MASKS; only its n numbers are read.
        unsafe {
            let mask = _mm256_loadu_si256(MASKS.as_ptr().add(8 - n).cast());
            Self(_mm256_maskload_ps(p, mask))
        }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: AVX, and room for eight numbers is there, by the contract of the trait.
        unsafe { _mm256_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store_part(self, mut p: *mut f32, n: usize) {
        // A masked store takes tens of cycles on AMD's processors.
        // SAFETY: AVX; 4 + 2 + 1 numbers as the bits of n say, n together, which have room.
        unsafe {
            let mut rest = _mm256_castps256_ps128(self.0);
            if n & 4 != 0 {
                _mm_storeu_ps(p, rest);
                rest = _mm256_extractf128_ps(self.0, 1);
                p = p.add(4);
            }
            if n & 2 != 0 {
                _mm_storel_pd(p.cast(), _mm_castps_pd(rest));
                rest = _mm_movehl_ps(rest, rest);
                p = p.add(2);
            }
            if n & 1 != 0 {
                _mm_store_ss(p, rest);
            }
        }
    }
    #[inline(always)]
    unsafe fn fetch(p: *const f32) {
        // SAFETY: every x86-64 processor has the instruction, which never fails.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        // SAFETY: the processor has AVX, by the contract of the trait.
        Self(unsafe { _mm256_add_ps(self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, b: Self) -> Self {
        // SAFETY: the processor has AVX, by the contract of the trait.
        Self(unsafe { _mm256_sub_ps(self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, b: Self) -> Self {
        // SAFETY: the processor has AVX, by the contract of the trait.
        Self(unsafe { _mm256_mul_ps(self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        // SAFETY: the processor has FMA, by the contract of the trait.
        Self(unsafe { _mm256_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn mul_sub_from(self, b: Self, c: Self) -> Self {
        // SAFETY: the processor has FMA, by the contract of the trait.
        Self(unsafe { _mm256_fnmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn at_least(self, low: Self) -> Self {
        // The instruction gives its second operand where one is not a number.
        // SAFETY: the processor has AVX, by the contract of the trait.
        Self(unsafe { _mm256_max_ps(low.0, self.0) })
    }
}
