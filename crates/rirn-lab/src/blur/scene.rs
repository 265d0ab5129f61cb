// SPDX-License-Identifier: MIT OR Apache-2.0
//! A scene of layers, each on its own path, photographed with an open shutter.
//!
//! The first layer fills the frame, the others are cut out and lie above it. All layers are held as
//! light, so averaging the rendered moments is what a sensor does, mattes included.

use super::detail::DetailMap;
use super::light::Light;
use super::matte;
use super::path::{CameraPath, Pose};
use super::texture::{Region, Texel, Texture, View, reduced_size};
use image::RgbImage;
use rand::Rng;

/// Texels per frame pixel where the photograph has them: the tent of bilinear interpolation is then
/// hardly wider than a pixel and the truth stays sharp at every position.
const DENSITY: f64 = 1.5;
/// Frame pixels per photograph pixel.
const SCALE: (f64, f64) = (0.4, 0.9);
/// Places that are compared by their detail.
const PLACES: usize = 4;

/// A photograph and where there is detail in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Photo<'a> {
    pub(super) picture: &'a RgbImage,
    pub(super) detail: &'a DetailMap,
}

#[derive(Debug)]
pub(super) struct Layer {
    texture: Texture,
    path: CameraPath,
    /// Texels per frame pixel.
    density: f64,
    /// The texel that the path moves.
    anchor: (f64, f64),
    /// Frame pixel at which that texel is when the pose is zero.
    at: (f64, f64),
}

impl Layer {
    /// A layer that fills frames of `size` pixels wherever `path` goes.
    pub(super) fn background(
        random: &mut impl Rng,
        photo: Photo<'_>,
        path: CameraPath,
        size: usize,
        light: &Light,
    ) -> Self {
        let scale = random_scale(random, photo.picture, size as f64);
        let density = DENSITY.min(1.0 / scale);
        let middle = size as f64 / 2.0;
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for pose in path.points() {
            let view = view(pose, density, (0.0, 0.0), (middle, middle));
            for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let (u, v) = view.texel((x * (size - 1)) as f64, (y * (size - 1)) as f64);
                low = [low[0].min(u), low[1].min(v)];
                high = [high[0].max(u), high[1].max(v)];
            }
        }
        let reach = [(low[0], high[0]), (low[1], high[1])];
        let place = choose_place(random, photo, scale * density, reach, size as f64 / scale);
        let region = Region {
            left: (place.0 + low[0]).floor() as i64 - 1,
            top: (place.1 + low[1]).floor() as i64 - 1,
            width: (high[0] - low[0]).ceil() as usize + 4,
            height: (high[1] - low[1]).ceil() as usize + 4,
        };
        Self {
            texture: Texture::cut(photo.picture, scale * density, region, light),
            path,
            density,
            anchor: (place.0 - region.left as f64, place.1 - region.top as f64),
            at: (middle, middle),
        }
    }

    /// A cut-out layer of a fifth to three quarters of the frame, near its middle at half time.
    pub(super) fn cut_out(
        random: &mut impl Rng,
        photo: Photo<'_>,
        path: CameraPath,
        size: usize,
        light: &Light,
    ) -> Self {
        let size = size as f64;
        let scale = random_scale(random, photo.picture, 0.0);
        let density = DENSITY.min(1.0 / scale);
        let mut side = || size * random.random_range(0.2..0.75) * density;
        let (width, height) = (side(), side());
        let reach = [(-width / 2.0, width / 2.0), (-height / 2.0, height / 2.0)];
        let seen = width.max(height) / (scale * density);
        let place = choose_place(random, photo, scale * density, reach, seen);
        let region = Region {
            left: (place.0 - width / 2.0).floor() as i64,
            top: (place.1 - height / 2.0).floor() as i64,
            width: (width as usize).max(4),
            height: (height as usize).max(4),
        };
        let mut texture = Texture::cut(photo.picture, scale * density, region, light);
        matte::cut_out(random, &mut texture, density * 1.2);
        let anchor = (texture.width as f64 / 2.0, texture.height as f64 / 2.0);
        let mut at = || size * random.random_range(0.1..0.9);
        Self {
            texture,
            path,
            density,
            anchor,
            at: (at(), at()),
        }
    }

    fn view(&self, time: f64) -> View {
        view(self.path.at(time), self.density, self.anchor, self.at)
    }
}

