// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clips made from sharp video by averaging frames.
//!
//! A window of an odd number of frames, 50 to 100 % of the interval from one output frame to the
//! next, becomes a blurred frame; its middle is the truth. Windows in which something moves more
//! than two pixels from frame to frame would hold ghosts instead of blur and are left out. Each video
//! gives its first frames, as many as its share of the memory holds.

use super::clip::{Clip, ClipSource, check_crop, crop};
use super::error::DataError;
use super::folder;
use super::video::Decoder;
use crate::blur::{Averaging, Grey, Light, average, motion, reduce};
use image::RgbImage;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// Frames of a video that are used.
const MOST_FRAMES: usize = 120;
/// Pixels that may lie between averaged frames.
const MOST_MOTION: f64 = 2.0;
/// What a video that is too fast is reduced to in one go.
const REDUCTION: f64 = 2.0 / 3.0;
/// Frames from one output frame to the next; fewer leave no window of three.
const STEPS: [usize; 6] = [3, 4, 5, 6, 8, 10];

/// Decoded videos.
#[derive(Debug)]
pub struct Videos {
    videos: Vec<Video>,
    linear: f64,
}

#[derive(Debug)]
struct Video {
    path: PathBuf,
    frames: Vec<RgbImage>,
    /// Whether frame k + 1 may be averaged with frame k.
    slow: Vec<bool>,
}

/// Frames that become a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    step: usize,
    window: usize,
}

impl Videos {
    /// Decodes the files in `paths` (files or folders of files) into at most `bytes` of memory, for
    /// clips of up to `frames` frames of `size` pixels. In a share `linear` of clips light is
    /// averaged, recorded levels in the others.
    ///
    /// # Errors
    /// [`DataError::Setting`] without a decoder, [`DataError::Video`] where a file does not decode
    /// or moves too fast everywhere, [`DataError::Short`], [`DataError::Small`].
    pub fn open(
        paths: &[PathBuf],
        (frames, size): (usize, usize),
        linear: f64,
        bytes: usize,
    ) -> Result<Self, DataError> {
        let decoder = Decoder::find(["ffmpeg", "gst-launch-1.0"])?;
        let mut files = Vec::new();
        for path in paths {
            files.extend(folder::videos(path)?);
        }
        let share = bytes / files.len().max(1);
        let mut videos = Vec::new();
        for path in files {
            let shots = decoder.frames(&path, MOST_FRAMES, share)?;
            videos.push(Video::slowed(&path, shots, frames, size)?);
        }
        Ok(Self { videos, linear })
    }
}

impl Video {
    fn new(path: &Path, frames: Vec<RgbImage>) -> Self {
        let greys: Vec<Grey> = frames.iter().map(Grey::new).collect();
        let slow = greys
            .windows(2)
            .map(|two| motion(&two[0], &two[1]) <= MOST_MOTION)
            .collect();
        Self {
            path: path.to_owned(),
            frames,
            slow,
        }
    }

    /// The frames, reduced until a clip of `frames` frames of `size` pixels can be cut from them.
    fn slowed(
        path: &Path,
        mut shots: Vec<RgbImage>,
        frames: usize,
        size: usize,
    ) -> Result<Self, DataError> {
        loop {
            let video = Self::new(path, shots);
            let (width, height) = video.frames[0].dimensions();
            let smaller = (f64::from(width.min(height)) * REDUCTION) as usize;
            match video.check(frames, size) {
                Err(DataError::Video { .. }) if smaller >= size => {
                    let frames = video.frames.iter();
                    shots = frames.map(|frame| reduce(frame, REDUCTION)).collect();
                }
                checked => return checked.map(|()| video),
            }
        }
    }

    /// Whether a clip of `frames` frames of `size` pixels can be cut.
    fn check(&self, frames: usize, size: usize) -> Result<(), DataError> {
        check_crop(&self.path, self.frames[0].dimensions(), size)?;
        let expected = frames * STEPS[0];
        if self.frames.len() < expected {
            return Err(DataError::Short {
                path: self.path.clone(),
                found: self.frames.len(),
                expected,
            });
        }
        let (step, window) = (STEPS[0], STEPS[0]);
        if self.spans(step, window, frames).is_empty() {
            return Err(DataError::Video {
                path: self.path.clone(),
                reason: format!(
                    "everywhere in its first {} frames something moves more than {MOST_MOTION} \
                     pixels a frame, even at {}x{} pixels, expected {expected} slow ones in a row",
                    self.frames.len(),
                    self.frames[0].width(),
                    self.frames[0].height()
                ),
            });
        }
        Ok(())
    }

