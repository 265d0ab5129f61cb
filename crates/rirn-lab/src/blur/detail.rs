// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where in a photograph there is something to see.
//!
//! Random crops of photographs often hold sky or wall, from which a network learns nothing. The map
//! holds the mean change from pixel to pixel for blocks of the photograph; a few random places are
//! compared by it. It says nothing of sharpness.

use image::RgbImage;

/// Side of a block in pixels.
const BLOCK: usize = 16;

/// Mean absolute change to the right and downwards neighbour, in grey levels, by blocks.
#[derive(Debug, Clone)]
pub struct DetailMap {
    columns: usize,
    rows: usize,
    blocks: Vec<f32>,
}

impl DetailMap {
    /// The map of `photo`, from its green values.
    #[must_use]
    pub fn new(photo: &RgbImage) -> Self {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        let green = |x: usize, y: usize| photo.as_raw()[(y * width + x) * 3 + 1];
        let mut sums = vec![(0u32, 0u32); columns * rows];
        for y in 0..height.saturating_sub(1) {
            for x in 0..width.saturating_sub(1) {
                let here = green(x, y);
                let (sum, count) = &mut sums[y / BLOCK * columns + x / BLOCK];
                *sum += u32::from(here.abs_diff(green(x + 1, y)));
                *sum += u32::from(here.abs_diff(green(x, y + 1)));
                *count += 2;
            }
        }
        let mean = |&(sum, count): &(u32, u32)| sum as f32 / count.max(1) as f32;
        let blocks = sums.iter().map(mean).collect();
        Self {
            columns,
            rows,
            blocks,
        }
    }

    /// Mean over the blocks that a square of `side` pixels around `(x, y)` touches. Each block counts
    /// by its square root, so that a wall with one strong edge does not pass for a wood.
    #[must_use]
    pub fn around(&self, x: f64, y: f64, side: f64) -> f32 {
        let range = |centre: f64, count: usize| {
            let block = |place: f64| ((place / BLOCK as f64).max(0.0) as usize).min(count - 1);
            block(centre - side / 2.0)..block(centre + side / 2.0) + 1
        };
        let (rows, columns) = (range(y, self.rows), range(x, self.columns));
        let count = rows.len() * columns.len();
        let mut sum = 0.0;
        for row in rows {
            let line = &self.blocks[row * self.columns..][columns.clone()];
            sum += line.iter().map(|block| block.sqrt()).sum::<f32>();
        }
        sum / count as f32
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.len() * size_of::<f32>()
    }
}
