// SPDX-License-Identifier: MIT OR Apache-2.0
//! Noise of a sensor: a constant part, and a part that grows with the signal.
//!
//! It is added to recorded levels and is independent from pixel to pixel and from frame to frame.
//! What noise reduction makes of it is not imitated.

use rand::Rng;

/// Standard deviations in grey levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Everywhere.
    pub constant: f64,
    /// At level 255, in addition; its square is proportional to the level.
    pub signal: f64,
}

impl Noise {
    /// Noise of at most `level` grey levels at white, of random kind.
    pub fn random(random: &mut impl Rng, level: f64) -> Self {
        let total = random.random_range(0.1..=1.0) * level;
        let share: f64 = random.random();
        Self {
            constant: total * share.sqrt(),
            signal: total * (1.0 - share).sqrt(),
        }
    }

    /// Adds noise to recorded levels.
    pub fn add(&self, random: &mut impl Rng, levels: &mut [u8]) {
        let (constant, signal) = (self.constant.powi(2), self.signal.powi(2));
        let deviation: [f32; 256] = std::array::from_fn(|level| {
            let variance = constant + signal * level as f64 / 255.0;
            (variance.sqrt() / BELL) as f32
        });
        for level in levels {
            let noise = bell(random.next_u64()) * deviation[usize::from(*level)];
            *level = (f32::from(*level) + noise).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Standard deviation of [`bell`].
const BELL: f64 = 0.577_350_269_189_625_8;

/// The sum of four even numbers in `[-0.5, 0.5]`: near enough to a normal distribution, and the
/// same on every machine.
fn bell(bits: u64) -> f32 {
    let part = |shift: u32| ((bits >> shift) & 0xffff) as i32;
    let sum = part(0) + part(16) + part(32) + part(48) - 2 * 0xffff;
    sum as f32 / 65535.0
}

#[cfg(test)]
mod tests {
    use super::Noise;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn noise_has_the_deviation_that_it_says_at_each_level() {
        let noise = Noise {
            constant: 3.0,
            signal: 4.0,
        };
        for (level, expected) in [(64u8, (9.0 + 16.0 * 64.0 / 255.0f64).sqrt()), (200, 4.645)] {
            let mut levels = vec![level; 200_000];
            noise.add(&mut ChaCha8Rng::seed_from_u64(4), &mut levels);
            let difference = |&noisy: &u8| f64::from(noisy) - f64::from(level);
            let mean = levels.iter().map(difference).sum::<f64>() / 2e5;
            let square = levels.iter().map(|l| difference(l).powi(2)).sum::<f64>() / 2e5;
            assert!(mean.abs() < 0.05, "{mean}");
            // Rounding adds a twelfth to the variance.
            assert!((square.sqrt() - expected).abs() < 0.05, "{square}");
        }
    }
}
