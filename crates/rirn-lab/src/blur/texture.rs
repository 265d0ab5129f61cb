// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pieces of photographs as light, reduced by area, and looked at from any pose.
//!
//! A texel is red, green, blue and cover, the colours already multiplied by the cover, so that one
//! bilinear loop serves the background and everything in front of it. Reduction is the exact mean
//! over the area of a pixel: what is averaged later is sharp at the pixel before.

use super::light::{Averaging, Light};
use image::RgbImage;

/// Red, green, blue in light, and cover in `[0, 1]`.
pub(super) type Texel = [f32; 4];

/// A rectangle of a reduced photograph, in its pixels; it may reach beyond the photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Region {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// From the pixels of a frame to texels: `u = a x - b y + left`, `v = b x + a y + top`.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) left: f64,
    pub(super) top: f64,
}

impl View {
    pub(super) fn texel(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.a * x - self.b * y + self.left,
            self.b * x + self.a * y + self.top,
        )
    }
}

/// Texels `[height, width]`, at least 2 x 2.
#[derive(Debug)]
pub(super) struct Texture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) texels: Vec<Texel>,
}

impl Texture {
    /// The part `region` of `photo` reduced to `scale` (in `(0, 1]`) of its size. Beyond its edges
    /// a photograph is mirrored.
    pub(super) fn cut(photo: &RgbImage, scale: f64, region: Region, light: &Light) -> Self {
        let (across, down) = reduced_size(photo, scale);
        let columns = mirrored(region.left, region.width, across);
        let rows = mirrored(region.top, region.height, down);
        let (left, right) = span(&columns);
        let (top, bottom) = span(&rows);
        let part = reduced(photo, scale, (left, right), (top, bottom), light);
        let wide = right - left;
        let mut texels = Vec::with_capacity(region.width * region.height);
        for &row in &rows {
            let line = &part[(row - top) * wide..][..wide];
            texels.extend(columns.iter().map(|&column| line[column - left]));
        }
        Self {
            width: region.width,
            height: region.height,
            texels,
        }
    }

    /// The texels as seen through `view`, `[size, size]`. What lies outside is the nearest inside.
    pub(super) fn fill(&self, view: &View, size: usize, frame: &mut [Texel]) {
        let (a, b) = (view.a as f32, view.b as f32);
        for (y, line) in frame.chunks_exact_mut(size).enumerate() {
            let (u, v) = view.texel(0.0, y as f64);
            let (u, v) = (u as f32, v as f32);
            for (x, pixel) in line.iter_mut().enumerate() {
                let x = x as f32;
                *pixel = self.look(u + a * x, v + b * x);
            }
        }
    }

    /// Lays the texels over `frame`, where the view shows them.
    pub(super) fn cover(&self, view: &View, size: usize, frame: &mut [Texel]) {
        let (a, b) = (view.a as f32, view.b as f32);
        let (rows, columns) = self.shadow(view, size);
        let (last_u, last_v) = ((self.width - 1) as f32, (self.height - 1) as f32);
        for y in rows {
            let (u, v) = view.texel(columns.start as f64, y as f64);
            let (u, v) = (u as f32, v as f32);
            let line = &mut frame[y * size..][columns.clone()];
            for (x, pixel) in line.iter_mut().enumerate() {
                let (u, v) = (u + a * x as f32, v + b * x as f32);
                if u < 0.0 || v < 0.0 || u > last_u || v > last_v {
                    continue;
                }
                let over = self.look(u, v);
                let rest = 1.0 - over[3];
                for channel in 0..3 {
                    pixel[channel] = pixel[channel] * rest + over[channel];
                }
            }
        }
    }

    /// Rows and columns of the frame between which the whole texture lies.
    fn shadow(&self, view: &View, size: usize) -> (Rows, Rows) {
        let square = view.a * view.a + view.b * view.b;
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for (u, v) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let u = (u * (self.width - 1)) as f64 - view.left;
            let v = (v * (self.height - 1)) as f64 - view.top;
            let place = [
                (view.a * u + view.b * v) / square,
                (view.a * v - view.b * u) / square,
            ];
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
        let range = |low: f64, high: f64| {
            let end = (high.floor() + 1.0).clamp(0.0, size as f64) as usize;
            (low.ceil().clamp(0.0, end as f64) as usize)..end
        };
        (range(low[1], high[1]), range(low[0], high[0]))
    }

    #[inline(always)]
    fn look(&self, u: f32, v: f32) -> Texel {
        let column = nearest(u - 0.5, self.width - 2);
        let row = nearest(v - 0.5, self.height - 2);
        let right = (u - column as f32).clamp(0.0, 1.0);
        let down = (v - row as f32).clamp(0.0, 1.0);
        let start = row as usize * self.width + column as usize;
        let above = &self.texels[start..start + 2];
        let below = &self.texels[start + self.width..start + self.width + 2];
        let mut texel = [0.0; 4];
        for channel in 0..4 {
            let over = above[0][channel] + (above[1][channel] - above[0][channel]) * right;
            let under = below[0][channel] + (below[1][channel] - below[0][channel]) * right;
            texel[channel] = over + (under - over) * down;
        }
        texel
    }
}

