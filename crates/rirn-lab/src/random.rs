// SPDX-License-Identifier: MIT OR Apache-2.0
//! Normal numbers from a generator of one's own. LibTorch's generator belongs to the whole
//! process: what two threads draw from it, each after its own seed, is a mixture of both.

use rand::Rng;
use std::f64::consts::TAU;
use tch::{TchError, Tensor};

/// A number of the standard normal distribution, after Box and Muller.
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (random.random::<f64>() * TAU).cos()
}

/// A tensor of `shape` of such numbers, float32 on the CPU.
///
/// # Errors
/// What LibTorch reports.
pub(crate) fn normals(random: &mut impl Rng, shape: &[i64]) -> Result<Tensor, TchError> {
    let count = shape.iter().product::<i64>();
    let values: Vec<f32> = (0..count).map(|_| normal(random) as f32).collect();
    Tensor::f_from_slice(&values)?.f_view(shape)
}

#[cfg(test)]
mod tests {
    use super::{normal, normals};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn numbers_have_the_moments_of_the_normal_distribution() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let all: Vec<f64> = (0..100_000).map(|_| normal(&mut random)).collect();
        for (power, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            let mean = all.iter().map(|n| n.powi(power)).sum::<f64>() / all.len() as f64;
            assert!((mean - expected).abs() < 0.1, "power {power}: {mean}");
        }
    }

    #[test]
    fn a_seed_gives_its_tensor_whatever_others_draw() {
        let draw = || normals(&mut ChaCha8Rng::seed_from_u64(2), &[3, 5]).expect("a tensor");
        let first = draw();
        tch::manual_seed(3);
        assert_eq!(first, draw());
        assert_eq!(first.size(), [3, 5]);
    }
}
