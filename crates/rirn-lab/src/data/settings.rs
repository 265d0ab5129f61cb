// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of settings from which a [`super::Mixture`] is opened: `[data]` of a recipe.

use super::error::DataError;
use super::layout::BlurKind;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where clips come from and what is done to them. What is left out of a recipe has the value of
/// [`MixtureSettings::default`]. Shares are probabilities for each clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MixtureSettings {
    /// Folders of data sets with blurred and sharp frames. Their training split is used.
    pub pairs: Vec<PathBuf>,
    /// Folders of sharp photographs, to move a camera over.
    pub photos: Vec<PathBuf>,
    /// Sharp videos, or folders of them, to average.
    pub videos: Vec<PathBuf>,
    /// Weights of the three sources; those without folders do not count. Default 0.4, 0.5, 0.1.
    pub shares: Shares,
    /// Which blurred frames of `pairs`: `gamma` (default), `encoded` or `compressed`.
    pub blur: BlurKind,
    /// Pairs: share of clips that are cut from a square of up to twice the size and reduced by area.
    /// Default 0.
    #[serde(skip_serializing_if = "is_nothing")]
    pub reduced: f64,
    /// Photographs: least and largest mean speed in pixels a frame. Default 0.6 to 45.
    pub motion: [f64; 2],
    /// Photographs: least and largest share of a frame interval that is exposed, in `(0, 1]`.
    /// Default 0.35 to 1.
    pub exposure: [f64; 2],
    /// Photographs and videos: share of clips that average light; the others average levels.
    /// Default 0.7.
    pub linear: f64,
    /// Share of clips whose blurred frames are the sharp ones. Default 0.05.
    pub identity: f64,
    /// Share of clips whose colours are exchanged. Default 0.5.
    pub channels: f64,
    /// Share of clips with noise. Default 0.4.
    pub noise: f64,
    /// Largest standard deviation of noise, in grey levels at white. Default 4.
    pub noise_level: f64,
    /// Share of clips compressed by JPEG. Default 0.2.
    pub jpeg: f64,
    /// Share of clips compressed by H.264; needs ffmpeg, some 0.2 s a clip. Default 0.03.
    pub h264: f64,
    /// Memory for decoded pictures and videos in MiB; videos get at most half. Default 2048.
    pub cache_mib: usize,
}

/// Left out of what is written, so that runs from before there was such a share go on.
pub(crate) fn is_nothing(share: &f64) -> bool {
    *share == 0.0
}

/// Weights of the sources; only their ratio counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Of real pairs.
    pub pairs: f64,
    /// Of photographs.
    pub photos: f64,
    /// Of videos.
    pub videos: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            pairs: 0.4,
            photos: 0.5,
            videos: 0.1,
        }
    }
}

impl Default for MixtureSettings {
    fn default() -> Self {
        Self {
            pairs: Vec::new(),
            photos: Vec::new(),
            videos: Vec::new(),
            shares: Shares::default(),
            blur: BlurKind::Gamma,
            reduced: 0.0,
            motion: [0.6, 45.0],
            exposure: [0.35, 1.0],
            linear: 0.7,
            identity: 0.05,
            channels: 0.5,
            noise: 0.4,
            noise_level: 4.0,
            jpeg: 0.2,
            h264: 0.03,
            cache_mib: 2048,
        }
    }
}

impl MixtureSettings {
    /// Looks at every number.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming the first that is out of its range.
    pub fn check(&self) -> Result<(), DataError> {
        let shares = [
            ("reduced", self.reduced),
            ("linear", self.linear),
            ("identity", self.identity),
            ("channels", self.channels),
            ("noise", self.noise),
            ("jpeg", self.jpeg),
            ("h264", self.h264),
        ];
        for (name, value) in shares {
            check(name, value, (0.0..=1.0).contains(&value), "0 to 1")?;
        }
        let compressed = self.jpeg + self.h264;
        check("jpeg", compressed, compressed <= 1.0, "jpeg + h264 up to 1")?;
        let [low, high] = self.motion;
        let is_fine = 0.0 < low && low <= high && high <= 500.0;
        check("motion", low, is_fine, "0 < lowest <= highest <= 500")?;
        let [low, high] = self.exposure;
        let is_fine = 0.0 < low && low <= high && high <= 1.0;
        check("exposure", low, is_fine, "0 < least <= most <= 1")?;
        let level = self.noise_level;
        check(
            "noise-level",
            level,
            (0.0..=64.0).contains(&level),
            "0 to 64",
        )?;
        for value in [self.shares.pairs, self.shares.photos, self.shares.videos] {
            let is_fine = value >= 0.0 && value.is_finite();
            check("shares", value, is_fine, "numbers of 0 or more")?;
        }
        Ok(())
    }
}

fn check(name: &'static str, value: f64, is_fine: bool, expected: &str) -> Result<(), DataError> {
    if is_fine {
        return Ok(());
    }
    let reason = format!("{value}, expected {expected}");
    Err(DataError::Setting { name, reason })
}
