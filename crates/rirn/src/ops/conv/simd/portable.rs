// SPDX-License-Identifier: MIT OR Apache-2.0
//! Four numbers in plain Rust, which the compiler turns into whatever the target has. Products
//! and sums are rounded one by one: without the instruction, `f32::mul_add` is a slow call.

use super::Vector;

/// Four numbers.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let (a, b) = (self.0, b.0);
        Self([f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])])
    }
}

impl Vector for Portable {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 4])
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: four numbers are there, by the contract of the trait.
        Self(unsafe { p.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        let mut numbers = [0.0; 4];
        for (i, number) in numbers.iter_mut().enumerate().take(n) {
            // SAFETY: n numbers are there, and i is below n.
            *number = unsafe { p.add(i).read() };
        }
        Self(numbers)
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: room for four numbers is there, by the contract of the trait.
        unsafe { p.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        for (i, &number) in self.0.iter().enumerate().take(n) {
            // SAFETY: room for n numbers is there, and i is below n.
            unsafe { p.add(i).write(number) };
        }
    }
    #[inline(always)]
    unsafe fn fetch(_: *const f32) {}
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, b: Self) -> Self {
        self.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, b: Self) -> Self {
        self.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        self.zip(b, |a, b| a * b).zip(c, |ab, c| ab + c)
    }
    #[inline(always)]
    unsafe fn mul_sub_from(self, b: Self, c: Self) -> Self {
        self.zip(b, |a, b| a * b).zip(c, |ab, c| c - ab)
    }
    #[inline(always)]
    unsafe fn at_least(self, low: Self) -> Self {
        self.zip(low, |a, low| if low > a { low } else { a })
    }
}