/// Layers, the background first.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) layers: Vec<Layer>,
}

/// The moments at which the shutter is open, in frame intervals from the start of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shutter {
    /// Share of the frame interval.
    pub(super) share: f64,
    /// Moments rendered; odd, so that one of them is the middle.
    pub(super) moments: usize,
}

impl Scene {
    /// The largest speed of any layer during frame `index`, in pixels a frame, at `radius`.
    pub(super) fn fastest(&self, index: usize, radius: f64) -> f64 {
        let speeds = self.layers.iter();
        let speeds = speeds.map(|layer| layer.path.fastest(index, radius));
        speeds.fold(0.0, f64::max)
    }

    /// Adds frame `index` to `blurred` and its middle moment to `sharp`, `[size, size, 3]` each.
    pub(super) fn expose(
        &self,
        index: usize,
        shutter: Shutter,
        size: usize,
        light: &Light,
        (blurred, sharp): (&mut Vec<u8>, &mut Vec<u8>),
    ) {
        let mut sum = vec![[0.0f32; 4]; size * size];
        let mut moment = sum.clone();
        for number in 0..shutter.moments {
            let share = (number as f64 + 0.5) / shutter.moments as f64;
            self.render(index as f64 + shutter.share * share, size, &mut moment);
            for (sum, value) in sum.iter_mut().zip(&moment) {
                for channel in 0..4 {
                    sum[channel] += value[channel];
                }
            }
            if number == shutter.moments / 2 {
                encode(&moment, 1.0, light, sharp);
            }
        }
        encode(&sum, 1.0 / shutter.moments as f32, light, blurred);
    }

    fn render(&self, time: f64, size: usize, frame: &mut [Texel]) {
        let Some((background, above)) = self.layers.split_first() else {
            return;
        };
        background.texture.fill(&background.view(time), size, frame);
        for layer in above {
            layer.texture.cover(&layer.view(time), size, frame);
        }
    }
}

fn encode(texels: &[Texel], share: f32, light: &Light, levels: &mut Vec<u8>) {
    for texel in texels {
        levels.extend([0, 1, 2].map(|channel| light.encode(texel[channel] * share)));
    }
}

/// The view of a layer in `pose` whose texel `anchor` is at frame position `at` when at rest.
fn view(pose: Pose, density: f64, anchor: (f64, f64), at: (f64, f64)) -> View {
    let (sin, cos) = pose.angle.sin_cos();
    let factor = density / pose.zoom.exp();
    let (a, b) = (factor * cos, -factor * sin);
    // Positions are edges of pixels, indices their centres.
    let (x, y) = (0.5 - at.0 - pose.x, 0.5 - at.1 - pose.y);
    View {
        a,
        b,
        left: a * x - b * y + anchor.0 - 0.5,
        top: b * x + a * y + anchor.1 - 0.5,
    }
}

/// Log-uniform scale at which `photo` still has `needed` pixels each way.
fn random_scale(random: &mut impl Rng, photo: &RgbImage, needed: f64) -> f64 {
    let least = needed / f64::from(photo.width().min(photo.height()));
    let low = SCALE.0.max(least).min(1.0);
    let high = SCALE.1.max(low);
    low * (high / low).powf(random.random())
}

/// A texel of the photograph reduced to `scale`, around which `reach` lies inside of it if it can;
/// of a few such places the one with most detail in a square of `side` pixels of the photograph.
fn choose_place(
    random: &mut impl Rng,
    photo: Photo<'_>,
    scale: f64,
    reach: [(f64, f64); 2],
    side: f64,
) -> (f64, f64) {
    let (width, height) = reduced_size(photo.picture, scale);
    let mut along = |(low, high): (f64, f64), length: usize| {
        let (first, last) = (1.0 - low, length as f64 - 1.0 - high);
        let share: f64 = random.random();
        if first < last {
            first + (last - first) * share
        } else {
            f64::midpoint(first, last)
        }
    };
    let mut best = (f32::MIN, (0.0, 0.0));
    for _ in 0..PLACES {
        let place = (along(reach[0], width), along(reach[1], height));
        let score = photo.detail.around(place.0 / scale, place.1 / scale, side);
        if score > best.0 {
            best = (score, place);
        }
    }
    best.1
}
