// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clips of a camera that moves over a photograph, with things that move on their own.
//!
//! A clip draws its speed, exposure, averaging and layers once and then renders its frames one after
//! the other. The number of rendered moments of a frame follows its fastest point, so that moments
//! lie about a pixel apart. Noise and compression are added elsewhere.

use super::detail::DetailMap;
use super::light::{Averaging, Light};
use super::path::CameraPath;
use super::scene::{Layer, Photo, Scene, Shutter};
use image::RgbImage;
use rand::Rng;

/// Moments rendered in a frame interval: fewest and most.
const MOMENTS: (f64, f64) = (8.0, 48.0);
/// Of ten clips with light averaged, how many have lamps brighter than white.
const BRIGHT: f64 = 0.4;

/// How clips are made from photographs.
#[derive(Debug, Clone, PartialEq)]
pub struct Synthesis {
    /// Mean speed of the camera and of each thing, in pixels a frame: lowest and highest; drawn
    /// log-uniformly.
    pub motion: (f64, f64),
    /// Share of a frame interval in which the shutter is open: least and most, in `(0, 1]`.
    pub exposure: (f64, f64),
    /// Share of clips in which light is averaged; recorded levels in the others.
    pub linear: f64,
}

/// Frames as they were recorded and the moments in the middle of their exposures, both
/// `[frames, size, size, 3]`, RGB, 8 bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// Averages over the exposures.
    pub blurred: Vec<u8>,
    /// Middle moments.
    pub sharp: Vec<u8>,
}

impl Synthesis {
    /// How many photographs the next clip takes: one for the background, up to two for things.
    pub fn photos(&self, random: &mut impl Rng) -> usize {
        match random.random_range(0..20u32) {
            0..9 => 1,
            9..17 => 2,
            _ => 3,
        }
    }

    /// A clip of `frames` frames of `size` x `size` pixels; the first photograph is the background.
    /// A photograph should have at least `size` pixels each way, else its edges are magnified.
    pub fn clip(
        &self,
        random: &mut impl Rng,
        photos: &[(&RgbImage, &DetailMap)],
        frames: usize,
        size: usize,
    ) -> Exposed {
        let light = self.light(random);
        let radius = size as f64 / 2.0;
        let mut layers = Vec::with_capacity(photos.len());
        for (index, &(picture, detail)) in photos.iter().enumerate() {
            let photo = Photo { picture, detail };
            let speed = log_uniform(random, self.motion);
            let path = CameraPath::random(random, frames, speed, radius);
            layers.push(if index == 0 {
                Layer::background(random, photo, path, size, &light)
            } else {
                Layer::cut_out(random, photo, path, size, &light)
            });
        }
        let share = random.random_range(self.exposure.0..=self.exposure.1);
        let scene = Scene { layers };
        let shutter = |index| {
            let fastest = scene.fastest(index, radius).clamp(MOMENTS.0, MOMENTS.1);
            let moments = (fastest * share).round() as usize | 1;
            Shutter { share, moments }
        };
        expose(&scene, shutter, frames, size, &light)
    }

    fn light(&self, random: &mut impl Rng) -> Light {
        if !random.random_bool(self.linear) {
            return Light::new(Averaging::Encoded);
        }
        let gain = if random.random_bool(BRIGHT) {
            random.random_range(0.5..4.0)
        } else {
            0.0
        };
        Light::with_highlights(Averaging::Linear, gain)
    }
}

pub(super) fn expose(
    scene: &Scene,
    shutter: impl Fn(usize) -> Shutter,
    frames: usize,
    size: usize,
    light: &Light,
) -> Exposed {
    let mut blurred = Vec::with_capacity(frames * size * size * 3);
    let mut sharp = Vec::with_capacity(frames * size * size * 3);
    for index in 0..frames {
        scene.expose(
            index,
            shutter(index),
            size,
            light,
            (&mut blurred, &mut sharp),
        );
    }
    Exposed { blurred, sharp }
}

fn log_uniform(random: &mut impl Rng, (low, high): (f64, f64)) -> f64 {
    low * (high / low).powf(random.random())
}
