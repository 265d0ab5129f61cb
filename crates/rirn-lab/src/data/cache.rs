// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decoded pictures, kept while there is room.
//!
//! Shared by the threads that make clips. Decoding happens outside of the lock: two threads that
//! want the same new picture at once both decode it, and one copy stays. What is in the cache never
//! changes what a clip looks like.

use super::error::DataError;
use super::folder::open;
use crate::blur::DetailMap;
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A decoded picture.
#[derive(Debug)]
pub struct Picture {
    /// Its pixels.
    pub pixels: RgbImage,
    detail: OnceLock<DetailMap>,
}

impl Picture {
    /// Where there is detail in it; computed once.
    pub fn detail(&self) -> &DetailMap {
        self.detail.get_or_init(|| DetailMap::new(&self.pixels))
    }
}

/// Pictures by file, up to a number of bytes; the one not used for longest goes first.
#[derive(Debug)]
pub struct PictureCache {
    bound: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pictures: BTreeMap<PathBuf, (u64, Arc<Picture>)>,
    bytes: usize,
    uses: u64,
}

impl PictureCache {
    /// A cache of at most `bound` bytes of pixels; 0 keeps nothing.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        let kept = Mutex::default();
        Self { bound, kept }
    }

    /// The picture in the file `path`, from the cache or from the disk.
    ///
    /// # Errors
    /// [`DataError::Read`] and [`DataError::Picture`] where it has to be read and cannot be.
    pub fn get(&self, path: &Path) -> Result<Arc<Picture>, DataError> {
        if let Some(picture) = self.lock().find(path) {
            return Ok(picture);
        }
        let picture = Arc::new(Picture {
            pixels: open(path)?,
            detail: OnceLock::new(),
        });
        self.lock().keep(path, &picture, self.bound);
        Ok(picture)
    }

    /// Bytes of pixels that are kept now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // What is kept is whole after every statement, so a panic elsewhere leaves nothing torn.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find(&mut self, path: &Path) -> Option<Arc<Picture>> {
        let (used, picture) = self.pictures.get_mut(path)?;
        self.uses += 1;
        *used = self.uses;
        Some(Arc::clone(picture))
    }

    fn keep(&mut self, path: &Path, picture: &Arc<Picture>, bound: usize) {
        let size = picture.pixels.as_raw().len();
        if size > bound || self.pictures.contains_key(path) {
            return;
        }
        while self.bytes + size > bound {
            let oldest = self.pictures.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(path, _)| path.clone()) else {
                break;
            };
            if let Some((_, gone)) = self.pictures.remove(&oldest) {
                self.bytes -= gone.pixels.as_raw().len();
            }
        }
        self.uses += 1;
        self.bytes += size;
        let entry = (self.uses, Arc::clone(picture));
        self.pictures.insert(path.to_owned(), entry);
    }
}
