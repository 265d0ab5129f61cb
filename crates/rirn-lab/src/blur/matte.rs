// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outlines of things that move in front of the background.
//!
//! A matte is a round or long, smooth or angular shape with a soft edge of about a pixel. It stands
//! for people, cars and branches without being drawn after any.

use super::texture::Texture;
use rand::Rng;
use std::f64::consts::{PI, TAU};

/// Multiplies the cover and the colours of `texture` by a random outline that ends inside of it.
/// `soft` is the width of the edge in texels.
pub(super) fn cut_out(random: &mut impl Rng, texture: &mut Texture, soft: f64) {
    let shape = Shape::random(random);
    let (middle_x, middle_y) = (texture.width as f64 / 2.0, texture.height as f64 / 2.0);
    for y in 0..texture.height {
        for x in 0..texture.width {
            let (dx, dy) = (x as f64 + 0.5 - middle_x, y as f64 + 0.5 - middle_y);
            let (u, v) = (dx / (middle_x - soft), dy / (middle_y - soft));
            let inside = shape.radius(v.atan2(u)) - u.hypot(v);
            let cover = (0.5 + inside * middle_x.min(middle_y) / soft).clamp(0.0, 1.0) as f32;
            for value in &mut texture.texels[y * texture.width + x] {
                *value *= cover;
            }
        }
    }
}

/// Distance of the outline from the centre by direction, in `(0, 1)`.
enum Shape {
    /// Sum of few waves: strength and phase of the waves 2, 3, 4, ...
    Smooth([(f64, f64); 5]),
    /// Corners by rising angle: angle and distance.
    Angular(Vec<(f64, f64)>),
}

impl Shape {
    fn random(random: &mut impl Rng) -> Self {
        if random.random_bool(0.6) {
            let mut wave = 0.0;
            return Self::Smooth(std::array::from_fn(|_| {
                wave += 1.0;
                let strength = random.random_range(0.0..0.25) / wave;
                (strength, random.random_range(0.0..TAU))
            }));
        }
        let count = random.random_range(4..9usize);
        let corner = |index| {
            let angle = (index as f64 + random.random_range(0.1..0.9)) * TAU / count as f64;
            (angle, random.random_range(0.5..0.95))
        };
        Self::Angular((0..count).map(corner).collect())
    }

    fn radius(&self, angle: f64) -> f64 {
        match self {
            Self::Smooth(waves) => {
                let wave = |(index, &(strength, phase)): (usize, &(f64, f64))| {
                    strength * ((index + 2) as f64 * angle + phase).cos()
                };
                let sum: f64 = waves.iter().enumerate().map(wave).sum();
                (0.62 + sum * 0.6).clamp(0.1, 0.95)
            }
            Self::Angular(corners) => side(corners, angle),
        }
    }
}

/// Distance of the straight side between the two corners around `angle`.
fn side(corners: &[(f64, f64)], angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    let after = corners.iter().position(|corner| corner.0 > angle);
    let after = after.unwrap_or(0);
    let from = corners[(after + corners.len() - 1) % corners.len()];
    let to = corners[after];
    let width = (to.0 - from.0).rem_euclid(TAU).min(PI - 0.1);
    let here = (angle - from.0).rem_euclid(TAU).min(width);
    let (from, to) = (from.1, to.1);
    // The line through both corners in polar coordinates.
    from * to * width.sin() / (from * here.sin() + to * (width - here).sin())
}
