// SPDX-License-Identifier: MIT OR Apache-2.0
//! Smooth random paths of a camera or of a thing in front of it.
//!
//! A path is a walk whose velocity remembers itself for some frames, as that of a hand does: it
//! drifts, turns and rests. Position, rotation and zoom walk alike. The mean speed over the clip is
//! what was asked for; at single moments a path is up to some three times as fast. Rolling shutters
//! and perspective are not imitated.

use crate::random::normal;
use rand::Rng;
use std::f64::consts::TAU;

/// Points of a path in a frame interval; between them it is straight.
const POINTS: usize = 16;
/// Largest change of size, as a logarithm.
const MOST_ZOOM: f64 = 0.3;
/// For how many frames the velocity remembers itself.
const MEMORY: std::ops::Range<f64> = 0.6..5.0;

/// Where something is, relative to where it is in the middle of the clip.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pose {
    /// To the right, in pixels.
    pub x: f64,
    /// Downwards, in pixels.
    pub y: f64,
    /// Rotation in radians.
    pub angle: f64,
    /// Natural logarithm of the magnification, in `[-0.3, 0.3]`.
    pub zoom: f64,
}

/// A path over a clip; time is in frame intervals from the start of the clip.
#[derive(Debug, Clone)]
pub struct CameraPath {
    points: Vec<Pose>,
}

impl CameraPath {
    /// A path of `frames` intervals on which the position moves `speed` pixels a frame on average.
    /// Rotation and zoom move the points at `radius` pixels from the centre by about as much, or
    /// are absent.
    pub fn random(random: &mut impl Rng, frames: usize, speed: f64, radius: f64) -> Self {
        let count = frames * POINTS + 1;
        let memory = random.random_range(MEMORY) * POINTS as f64;
        let mut walk = || walk(random, count, memory);
        let (x, y, angle, zoom) = (walk(), walk(), walk(), walk());
        // Hands and cars move more along one direction than across it.
        let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
        let across = random.random_range(0.25..1.0);
        let mut points: Vec<Pose> = (0..count)
            .map(|k| Pose {
                x: cos * x[k] - sin * across * y[k],
                y: sin * x[k] + cos * across * y[k],
                angle: angle[k],
                zoom: zoom[k],
            })
            .collect();
        let length: f64 = points.windows(2).map(|two| distance(two[0], two[1])).sum();
        let step = speed * frames as f64 / length.max(f64::MIN_POSITIVE);
        let turn = [0.0, 0.3, 0.8][random.random_range(0..3usize)] * step / radius;
        let grow = [0.0, 0.2, 0.6][random.random_range(0..3usize)] * step / radius;
        for point in &mut points {
            point.x *= step;
            point.y *= step;
            point.angle *= turn;
            point.zoom = MOST_ZOOM * (point.zoom * grow / MOST_ZOOM).tanh();
        }
        Self { points }
    }

    /// A path that goes evenly from one pose to another in `frames` intervals.
    #[must_use]
    pub fn straight(frames: usize, from: Pose, to: Pose) -> Self {
        let last = (frames * POINTS) as f64;
        let ends = Self {
            points: vec![from, to],
        };
        let points = (0..=frames * POINTS)
            .map(|k| ends.at(k as f64 / last / POINTS as f64))
            .collect();
        Self { points }
    }

    /// Pose at `time` frame intervals after the start; before the start and after the end it is that
    /// of the start and the end.
    #[must_use]
    pub fn at(&self, time: f64) -> Pose {
        let last = self.points.len() - 1;
        let place = (time * POINTS as f64).clamp(0.0, last as f64);
        let index = (place as usize).min(last - 1);
        let share = place - index as f64;
        let (from, to) = (self.points[index], self.points[index + 1]);
        let between = |from: f64, to: f64| from + (to - from) * share;
        Pose {
            x: between(from.x, to.x),
            y: between(from.y, to.y),
            angle: between(from.angle, to.angle),
            zoom: between(from.zoom, to.zoom),
        }
    }

