// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for tests. LibTorch's generator belongs to the whole process, so that tests which run at
//! the same time would find other ones each time.

use tch::Tensor;

/// Seeded numbers with variance near 1.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
    /// Sum of four uniform numbers: bell-shaped, variance 1.
    pub(crate) fn number(&mut self) -> f32 {
        let uniform = |bits: u64| (bits >> 40) as f64 / (1u64 << 24) as f64 - 0.5;
        let sum: f64 = (0..4).map(|_| uniform(self.bits())).sum();
        (sum * 3f64.sqrt()) as f32
    }
    pub(crate) fn numbers(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.number()).collect()
    }
    pub(crate) fn tensor(&mut self, size: &[i64]) -> Tensor {
        let count = usize::try_from(size.iter().product::<i64>()).expect("a count");
        Tensor::from_slice(&self.numbers(count)).view(size)
    }
    /// `[1, channels, height, width]` in channels-last memory.
    pub(crate) fn map(&mut self, channels: i64, (height, width): (i64, i64)) -> Tensor {
        let rows = self.tensor(&[1, height, width, channels]);
        rows.permute([0, 3, 1, 2])
    }
}
