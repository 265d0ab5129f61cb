// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clips of several sources by their shares, finished as a camera would.
//!
//! Clip `number` of a `seed` is made from a stream of random numbers of its own, so clips can be made
//! in any order and on any number of threads. Equal files and settings give equal bytes; only
//! H.264 also depends on the version of ffmpeg.

use super::cache::PictureCache;
use super::clip::{Clip, ClipSource};
use super::error::DataError;
use super::finish::Finish;
use super::layout::{Choice, Split};
use super::pairs::Pairs;
use super::photos::Photos;
use super::settings::MixtureSettings;
use super::videos::Videos;
use crate::blur::Synthesis;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Sources with their shares, and what is done to their clips.
pub struct Mixture {
    /// Weight and source; weights are above zero.
    sources: Vec<(f64, Box<dyn ClipSource>)>,
    finish: Finish,
}

impl Mixture {
    /// Opens all sources for clips of up to `frames` frames of up to `size` x `size` pixels. All
    /// checks are made here: headers of all pictures are read and videos decoded.
    ///
    /// # Errors
    /// [`DataError`] naming the file, folder or setting that cannot be used.
    pub fn open(settings: &MixtureSettings, frames: usize, size: usize) -> Result<Self, DataError> {
        settings.check()?;
        if frames == 0 || size == 0 {
            let reason = format!("clips of {frames} frames of {size} pixels, expected some");
            return Err(DataError::Setting {
                name: "clip",
                reason,
            });
        }
        let sources = sources(settings, frames, size)?;
        if sources.is_empty() {
            return Err(DataError::Setting {
                name: "pairs, photos, videos",
                reason: "no folder with a share above 0, expected at least one".to_owned(),
            });
        }
        let finish = Finish::open(settings, size)?;
        Ok(Self { sources, finish })
    }

    /// Clip `number` of `seed`, of a source drawn by the shares. The same arguments give the same
    /// clip on any thread and in any order.
    ///
    /// # Errors
    /// As [`ClipSource::clip`], and [`DataError::Compress`].
    pub fn clip(
        &self,
        seed: u64,
        number: u64,
        frames: usize,
        size: usize,
    ) -> Result<Clip, DataError> {
        let mut random = stream(seed, number);
        let total: f64 = self.sources.iter().map(|(share, _)| share).sum();
        let mut drawn = random.random::<f64>() * total;
        let mut source = 0;
        while source + 1 < self.sources.len() && drawn >= self.sources[source].0 {
            drawn -= self.sources[source].0;
            source += 1;
        }
        self.finished(source, &mut random, frames, size)
    }

    /// Clip `number` of `seed` of the source with that index, below [`Mixture::sources`].
    ///
    /// # Errors
    /// As [`Mixture::clip`].
    ///
    /// # Panics
    /// Where there is no such source.
    pub fn clip_of(
        &self,
        source: usize,
        (seed, number): (u64, u64),
        frames: usize,
        size: usize,
    ) -> Result<Clip, DataError> {
        self.finished(source, &mut stream(seed, number), frames, size)
    }

    /// Number of sources that are used, in the order pairs, photographs, videos.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// What the sources hold, such as `5 sequences (278 frames), 217 photographs`.
    #[must_use]
    pub fn about(&self) -> String {
        let parts: Vec<String> = self.sources.iter().map(|(_, s)| s.about()).collect();
        parts.join(", ")
    }

    fn finished(
        &self,
        source: usize,
        random: &mut ChaCha8Rng,
        frames: usize,
        size: usize,
    ) -> Result<Clip, DataError> {
        let mut clip = self.sources[source].1.clip(random, frames, size)?;
        self.finish.apply(random, &mut clip)?;
        Ok(clip)
    }
}

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    random
}

type Sources = Vec<(f64, Box<dyn ClipSource>)>;

fn sources(settings: &MixtureSettings, frames: usize, size: usize) -> Result<Sources, DataError> {
    let bytes = settings.cache_mib.saturating_mul(1 << 20);
    let is_wanted = |folders: &[_], share: f64| !folders.is_empty() && share > 0.0;
    let shares = settings.shares;
    let videos = is_wanted(&settings.videos, shares.videos);
    let for_videos = if videos { bytes / 2 } else { 0 };
    let cache = Arc::new(PictureCache::new(bytes - for_videos));
    let mut sources: Sources = Vec::new();
    if is_wanted(&settings.pairs, shares.pairs) {
        let choice = Choice {
            split: Split::Train,
            blur: settings.blur,
        };
        let cache = Arc::clone(&cache);
        let pairs = Pairs::open(&settings.pairs, &choice, size, settings.reduced, cache)?;
        sources.push((shares.pairs, Box::new(pairs)));
    }
    if is_wanted(&settings.photos, shares.photos) {
        let synthesis = Synthesis {
            motion: settings.motion.into(),
            exposure: settings.exposure.into(),
            linear: settings.linear,
        };
        let photos = Photos::open(&settings.photos, synthesis, size, cache)?;
        sources.push((shares.photos, Box::new(photos)));
    }
    if videos {
        let linear = settings.linear;
        let videos = Videos::open(&settings.videos, (frames, size), linear, for_videos)?;
        sources.push((shares.videos, Box::new(videos)));
    }
    Ok(sources)
}
