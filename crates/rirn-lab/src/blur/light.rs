// SPDX-License-Identifier: MIT OR Apache-2.0
//! Grey levels to light and back, and the average of frames.
//!
//! A camera sums light, not grey levels: GOPRO's `blur_gamma` averages light through an inverse
//! response of gamma 2.2, its `blur` averages the recorded levels. Both are here. Colour spaces and
//! the response of a single camera are not.

/// Exponent of the camera response, an approximation.
const GAMMA: f64 = 2.2;
/// Levels from which on a highlight may have been brighter than the picture could record.
const HIGHLIGHT: f64 = 230.0;
/// Steps of the table of first guesses over the square root of light.
const GUESSES: usize = 1024;

/// What is averaged over an exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Averaging {
    /// Light: levels through the inverse of gamma 2.2, as a sensor does.
    Linear,
    /// Recorded levels, as GOPRO's `blur` does.
    Encoded,
}

/// Tables between 8-bit levels and amounts of light in `[0, 1]`.
#[derive(Debug, Clone)]
pub struct Light {
    decode: [f32; 256],
    /// Least light of a level; the last one is out of reach.
    edges: [f32; 257],
    guess: Vec<u8>,
}

impl Light {
    /// Tables without extra light in the highlights.
    #[must_use]
    pub fn new(averaging: Averaging) -> Self {
        Self::with_highlights(averaging, 0.0)
    }

    /// Tables in which level 255 stands for `1 + gain` times the light that it can record, falling
    /// to once at level 230: lamps and reflections then leave streaks that are clipped again.
    #[must_use]
    pub fn with_highlights(averaging: Averaging, gain: f64) -> Self {
        let plain = |level: f64| match averaging {
            Averaging::Linear => (level / 255.0).powf(GAMMA),
            Averaging::Encoded => level / 255.0,
        };
        let decode = std::array::from_fn(|level| {
            let level = level as f64;
            let above = ((level - HIGHLIGHT) / (255.0 - HIGHLIGHT)).max(0.0);
            (plain(level) * (1.0 + gain * above * above)) as f32
        });
        let edges = std::array::from_fn(|level| match level {
            0 => f32::NEG_INFINITY,
            256 => f32::INFINITY,
            _ => plain(level as f64 - 0.5) as f32,
        });
        let mut level = 0u8;
        let guess = (0..GUESSES)
            .map(|step| {
                let root = step as f32 / GUESSES as f32;
                while root * root >= edges[usize::from(level) + 1] {
                    level += 1;
                }
                level
            })
            .collect();
        Self {
            decode,
            edges,
            guess,
        }
    }

    /// Light of a level; 1 at level 255 unless highlights were asked for.
    #[must_use]
    pub fn decode(&self, level: u8) -> f32 {
        self.decode[usize::from(level)]
    }

    /// Level of an amount of light, to the nearest, half up; clipped to what 8 bits hold.
    #[must_use]
    pub fn encode(&self, light: f32) -> u8 {
        // The guess is never above the level, so the search only goes up, mostly by nothing.
        let step = (light.max(0.0).sqrt() * GUESSES as f32) as usize;
        let mut level = self.guess[step.min(GUESSES - 1)];
        while light >= self.edges[usize::from(level) + 1] {
            level += 1;
        }
        level
    }
}

/// Average of frames of equal length, level by level.
///
/// # Panics
/// Where `frames` is empty.
#[must_use]
pub fn average(frames: &[&[u8]], light: &Light) -> Vec<u8> {
    assert!(!frames.is_empty(), "an average needs a frame");
    let mut sum = vec![0.0f32; frames[0].len()];
    for frame in frames {
        for (sum, &level) in sum.iter_mut().zip(*frame) {
            *sum += light.decode(level);
        }
    }
    let share = 1.0 / frames.len() as f32;
    sum.iter().map(|&sum| light.encode(sum * share)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Averaging, Light, average};

    #[test]
    fn light_and_levels_average_to_their_own_values() {
        let frames: [&[u8]; 2] = [&[0, 100, 255], &[255, 200, 255]];
        // (0 + 255) / 2 and 255 * 0.5^(1/2.2) = 186.08; 150 and 255 *
        // ((0.392^2.2 + 0.784^2.2) / 2)^(1/2.2) = 159.61.
        let encoded = average(&frames, &Light::new(Averaging::Encoded));
        assert_eq!(encoded, [128, 150, 255]);
        let linear = average(&frames, &Light::new(Averaging::Linear));
        assert_eq!(linear, [186, 160, 255]);
    }

    #[test]
    fn every_level_comes_back_from_its_light() {
        for averaging in [Averaging::Linear, Averaging::Encoded] {
            let light = Light::new(averaging);
            for level in 0..=255 {
                assert_eq!(light.encode(light.decode(level)), level);
            }
            assert_eq!(light.encode(7.0), 255);
            assert_eq!(light.encode(-1.0), 0);
        }
    }

    #[test]
    fn a_bright_highlight_stays_white_when_half_of_the_exposure_is_dark() {
        let frames: [&[u8]; 2] = [&[255], &[0]];
        let bright = Light::with_highlights(Averaging::Linear, 1.5);
        assert_eq!(average(&frames, &bright), [255]);
    }
}
