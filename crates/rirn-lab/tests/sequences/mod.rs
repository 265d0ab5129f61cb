// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small sequences for tests, on disk as users have them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};

use image::Rgb;
use rirn_lab::data::{self, Choice, RgbImage, Sequence};
use rirn_lab::visible::visible;

/// A pattern that moves to the right, sharp or averaged over five steps of the motion. Its patches are
/// wide enough to be seen through that blur, so that networks with trained weights act on it.
pub(crate) fn picture((width, height): (u32, u32), time: u32, is_sharp: bool) -> RgbImage {
    let level = |x: u32, y: u32, time: u32| {
        let stripes = ((x + 2 * time) / 8 + y / 8) % 2;
        60.0 + 110.0 * stripes as f32 + y as f32
    };
    let steps = if is_sharp { 0..1 } else { 0..5 };
    RgbImage::from_fn(width, height, |x, y| {
        let count = steps.len() as f32;
        let sum: f32 = steps.clone().map(|step| level(x + step, y, time)).sum();
        let mean = sum / count;
        Rgb([mean, mean * 0.8, 255.0 - mean].map(|value| value as u8))
    })
}

/// Writes `NAME/{blur,sharp}/N.png` into a folder.
pub(crate) fn write(folder: &Path, name: &str, frames: u32, size: (u32, u32)) -> PathBuf {
    let sequence = folder.join(name);
    for (kind, is_sharp) in [("blur", false), ("sharp", true)] {
        let folder = sequence.join(kind);
        std::fs::create_dir_all(&folder).expect("a folder");
        for time in 0..frames {
            let file = folder.join(format!("{:06}.png", time + 47));
            picture(size, time, is_sharp).save(file).expect("a picture");
        }
    }
    sequence
}

/// Reads all sequences of a folder.
pub(crate) fn read(folder: &Path) -> Vec<Sequence> {
    let read = data::sequences(folder, &Choice::default());
    read.unwrap_or_else(|error| panic!("{}", visible(&error.to_string())))
}
