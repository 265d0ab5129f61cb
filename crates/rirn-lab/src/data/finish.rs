// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens to a clip after it was made: colours exchanged, noise, compression, and now and
//! then a clip that was sharp all along. Everything but the exchange of colours is the blurred
//! side's alone.

use super::clip::Clip;
use super::error::DataError;
use super::settings::MixtureSettings;
use crate::blur::{CompressError, H264, Noise, jpeg};
use rand::Rng;
use rand::seq::SliceRandom;

/// Qualities of JPEG, from visible blocks to hardly any loss.
const QUALITY: std::ops::RangeInclusive<u8> = 40..=95;

/// Shares of clips and strengths, from the settings.
#[derive(Debug, Clone)]
pub(super) struct Finish {
    identity: f64,
    channels: f64,
    noise: f64,
    noise_level: f64,
    jpeg: f64,
    h264: f64,
}

impl Finish {
    /// # Errors
    /// [`DataError::Setting`] where H.264 is wanted and cannot be had.
    pub(super) fn open(settings: &MixtureSettings, size: usize) -> Result<Self, DataError> {
        if settings.h264 > 0.0 {
            check_h264(size)?;
        }
        Ok(Self {
            identity: settings.identity,
            channels: settings.channels,
            noise: settings.noise,
            noise_level: settings.noise_level,
            jpeg: settings.jpeg,
            h264: settings.h264,
        })
    }

    pub(super) fn apply(&self, random: &mut impl Rng, clip: &mut Clip) -> Result<(), DataError> {
        if random.random_bool(self.identity) {
            clip.blurred.copy_from_slice(&clip.sharp);
        }
        if random.random_bool(self.channels) {
            let mut order = [0, 1, 2];
            order.shuffle(random);
            for side in [&mut clip.blurred, &mut clip.sharp] {
                exchange(side, order);
            }
        }
        if random.random_bool(self.noise) {
            Noise::random(random, self.noise_level).add(random, &mut clip.blurred);
        }
        let kind: f64 = random.random();
        if kind < self.jpeg {
            jpeg(&mut clip.blurred, clip.size, random.random_range(QUALITY))?;
        } else if kind < self.jpeg + self.h264 {
            H264::random(random).apply(&mut clip.blurred, clip.size)?;
        }
        Ok(())
    }
}

fn exchange(levels: &mut [u8], order: [usize; 3]) {
    for pixel in levels.chunks_exact_mut(3) {
        let [one, two, three] = order.map(|channel| pixel[channel]);
        pixel.copy_from_slice(&[one, two, three]);
    }
}

/// Compresses two grey frames, so that what is missing is known before anything starts.
fn check_h264(size: usize) -> Result<(), DataError> {
    let setting = |reason| DataError::Setting {
        name: "h264",
        reason,
    };
    if size % 2 == 1 {
        let reason = format!("frames of {size} pixels, expected an even number for H.264");
        return Err(setting(reason));
    }
    let mut grey = vec![128; 2 * size * size * 3];
    let tried = H264 { factor: 23, key: 2 }.apply(&mut grey, size);
    tried.map_err(|error: CompressError| {
        let hint = "expected ffmpeg with libx264, or h264 = 0";
        setting(format!("{error}; {hint}"))
    })
}