    /// The largest speed during frame interval `frame`, in pixels a frame, of a point at `radius`
    /// pixels from the centre; 0 after the end.
    #[must_use]
    pub fn fastest(&self, frame: usize, radius: f64) -> f64 {
        let speed = |two: &[Pose]| {
            let turn = (two[1].angle - two[0].angle).hypot(two[1].zoom - two[0].zoom);
            (distance(two[0], two[1]) + radius * turn) * POINTS as f64
        };
        let steps = self.points.windows(2).skip(frame * POINTS).take(POINTS);
        steps.map(speed).fold(0.0, f64::max)
    }

    /// All points of the path, in the order of time.
    pub fn points(&self) -> impl Iterator<Item = Pose> {
        self.points.iter().copied()
    }
}

fn distance(from: Pose, to: Pose) -> f64 {
    (to.x - from.x).hypot(to.y - from.y)
}

/// Positions of a walk, zero in its middle, whose velocity forgets itself in `memory` steps.
fn walk(random: &mut impl Rng, count: usize, memory: f64) -> Vec<f64> {
    let keep = (-1.0 / memory).exp();
    let kick = (1.0 - keep * keep).sqrt();
    let mut velocity = normal(random);
    let mut position = 0.0;
    let mut positions = Vec::with_capacity(count);
    for _ in 0..count {
        positions.push(position);
        position += velocity;
        velocity = keep * velocity + kick * normal(random);
    }
    let middle = positions[count / 2];
    for position in &mut positions {
        *position -= middle;
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::{CameraPath, POINTS, Pose, distance};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_path_moves_as_far_as_was_asked_and_passes_the_middle_at_zero() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for speed in [0.6, 7.0, 45.0] {
            let path = CameraPath::random(&mut random, 8, speed, 80.0);
            let points: Vec<Pose> = path.points().collect();
            let length: f64 = points.windows(2).map(|two| distance(two[0], two[1])).sum();
            assert!((length / 8.0 - speed).abs() < 1e-9 * speed, "{length}");
            assert_eq!(distance(path.at(4.0), Pose::default()), 0.0);
            let fastest = (0..8).map(|frame| path.fastest(frame, 80.0));
            assert!(fastest.fold(0.0, f64::max) >= speed);
            assert!(points.iter().all(|pose| pose.zoom.abs() <= 0.3));
        }
    }

    #[test]
    fn velocity_has_memory_and_loses_it() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let (mut near, mut far) = (0.0, 0.0);
        for _ in 0..200 {
            let path = CameraPath::random(&mut random, 40, 5.0, 80.0);
            let speed: Vec<f64> = path
                .points
                .windows(2)
                .map(|two| two[1].x - two[0].x)
                .collect();
            let power: f64 = speed.iter().map(|v| v * v).sum();
            let together = |lag: usize| {
                let pairs = speed.iter().zip(&speed[lag..]);
                pairs.map(|(a, b)| a * b).sum::<f64>() / power
            };
            near += together(1) / 200.0;
            far += together(30 * POINTS) / 200.0;
        }
        assert!(near > 0.9, "{near}");
        assert!(far.abs() < 0.1, "{far}");
    }

    #[test]
    fn time_outside_of_the_clip_is_its_edge() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let path = CameraPath::random(&mut random, 2, 9.0, 80.0);
        assert_eq!(path.at(-1.0), path.at(0.0));
        assert_eq!(path.at(5.0), path.at(2.0));
        assert_ne!(path.at(0.0), path.at(2.0));
        let to = Pose {
            x: 6.0,
            y: 8.0,
            ..Pose::default()
        };
        let straight = CameraPath::straight(2, Pose::default(), to);
        assert!((straight.fastest(1, 80.0) - 5.0).abs() < 1e-9);
        assert_eq!(straight.at(1.0).x, 3.0);
    }
}
