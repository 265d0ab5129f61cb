// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clips of a camera that moves over photographs; how is in `crate::blur`.

use super::cache::PictureCache;
use super::clip::{Clip, ClipSource, check_crop};
use super::error::DataError;
use super::folder::{dimensions, pictures};
use crate::blur::{Exposed, Synthesis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::sync::Arc;

/// Sharp photographs, and the cache they go through.
#[derive(Debug)]
pub struct Photos {
    paths: Vec<PathBuf>,
    synthesis: Synthesis,
    cache: Arc<PictureCache>,
}

impl Photos {
    /// Opens the photographs in `folders` for frames of `size` pixels.
    ///
    /// # Errors
    /// [`DataError::Empty`], [`DataError::Picture`] and [`DataError::Small`] by header.
    pub fn open(
        folders: &[PathBuf],
        synthesis: Synthesis,
        size: usize,
        cache: Arc<PictureCache>,
    ) -> Result<Self, DataError> {
        let mut paths = Vec::new();
        for folder in folders {
            paths.extend(pictures(folder)?);
        }
        for path in &paths {
            check_crop(path, dimensions(path)?, size)?;
        }
        Ok(Self {
            paths,
            synthesis,
            cache,
        })
    }
}

impl ClipSource for Photos {
    fn clip(&self, random: &mut ChaCha8Rng, frames: usize, size: usize) -> Result<Clip, DataError> {
        let mut chosen = Vec::new();
        for _ in 0..self.synthesis.photos(random) {
            let path = &self.paths[random.random_range(0..self.paths.len())];
            chosen.push(self.cache.get(path)?);
        }
        let photos: Vec<_> = chosen
            .iter()
            .map(|picture| (&picture.pixels, picture.detail()))
            .collect();
        let Exposed { blurred, sharp } = self.synthesis.clip(random, &photos, frames, size);
        Ok(Clip {
            frames,
            size,
            blurred,
            sharp,
        })
    }

    fn about(&self) -> String {
        format!("{} photographs", self.paths.len())
    }
}
