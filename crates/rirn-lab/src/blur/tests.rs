// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scenes and compression as a whole.

use super::detail::DetailMap;
use super::light::{Averaging, Light};
use super::path::{CameraPath, Pose};
use super::scene::{Layer, Photo, Scene, Shutter};
use super::synthesis::{Exposed, Synthesis, expose};
use super::texture::reduce;
use super::{H264, jpeg};
use image::{Rgb, RgbImage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const SIZE: usize = 32;
const SHUTTER: Shutter = Shutter {
    share: 1.0,
    moments: 9,
};

/// Levels without a pattern, in blocks of 3 x 3 pixels.
fn photo() -> RgbImage {
    RgbImage::from_fn(200, 160, |x, y| {
        let hash = (x / 3 * 7919) ^ (y / 3 * 104_729);
        Rgb([0, 8, 16].map(|shift| (hash.wrapping_mul(2_654_435_761u32) >> shift) as u8))
    })
}

fn still() -> CameraPath {
    CameraPath::straight(3, Pose::default(), Pose::default())
}

fn scene(path: impl Fn() -> CameraPath, light: &Light) -> Scene {
    let (picture, mut random) = (photo(), ChaCha8Rng::seed_from_u64(5));
    let detail = DetailMap::new(&picture);
    let photo = Photo {
        picture: &picture,
        detail: &detail,
    };
    let background = Layer::background(&mut random, photo, path(), SIZE, light);
    let thing = Layer::cut_out(&mut random, photo, path(), SIZE, light);
    Scene {
        layers: vec![background, thing],
    }
}

#[test]
fn a_camera_that_rests_blurs_nothing() {
    for averaging in [Averaging::Linear, Averaging::Encoded] {
        let light = Light::new(averaging);
        let scene = scene(still, &light);
        let clip = expose(&scene, |_| SHUTTER, 3, SIZE, &light);
        assert_eq!(clip.blurred, clip.sharp);
        assert_eq!(clip.sharp[..SIZE * SIZE * 3], clip.sharp[SIZE * SIZE * 6..]);
        assert!(clip.sharp.iter().any(|&level| level != clip.sharp[0]));
    }
}

#[test]
fn a_moving_camera_loses_detail_in_the_blurred_frames_only() {
    let light = Light::new(Averaging::Linear);
    let path = || CameraPath::random(&mut ChaCha8Rng::seed_from_u64(6), 3, 12.0, 16.0);
    let clip = expose(&scene(path, &light), |_| SHUTTER, 3, SIZE, &light);
    let rough = |levels: &[u8]| {
        let step = |two: &[u8]| u32::from(two[0].abs_diff(two[3]));
        levels.windows(4).map(step).sum::<u32>()
    };
    assert!(rough(&clip.blurred) * 2 < rough(&clip.sharp));
}

#[test]
fn the_frame_moves_against_the_scene_by_the_pose() {
    // A view at rest against one that is moved by whole pixels shows the same texels.
    let light = Light::new(Averaging::Encoded);
    let picture = photo();
    let detail = DetailMap::new(&picture);
    let photo = Photo {
        picture: &picture,
        detail: &detail,
    };
    let to = Pose {
        x: 3.0,
        y: 2.0,
        ..Pose::default()
    };
    let path = CameraPath::straight(1, Pose::default(), to);
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let layer = Layer::background(&mut random, photo, path, SIZE, &light);
    let layers = vec![layer];
    let glimpse = Shutter {
        share: 1e-9,
        moments: 1,
    };
    let sharp = expose(&Scene { layers }, |_| glimpse, 2, SIZE, &light).sharp;
    let (rest, moved) = sharp.split_at(SIZE * SIZE * 3);
    for y in 0..SIZE - 2 {
        let from = &rest[y * SIZE * 3..][..(SIZE - 3) * 3];
        let to = &moved[((y + 2) * SIZE + 3) * 3..][..(SIZE - 3) * 3];
        let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1;
        assert!(from.iter().zip(to).all(near), "row {y}");
    }
}

#[test]
fn the_sharp_frame_is_that_of_the_middle_of_the_exposure() {
    let light = Light::new(Averaging::Linear);
    let to = Pose {
        x: 12.0,
        y: 4.0,
        ..Pose::default()
    };
    let path = || CameraPath::straight(4, Pose::default(), to);
    let glimpse = Shutter {
        share: 1e-9,
        moments: 1,
    };
    // Open from 0 to 2 at the first frame, for a moment at 1 at the second.
    let shutter = |index| match index {
        0 => Shutter {
            share: 2.0,
            ..SHUTTER
        },
        _ => glimpse,
    };
    let sharp = expose(&scene(path, &light), shutter, 2, SIZE, &light).sharp;
    let (middle, moment) = sharp.split_at(SIZE * SIZE * 3);
    let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1;
    assert!(middle.iter().zip(moment).all(near));
}

#[test]
fn reduction_is_the_mean_over_the_area() {
    let picture = RgbImage::from_fn(6, 4, |x, y| Rgb([(x * 10 + y) as u8, 200, 0]));
    let half = reduce(&picture, 0.5);
    assert_eq!(half.dimensions(), (3, 2));
    assert_eq!(half.get_pixel(1, 1).0, [28, 200, 0]); // (22 + 23 + 32 + 33) / 4 = 27.5
    let part = reduce(&picture, 2.0 / 3.0);
    assert_eq!(part.dimensions(), (4, 2));
    // Columns 0 and half of 1, rows 0 and half of 1: 3.33 + 0.33.
    assert_eq!(part.get_pixel(0, 0).0, [4, 200, 0]);
    assert_eq!(reduce(&picture, 1.0), picture);
}

#[test]
fn places_with_detail_are_preferred() {
    let picture = RgbImage::from_fn(320, 160, |x, y| {
        let level = if x < 160 {
            90
        } else {
            ((x * 7) ^ (y * 13)) as u8
        };
        Rgb([level; 3])
    });
    let map = DetailMap::new(&picture);
    assert_eq!(map.around(40.0, 80.0, 60.0), 0.0);
    assert!(map.around(240.0, 80.0, 60.0) > 1.0);
}

#[test]
fn photographs_are_asked_for_in_the_stated_shares_and_clips_have_their_size() {
    let synthesis = Synthesis {
        motion: (0.6, 45.0),
        exposure: (0.35, 1.0),
        linear: 0.5,
    };
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut count = [0; 4];
    for _ in 0..2000 {
        count[synthesis.photos(&mut random)] += 1;
    }
    assert!((count[1] as f64 / 2000.0 - 0.45).abs() < 0.05);
    assert!((count[2] as f64 / 2000.0 - 0.40).abs() < 0.05);
    let picture = photo();
    let detail = DetailMap::new(&picture);
    for _ in 0..20 {
        let photos = [(&picture, &detail); 3];
        let Exposed { blurred, sharp } = synthesis.clip(&mut random, &photos, 4, SIZE);
        assert_eq!(blurred.len(), 4 * SIZE * SIZE * 3);
        assert_eq!(sharp.len(), blurred.len());
    }
}

#[test]
fn compression_changes_pictures_and_keeps_them_recognisable() {
    let picture = image::imageops::crop_imm(&photo(), 0, 0, 48, 48).to_image();
    let frames = picture.as_raw().repeat(4);
    let error = |changed: &[u8]| {
        let pairs = changed.iter().zip(&frames);
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / frames.len() as f64
    };
    let (mut good, mut poor) = (frames.clone(), frames.clone());
    jpeg(&mut good, 48, 95).unwrap();
    jpeg(&mut poor, 48, 30).unwrap();
    assert!(
        error(&good) < error(&poor),
        "{} {}",
        error(&good),
        error(&poor)
    );
    assert!(error(&good) > 0.0);
    if super::is_installed("ffmpeg") {
        let mut video = frames.clone();
        let h264 = H264 {
            factor: 24,
            key: 12,
        };
        h264.apply(&mut video, 48).unwrap();
        assert_eq!(video.len(), frames.len());
        assert_ne!(video, frames);
    }
}
