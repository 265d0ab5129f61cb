// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clips: determinism, order, shares, finish, memory.

use super::{frames, pair, write};
use crate::blur::is_installed;
use crate::data::pairs::consecutive;
use crate::data::{Clip, Decoder, Mixture, MixtureSettings, PictureCache, Shares, preview};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const FRAMES: usize = 4;
const SIZE: usize = 16;

/// Pairs and photographs in `root`; nothing is added to the clips.
fn settings(root: &Path) -> MixtureSettings {
    pair(&root.join("pairs/scene"), ("blur", "sharp"), 5);
    for number in 0..3 {
        write(&root.join(format!("photos/{number}.png")), 90, 70, number);
    }
    MixtureSettings {
        pairs: vec![root.join("pairs")],
        photos: vec![root.join("photos")],
        identity: 0.0,
        channels: 0.0,
        noise: 0.0,
        jpeg: 0.0,
        h264: 0.0,
        cache_mib: 1,
        ..MixtureSettings::default()
    }
}

fn clips(mixture: &Mixture, numbers: impl Iterator<Item = u64>) -> Vec<Clip> {
    let clip = |number| mixture.clip(3, number, FRAMES, SIZE).unwrap();
    numbers.map(clip).collect()
}

#[test]
fn a_clip_depends_on_its_seed_and_number_alone() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    (settings.noise, settings.jpeg, settings.channels) = (0.5, 0.5, 0.5);
    let mixture = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    let forth = clips(&mixture, 0..24);
    // Another cache, another order, several threads.
    settings.cache_mib = 0;
    let again = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    let (even, odd) = std::thread::scope(|scope| {
        let even = scope.spawn(|| clips(&again, (0..24).rev().filter(|n| n % 2 == 0)));
        let odd = scope.spawn(|| clips(&again, (0..24).rev().filter(|n| n % 2 == 1)));
        (even.join().unwrap(), odd.join().unwrap())
    });
    for (index, clip) in forth.iter().enumerate() {
        let other = if index % 2 == 0 { &even } else { &odd };
        assert_eq!(clip, &other[11 - index / 2], "clip {index}");
    }
    let is_new = |&index: &usize| !forth[..index].contains(&forth[index]);
    assert!((0..24).filter(is_new).count() > 18);
    assert_ne!(forth[0], mixture.clip(4, 0, FRAMES, SIZE).unwrap());
}

#[test]
fn sources_are_drawn_by_their_shares() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    settings.shares = Shares {
        pairs: 3.0,
        photos: 1.0,
        videos: 9.0,
    };
    let mixture = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    assert_eq!(mixture.about(), "1 sequences (5 frames), 3 photographs");
    // The pairs' blurred frames are their sharp ones; photographs move.
    let drawn = clips(&mixture, 0..200);
    let pairs = drawn.iter().filter(|clip| clip.blurred == clip.sharp);
    let share = pairs.count() as f64 / 200.0;
    assert!((share - 0.75).abs() < 0.1, "{share}");
}

#[test]
fn pairs_are_cut_at_one_place_from_consecutive_frames() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    settings.photos.clear();
    let mixture = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    let open = |number| {
        let path = root
            .path()
            .join(format!("pairs/scene/sharp/{number:06}.png"));
        image::open(path).unwrap().into_rgb8()
    };
    let whole: Vec<_> = (0..5).map(open).collect();
    let is_cut = |clip: &Clip, start: usize, x: u32, y: u32| {
        let side = SIZE as u32;
        let cut = |frame| image::imageops::crop_imm(frame, x, y, side, side).to_image();
        let frames = whole[start..start + FRAMES].iter().map(cut);
        clip.sharp == frames.flat_map(|cut| cut.into_raw()).collect::<Vec<u8>>()
    };
    for clip in clips(&mixture, 0..10) {
        let mut places =
            (0..2).flat_map(|s| (0..9).flat_map(move |x| (0..5).map(move |y| (s, x, y))));
        assert!(places.any(|(start, x, y)| is_cut(&clip, start, x, y)));
    }
}