    /// All spans of that step and window in which no window is too fast.
    fn spans(&self, step: usize, window: usize, frames: usize) -> Vec<Span> {
        let length = (frames - 1) * step + window;
        let slow = |start: usize| {
            let mut windows = (0..frames).map(|frame| start + frame * step);
            windows.all(|first| {
                self.slow[first..first + window - 1]
                    .iter()
                    .all(|&slow| slow)
            })
        };
        (0..(self.frames.len() + 1).saturating_sub(length))
            .filter(|&start| slow(start))
            .map(|start| Span {
                start,
                step,
                window,
            })
            .collect()
    }

    /// A random span; the drawn step is shortened until there is one.
    fn span(&self, random: &mut impl Rng, frames: usize) -> Option<Span> {
        let longest = random.random_range(0..STEPS.len());
        let share = random.random_range(0.5..=1.0);
        STEPS[..=longest].iter().rev().find_map(|&step| {
            let spans = self.spans(step, window(step, share), frames);
            let count = spans.len();
            (count > 0).then(|| spans[random.random_range(0..count)])
        })
    }
}

/// The odd number nearest to `share` of `step`, from 3 to `step`.
fn window(step: usize, share: f64) -> usize {
    let odd = ((step as f64 * share - 1.0) / 2.0).round() as usize * 2 + 1;
    let most = if step % 2 == 1 { step } else { step - 1 };
    odd.clamp(3, most)
}

impl ClipSource for Videos {
    fn clip(&self, random: &mut ChaCha8Rng, frames: usize, size: usize) -> Result<Clip, DataError> {
        let video = &self.videos[random.random_range(0..self.videos.len())];
        video.check(frames, size)?;
        let Some(span) = video.span(random, frames) else {
            unreachable!("the check found one of the shortest step and window");
        };
        let (width, height) = video.frames[0].dimensions();
        let place = (
            random.random_range(0..=width as usize - size),
            random.random_range(0..=height as usize - size),
        );
        let light = Light::new(if random.random_bool(self.linear) {
            Averaging::Linear
        } else {
            Averaging::Encoded
        });
        let mut clip = Clip {
            frames,
            size,
            blurred: Vec::with_capacity(frames * size * size * 3),
            sharp: Vec::with_capacity(frames * size * size * 3),
        };
        for index in 0..frames {
            let start = span.start + index * span.step;
            let mut parts = vec![Vec::new(); span.window];
            for (part, frame) in parts.iter_mut().zip(&video.frames[start..]) {
                crop(frame, place, size, part);
            }
            let views: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            clip.blurred.extend(average(&views, &light));
            clip.sharp.extend_from_slice(&parts[span.window / 2]);
        }
        Ok(clip)
    }

    fn about(&self) -> String {
        let frames: usize = self.videos.iter().map(|video| video.frames.len()).sum();
        format!("{} videos ({frames} frames)", self.videos.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_MOTION, Span, Video, window};
    use image::RgbImage;
    use std::path::PathBuf;

    #[test]
    fn windows_are_odd_and_from_half_to_all_of_the_interval() {
        let table = [
            (3, 0.5, 3),
            (4, 1.0, 3),
            (5, 1.0, 5),
            (6, 0.5, 3),
            (8, 0.6, 5),
            (10, 1.0, 9),
        ];
        for (step, share, expected) in table {
            assert_eq!(window(step, share), expected, "{step} {share}");
        }
    }

    #[test]
    fn spans_with_a_fast_window_are_left_out_and_fast_gaps_are_not() {
        // Nine frames; frame 4 to 5 is fast.
        let mut slow = vec![true; 8];
        slow[4] = false;
        let video = Video {
            path: PathBuf::from("video"),
            frames: vec![RgbImage::new(2, 2); 9],
            slow,
        };
        let starts = |spans: Vec<Span>| spans.iter().map(|span| span.start).collect::<Vec<_>>();
        assert_eq!(starts(video.spans(3, 3, 1)), [0, 1, 2, 5, 6]);
        // Windows 0..3 and 3..6 hold it, 1..4 and 5..8 do not.
        assert_eq!(starts(video.spans(4, 3, 2)), [1, 2]);
        assert!(video.check(2, 3).unwrap_err().to_string().contains("2x2"));
        let error = video.check(3, 2).unwrap_err().to_string();
        assert!(
            error.contains(&format!("more than {MOST_MOTION} pixels")),
            "{error}"
        );
    }
}