/// The whole number nearest to `value`, from 0 to `most`. Adding 2^23 leaves it in the low bits of
/// the sum, which is several times as fast as a conversion that looks for infinities.
#[inline(always)]
fn nearest(value: f32, most: usize) -> i32 {
    const SHIFT: f32 = 8_388_608.0;
    ((value.clamp(0.0, most as f32) + SHIFT).to_bits() & 0x7f_ffff) as i32
}

type Rows = std::ops::Range<usize>;

/// Width and height of `photo` at `scale`, in whole pixels that are covered fully.
pub(super) fn reduced_size(photo: &RgbImage, scale: f64) -> (usize, usize) {
    // A hair more, so that 0.1 * 10 pixels are one.
    let whole = |pixels: u32| ((f64::from(pixels) * scale + 1e-9) as usize).max(2);
    (whole(photo.width()), whole(photo.height()))
}

/// `photo` reduced by area to `scale` (in `(0, 1]`) of its size; levels are averaged as they are.
#[must_use]
pub fn reduce(photo: &RgbImage, scale: f64) -> RgbImage {
    let light = Light::new(Averaging::Encoded);
    let (width, height) = reduced_size(photo, scale);
    let texels = reduced(photo, scale, (0, width), (0, height), &light);
    let mut picture = RgbImage::new(width as u32, height as u32);
    for (pixel, texel) in picture.pixels_mut().zip(&texels) {
        pixel.0 = [0, 1, 2].map(|channel| light.encode(texel[channel]));
    }
    picture
}

/// Pixels `columns` x `rows` of the reduced photograph, opaque.
fn reduced(
    photo: &RgbImage,
    scale: f64,
    columns: (usize, usize),
    rows: (usize, usize),
    light: &Light,
) -> Vec<Texel> {
    let width = columns.1 - columns.0;
    let across = shares(scale, columns, photo.width() as usize);
    let down = shares(scale, rows, photo.height() as usize);
    let stride = photo.width() as usize * 3;
    let mut texels = vec![[0.0, 0.0, 0.0, 1.0]; width * (rows.1 - rows.0)];
    let mut line = vec![[0.0f32; 3]; width + 1];
    for (row, first, weight, next) in down {
        line.fill([0.0; 3]);
        let source = &photo.as_raw()[row * stride..][..stride];
        for &(column, to, share, spill) in &across {
            let pixel = &source[column * 3..column * 3 + 3];
            for channel in 0..3 {
                let value = light.decode(pixel[channel]);
                line[to][channel] += value * share;
                line[to + 1][channel] += value * spill;
            }
        }
        for (to, weight) in [(first, weight), (first + 1, next)] {
            if weight == 0.0 || to >= rows.1 - rows.0 {
                continue;
            }
            let texels = &mut texels[to * width..][..width];
            for (texel, value) in texels.iter_mut().zip(&line) {
                for channel in 0..3 {
                    texel[channel] += value[channel] * weight;
                }
            }
        }
    }
    texels
}

/// For each pixel of the source that reaches into `wanted`: itself, the reduced pixel (counted from
/// the first wanted one) it falls into, how much of that it covers, and how much of the one after it.
/// A share that falls before the first wanted pixel is zero.
fn shares(scale: f64, wanted: (usize, usize), length: usize) -> Vec<(usize, usize, f32, f32)> {
    let first = ((wanted.0 as f64 / scale + 1e-9) as usize).min(length - 1);
    let mut shares = Vec::new();
    for source in first..length {
        let (from, to) = (source as f64 * scale, (source + 1) as f64 * scale);
        let place = (from + 1e-9).floor();
        if place as usize >= wanted.1 {
            break;
        }
        let own = (to.min(place + 1.0) - from) as f32;
        let spill = ((to - place - 1.0).max(0.0)) as f32;
        if (place as usize) < wanted.0 {
            if spill > 1e-6 && place as usize + 1 == wanted.0 {
                shares.push((source, 0, spill, 0.0));
            }
            continue;
        }
        let spill = if spill > 1e-6 { spill } else { 0.0 };
        shares.push((source, place as usize - wanted.0, own, spill));
    }
    shares
}

/// Positions `from..from + count`, mirrored at 0 and at `length`.
fn mirrored(from: i64, count: usize, length: usize) -> Vec<usize> {
    let round = 2 * length as i64;
    (from..from + count as i64)
        .map(|position| {
            let place = position.rem_euclid(round);
            place.min(round - 1 - place) as usize
        })
        .collect()
}

/// Least position and one more than the largest.
fn span(positions: &[usize]) -> (usize, usize) {
    let least = positions.iter().min().copied().unwrap_or(0);
    let most = positions.iter().max().copied().unwrap_or(0);
    (least, most + 1)
}