#[test]
fn reduced_clips_show_more_of_the_scene() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    settings.photos.clear();
    settings.reduced = 1.0;
    let mixture = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    let open = |number| {
        let path = root
            .path()
            .join(format!("pairs/scene/sharp/{number:06}.png"));
        image::open(path).unwrap().into_rgb8()
    };
    let whole: Vec<_> = (0..5).map(open).collect();
    let first = |start: usize, wide: u32, x: u32, y: u32| {
        let cut = image::imageops::crop_imm(&whole[start], x, y, wide, wide).to_image();
        crate::blur::reduce(&cut, SIZE as f64 / f64::from(wide)).into_raw()
    };
    let mut widest = 0;
    for clip in clips(&mixture, 0..10) {
        assert_eq!(clip.sharp.len(), FRAMES * SIZE * SIZE * 3);
        let wide = (SIZE as u32..=20).find(|&wide| {
            let mut places = (0..2).flat_map(|s| {
                (0..=24 - wide).flat_map(move |x| (0..=20 - wide).map(move |y| (s, x, y)))
            });
            places.any(|(s, x, y)| clip.sharp.starts_with(&first(s, wide, x, y)))
        });
        widest = widest.max(wide.expect("a place that is reduced to the clip"));
    }
    assert!(widest > SIZE as u32);
}

#[test]
fn short_sequences_are_played_to_and_fro() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut starts = [false; 4];
    for _ in 0..100 {
        let order = consecutive(&mut random, 3, 8);
        starts[order[0]] = true;
        for two in order.windows(2) {
            assert_eq!(two[0].abs_diff(two[1]), 1, "{order:?}");
        }
        assert!(order.iter().all(|&index| index < 3));
        let enough = consecutive(&mut random, 10, 8);
        assert!(
            enough.windows(2).all(|two| two[1] == two[0] + 1),
            "{enough:?}"
        );
    }
    assert_eq!(starts, [true, true, true, false]);
    assert_eq!(consecutive(&mut random, 2, 2), [0, 1]);
}

#[test]
fn the_finish_touches_the_blurred_side_and_colours_of_both() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    let plain = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    // The draws before the finish are the same, so the truth is.
    (settings.noise, settings.jpeg) = (1.0, 1.0);
    let noisy = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    (settings.noise, settings.jpeg, settings.identity) = (0.0, 0.0, 1.0);
    let sharp = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    settings.channels = 1.0;
    let exchanged = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    let mut changed = 0;
    for number in 0..12 {
        let clip = |mixture: &Mixture| mixture.clip(3, number, FRAMES, SIZE).unwrap();
        let (plain, noisy, sharp) = (clip(&plain), clip(&noisy), clip(&sharp));
        assert_eq!(plain.sharp, noisy.sharp);
        assert_ne!(plain.blurred, noisy.blurred);
        assert_eq!(sharp.blurred, plain.sharp);
        let exchanged = clip(&exchanged);
        assert_eq!(exchanged.blurred, exchanged.sharp);
        changed += usize::from(exchanged.sharp != plain.sharp);
        let sum = |clip: &Clip| {
            clip.sharp
                .iter()
                .map(|&level| u64::from(level))
                .sum::<u64>()
        };
        assert_eq!(sum(&exchanged), sum(&plain));
    }
    assert!(changed > 5, "{changed}");
}

