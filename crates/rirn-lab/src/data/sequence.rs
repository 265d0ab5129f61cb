// SPDX-License-Identifier: MIT OR Apache-2.0
//! A sequence of a data set: its files in order, checked by their headers.

use super::error::DataError;
use super::folder::{correspond, dimensions, open, pictures};
use image::RgbImage;
use std::path::{Path, PathBuf};

/// Consecutive frames of one scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Name of its folder.
    pub name: String,
    /// Files of the blurred frames in order of time.
    pub blurred: Vec<PathBuf>,
    /// Files of the sharp frames, as many as blurred ones; none where there is no truth.
    pub sharp: Vec<PathBuf>,
    /// Width of all frames in pixels.
    pub width: u32,
    /// Height of all frames in pixels.
    pub height: u32,
}

impl Sequence {
    /// Lists the frames in the folders and looks at every header. `folder` is what messages name.
    pub(super) fn open(
        name: String,
        folder: &Path,
        blurred: &Path,
        sharp: Option<&Path>,
    ) -> Result<Self, DataError> {
        let blurred = pictures(blurred)?;
        let sharp = sharp.map_or(Ok(Vec::new()), pictures)?;
        if !sharp.is_empty() {
            if sharp.len() != blurred.len() {
                return Err(DataError::Counts {
                    folder: folder.to_owned(),
                    blurred: blurred.len(),
                    sharp: sharp.len(),
                });
            }
            let mut pairs = blurred.iter().zip(&sharp);
            if let Some((blurred, sharp)) = pairs.find(|(b, s)| !correspond(b, s)) {
                let (blurred, sharp) = (blurred.clone(), sharp.clone());
                return Err(DataError::Names { blurred, sharp });
            }
        }
        let expected = dimensions(&blurred[0])?;
        for path in blurred.iter().chain(&sharp) {
            let found = dimensions(path)?;
            if found != expected {
                let path = path.clone();
                return Err(DataError::Size {
                    path,
                    found,
                    expected,
                });
            }
        }
        let (width, height) = expected;
        Ok(Self {
            name,
            blurred,
            sharp,
            width,
            height,
        })
    }

    /// Number of frames.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blurred.len()
    }

    /// Whether there are no frames; never true of a sequence that [`super::sequences`] gave.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blurred.is_empty()
    }

    /// The pixels of blurred frame `index`.
    ///
    /// # Errors
    /// [`DataError::Read`] and [`DataError::Picture`] where the file cannot be read.
    ///
    /// # Panics
    /// Where `index` is not below [`Sequence::len`].
    pub fn blurred(&self, index: usize) -> Result<RgbImage, DataError> {
        open(&self.blurred[index])
    }

    /// The pixels of sharp frame `index`.
    ///
    /// # Errors
    /// As [`Sequence::blurred`].
    ///
    /// # Panics
    /// Where `index` is not below [`Sequence::len`], or the sequence has no truth.
    pub fn sharp(&self, index: usize) -> Result<RgbImage, DataError> {
        open(&self.sharp[index])
    }
}
