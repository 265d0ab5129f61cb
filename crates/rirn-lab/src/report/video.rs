// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`side_by_side`]: the pictures of each frame next to each other, as an H.264 video in MP4.
//!
//! The encoder is another program: `ffmpeg`, else `gst-launch-1.0`, whichever is installed. It
//! gets raw pictures through a pipe and writes a file beside the wanted one, which takes its name
//! only when it is whole; whatever goes wrong, no half video is left and an older one stays.
//! Pictures are parted by a thin white line; there are no names in the video.

mod encoder;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use image::{Rgb, RgbImage, imageops};

use super::ReportError;
use encoder::{Encoder, Program, Stream};

/// Width of the line between two pictures, in pixels.
const LINE: u32 = 4;

/// Writes `out`, replacing what is there: of every item its pictures from left to right, all of
/// the first one's size and number. `rate` is so many frames in so many seconds, (30000, 1001) for
/// NTSC. An odd width or height repeats its last column or row, as H.264 asks for even ones.
///
/// # Errors
/// [`ReportError::NoEncoder`] where neither program is installed, [`ReportError::Encoder`] with
/// the end of what the program printed where it fails, [`ReportError::Write`] where `out` cannot
/// be put in place; [`ReportError::Source`] for the first frame that is an error;
/// [`ReportError::NoFrames`], [`ReportError::NoPictures`], [`ReportError::Panels`],
/// [`ReportError::Sizes`] and [`ReportError::Rate`] for what makes no video.
pub fn side_by_side<E>(
    out: &Path,
    rate: (u32, u32),
    frames: impl IntoIterator<Item = Result<Vec<RgbImage>, E>>,
) -> Result<(), ReportError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    encode(&Program::all(), out, rate, frames)
}

/// As [`side_by_side`], by the first of `programs` that is installed.
fn encode<E>(
    programs: &[Program],
    out: &Path,
    rate: (u32, u32),
    frames: impl IntoIterator<Item = Result<Vec<RgbImage>, E>>,
) -> Result<(), ReportError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let path = || out.to_path_buf();
    if rate.0 == 0 || rate.1 == 0 {
        return Err(ReportError::Rate { path: path(), rate });
    }
    // Dropped last: the encoder has ended by then and makes no file any more.
    let temporary = Temporary::beside(out)?;
    let mut running: Option<(Shape, Encoder)> = None;
    for (index, frame) in frames.into_iter().enumerate() {
        let pictures = frame.map_err(|cause| ReportError::Source {
            path: path(),
            index,
            cause: cause.into(),
        })?;
        let what = format!("frame {index} of {}", out.display());
        let (shape, encoder) = match &mut running {
            Some(running) => running,
            None => {
                let shape = Shape::of(&pictures, &what)?;
                let (width, height) = shape.canvas();
                let stream = Stream {
                    width,
                    height,
                    rate,
                };
                let file = (temporary.folder.as_path(), temporary.name.as_str());
                running.insert((shape, Encoder::start(programs, &stream, file, out)?))
            }
        };
        shape.check(&pictures, &what)?;
        encoder.write(&shape.join(&pictures))?;
    }
    let (_, encoder) = running.ok_or_else(|| ReportError::NoFrames { path: path() })?;
    encoder.finish()?;
    temporary.keep(out)
}

/// What all frames of a video have in common.
struct Shape {
    panels: usize,
    size: (u32, u32),
}

impl Shape {
    fn of(pictures: &[RgbImage], what: &str) -> Result<Self, ReportError> {
        let size = pictures.first().map_or((0, 0), RgbImage::dimensions);
        if size.0 == 0 || size.1 == 0 {
            return Err(ReportError::NoPictures { what: what.into() });
        }
        let panels = pictures.len();
        Ok(Self { panels, size })
    }

    fn check(&self, pictures: &[RgbImage], what: &str) -> Result<(), ReportError> {
        let what = || what.to_owned();
        if pictures.len() != self.panels {
            return Err(ReportError::Panels {
                what: what(),
                read: pictures.len(),
                expected: self.panels,
            });
        }
        let mut sizes = pictures.iter().map(RgbImage::dimensions);
        match sizes.find(|&size| size != self.size) {
            Some(read) => Err(ReportError::Sizes {
                what: what(),
                read,
                expected: self.size,
            }),
            None => Ok(()),
        }
    }

    /// Width and height of the video, both even.
    fn canvas(&self) -> (u32, u32) {
        let panels = self.panels as u32;
        let width = panels * self.size.0 + (panels - 1) * LINE;
        (width.next_multiple_of(2), self.size.1.next_multiple_of(2))
    }

    fn join(&self, pictures: &[RgbImage]) -> RgbImage {
        let (width, height) = self.canvas();
        let mut canvas = RgbImage::from_pixel(width, height, Rgb([255; 3]));
        for (index, picture) in pictures.iter().enumerate() {
            let left = i64::from(index as u32 * (self.size.0 + LINE));
            imageops::replace(&mut canvas, picture, left, 0);
        }
        let panels = self.panels as u32;
        let filled = panels * self.size.0 + (panels - 1) * LINE;
        if filled < width {
            let column = imageops::crop_imm(&canvas, filled - 1, 0, 1, height).to_image();
            imageops::replace(&mut canvas, &column, i64::from(filled), 0);
        }
        if self.size.1 < height {
            let row = imageops::crop_imm(&canvas, 0, self.size.1 - 1, width, 1).to_image();
            imageops::replace(&mut canvas, &row, 0, i64::from(self.size.1));
        }
        canvas
    }
}

/// A file that goes away unless it is kept. Its name has only letters that need no quotes in any
/// program's command line.
struct Temporary {
    folder: PathBuf,
    name: String,
}

impl Temporary {
    fn beside(out: &Path) -> Result<Self, ReportError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new(".")).to_path_buf();
        let fault = |text: &str| ReportError::Write {
            path: out.to_path_buf(),
            cause: std::io::Error::other(text.to_owned()),
        };
        if out.file_name().is_none() || out.is_dir() {
            return Err(fault("it is a folder, expected the name of a file"));
        }
        if !folder.is_dir() {
            return Err(fault("its folder does not exist"));
        }
        let name = format!(".half-{}-{count}.mp4", std::process::id());
        Ok(Self { folder, name })
    }

    fn keep(self, out: &Path) -> Result<(), ReportError> {
        std::fs::rename(self.folder.join(&self.name), out).map_err(|cause| ReportError::Write {
            path: out.to_path_buf(),
            cause,
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may not be there: nothing was written yet, or it is kept.
        let _ = std::fs::remove_file(self.folder.join(&self.name));
    }
}
