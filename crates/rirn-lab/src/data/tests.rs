// SPDX-License-Identifier: MIT OR Apache-2.0
//! Layouts, refusals and clips on small folders made for the purpose.

mod clips;
mod folders;
mod refusals;

use image::{Rgb, RgbImage};
use std::fs;
use std::path::Path;

/// Writes a picture without a pattern, different for every `seed`.
fn write(path: &Path, width: u32, height: u32, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let hash = ((x / 2) * 7919) ^ ((y / 2) * 104_729) ^ (seed * 31_337);
        Rgb([0, 8, 16].map(|shift| (hash.wrapping_mul(2_654_435_761) >> shift) as u8))
    });
    picture.save(path).unwrap();
}

/// Writes `count` numbered PNG files of 24 x 20 pixels into `folder`.
fn frames(folder: &Path, count: u32) {
    for number in 0..count {
        write(&folder.join(format!("{number:06}.png")), 24, 20, number);
    }
}

/// A sequence of `count` frames in `folder` with the named folders.
fn pair(folder: &Path, names: (&str, &str), count: u32) {
    frames(&folder.join(names.0), count);
    frames(&folder.join(names.1), count);
}
