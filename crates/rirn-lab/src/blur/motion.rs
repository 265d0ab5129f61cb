// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far things move between two frames of a video, by comparing blocks.
//!
//! Frames further apart than some two pixels leave ghosts instead of blur when they are averaged.
//! Whole pixels and a few tenths of blocks are enough to tell; this is no optical flow.

use image::RgbImage;

/// Side of a block in pixels.
const BLOCK: usize = 16;
/// Blocks along the longer side at most.
const BLOCKS: usize = 14;
/// How far is searched, in pixels each way.
const REACH: usize = 5;
/// Least mean change to the right neighbour, in levels, by which a block can be found again.
const LEAST_DETAIL: u32 = 3;
/// Mean difference of a found block, in levels, above which nothing was found.
const LOST: u32 = 20;
/// Motion of a block that was not found.
const FAR: f64 = 100.0;

/// The green values of a picture.
#[derive(Debug, Clone)]
pub struct Grey {
    width: usize,
    height: usize,
    levels: Vec<u8>,
}

impl Grey {
    /// The green values of `picture`.
    #[must_use]
    pub fn new(picture: &RgbImage) -> Self {
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            levels: picture.pixels().map(|pixel| pixel.0[1]).collect(),
        }
    }

    fn row(&self, x: usize, y: usize) -> &[u8] {
        &self.levels[y * self.width + x..][..BLOCK]
    }

    /// Sum of absolute differences of the block at `(x, y)` and that of `other` at `(u, v)`.
    fn difference(&self, (x, y): (usize, usize), other: &Self, (u, v): (usize, usize)) -> u32 {
        let row = |line| {
            let pairs = self.row(x, y + line).iter().zip(other.row(u, v + line));
            pairs.map(|(&a, &b)| u32::from(a.abs_diff(b))).sum::<u32>()
        };
        (0..BLOCK).map(row).sum()
    }

    fn is_plain(&self, (x, y): (usize, usize)) -> bool {
        self.difference((x, y), self, (x + 1, y)) < LEAST_DETAIL * (BLOCK * BLOCK) as u32
    }
}

/// Distance in pixels that nine of ten blocks with detail do not exceed from `before` to `after`,
/// two frames of equal size; 0 where no block has detail, 100 where blocks are not found again or the
/// frames are smaller than 27 pixels.
#[must_use]
pub fn motion(before: &Grey, after: &Grey) -> f64 {
    let room = BLOCK + 2 * REACH + 1;
    if before.width < room || before.height < room {
        return FAR;
    }
    let step = (before.width.max(before.height) / BLOCKS).max(BLOCK);
    let mut distances = Vec::new();
    for y in (REACH..=before.height - BLOCK - REACH).step_by(step) {
        for x in (REACH..before.width - BLOCK - REACH).step_by(step) {
            if !before.is_plain((x, y)) {
                distances.push(distance(before, after, (x, y)));
            }
        }
    }
    distances.sort_by(f64::total_cmp);
    distances
        .get(distances.len() * 9 / 10)
        .copied()
        .unwrap_or(0.0)
}

/// Distance to the most similar block around the same place; of equals the nearest.
fn distance(before: &Grey, after: &Grey, (x, y): (usize, usize)) -> f64 {
    let mut best = (u32::MAX, 0.0);
    for v in y - REACH..=y + REACH {
        for u in x - REACH..=x + REACH {
            let difference = before.difference((x, y), after, (u, v));
            let away = (u as f64 - x as f64).hypot(v as f64 - y as f64);
            if difference < best.0 || (difference == best.0 && away < best.1) {
                best = (difference, away);
            }
        }
    }
    if best.0 > LOST * (BLOCK * BLOCK) as u32 {
        return FAR;
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::{Grey, motion};
    use image::{Rgb, RgbImage};

    fn picture(shift: u32) -> Grey {
        // No pattern repeats within the search: a hash of the place decides the level.
        let level = |x: u32, y: u32| (((x + shift) / 2 * 7919) ^ (y / 2 * 104_729)) % 251;
        Grey::new(&RgbImage::from_fn(96, 80, |x, y| {
            Rgb([0, level(x, y) as u8, 0])
        }))
    }

    #[test]
    fn motion_is_measured_in_pixels() {
        assert_eq!(motion(&picture(0), &picture(0)), 0.0);
        assert_eq!(motion(&picture(0), &picture(2)), 2.0);
        assert_eq!(motion(&picture(0), &picture(4)), 4.0);
        assert!(motion(&picture(0), &picture(31)) > 5.0);
        let plain = Grey::new(&RgbImage::new(96, 80));
        assert_eq!(motion(&plain, &picture(0)), 0.0);
    }
}