#[test]
fn the_cache_stays_within_its_bound_and_keeps_what_is_used() {
    let root = tempfile::tempdir().unwrap();
    frames(root.path(), 4);
    let path = |number| root.path().join(format!("{number:06}.png"));
    let size = 24 * 20 * 3;
    let cache = PictureCache::new(3 * size);
    let first = cache.get(&path(0)).unwrap();
    for number in [1, 0, 2, 0, 3] {
        cache.get(&path(number)).unwrap();
        assert!(cache.bytes() <= 3 * size);
    }
    assert_eq!(cache.bytes(), 3 * size);
    assert!(Arc::ptr_eq(&first, &cache.get(&path(0)).unwrap()));
    // Frame 1 was used longest ago and is read again.
    std::fs::remove_file(path(1)).unwrap();
    std::fs::remove_file(path(2)).unwrap();
    assert!(cache.get(&path(1)).is_err());
    assert!(cache.get(&path(2)).is_ok());
    let none = PictureCache::new(0);
    none.get(&path(0)).unwrap();
    assert_eq!(none.bytes(), 0);
}

/// A video of 24 frames of 64 x 48 pixels whose picture moves `speed` pixels a frame.
fn video(path: &Path, speed: u32) {
    let picture = path.with_extension("png");
    write(&picture, 64 + 24 * speed, 48, 1);
    let crop = format!("crop=64:48:n*{speed}:0");
    let arguments = ["-v", "error", "-loop", "1", "-i"];
    let mut command = Command::new("ffmpeg");
    command.args(arguments).arg(&picture).args(["-vf", &crop]);
    command.args(["-frames:v", "24", "-c:v", "ffv1"]).arg(path);
    assert!(command.status().unwrap().success());
}

#[test]
fn videos_are_averaged_where_they_are_slow_and_refused_where_not() {
    if !is_installed("ffmpeg") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    settings.pairs.clear();
    settings.photos.clear();
    let (slow, fast) = (root.path().join("slow.mkv"), root.path().join("fast.mkv"));
    video(&slow, 1);
    video(&fast, 4);
    settings.videos = vec![slow.clone()];
    let mixture = Mixture::open(&settings, FRAMES, SIZE).unwrap();
    assert_eq!(mixture.about(), "1 videos (24 frames)");
    for clip in clips(&mixture, 0..5) {
        assert_ne!(clip.blurred, clip.sharp);
    }
    settings.videos = vec![fast];
    let message = Mixture::open(&settings, FRAMES, SIZE)
        .err()
        .unwrap()
        .to_string();
    assert!(
        message.contains("fast.mkv: not usable: everywhere"),
        "{message}"
    );
    settings.videos = vec![slow.clone()];
    let message = Mixture::open(&settings, 9, SIZE).err().unwrap().to_string();
    assert!(
        message.ends_with("slow.mkv: 24 frames, expected 27 or more"),
        "{message}"
    );
    // Frames are limited in number and in bytes.
    let frame = 64 * 48 * 3;
    let count = |most, bytes| Decoder::Ffmpeg.frames(&slow, most, bytes).unwrap().len();
    assert_eq!((count(7, 1 << 30), count(100, 5 * frame)), (7, 5));
}

#[test]
fn both_decoders_give_the_same_frames() {
    if !is_installed("ffmpeg") || !is_installed("gst-launch-1.0") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("slow.mkv");
    video(&path, 1);
    let one = Decoder::Ffmpeg.frames(&path, 24, 1 << 30).unwrap();
    let two = Decoder::GstLaunch.frames(&path, 24, 1 << 30).unwrap();
    assert_eq!(one.len(), two.len());
    assert_eq!(one, two);
}

#[test]
fn the_sheet_has_two_rows_a_clip_and_shows_their_frames() {
    let root = tempfile::tempdir().unwrap();
    let mixture = Mixture::open(&settings(root.path()), FRAMES, SIZE).unwrap();
    let sheet = preview(&mixture, 5, 2, FRAMES, SIZE).unwrap();
    assert_eq!(sheet.dimensions(), (4 * 18, 4 * 44));
    let clip = mixture.clip_of(1, (5, 0), FRAMES, SIZE).unwrap();
    let place = |x: u32, y: u32| sheet.get_pixel(x, y).0;
    assert_eq!(place(0, 2 * 44), clip.blurred[..3]);
    let second = SIZE * SIZE * 3;
    assert_eq!(place(18, 2 * 44 + 18), clip.sharp[second..second + 3]);
}
