// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rules of the detector on made pictures, and, on demand, figures on spliced clips.

use super::CutDetector;
use proptest::prelude::*;
use rirn::pixel::Luma;
use rirn::testing::Numbers;

const DEFAULT: f64 = 0.4;
const SIZE: (usize, usize) = (90, 160);

/// A picture of soft spots, as seen from `offset` columns further to the right.
fn scene(seed: u64, offset: f32) -> Luma {
    let mut numbers = Numbers::new(seed);
    let spots: Vec<[f32; 4]> = (0..24).map(|_| [0; 4].map(|_| numbers.unit())).collect();
    picture(|x, y| {
        let light = spots.iter().map(|[left, top, size, level]| {
            let (dx, dy) = (x + offset - 320.0 * left + 80.0, y - 90.0 * top);
            let reach = 60.0 + 900.0 * size;
            (level - 0.5) * (-(dx * dx + dy * dy) / reach).exp()
        });
        0.5 + light.sum::<f32>()
    })
}

fn picture(luma: impl Fn(f32, f32) -> f32) -> Luma {
    let mut frame = Luma::new(SIZE.0, SIZE.1);
    for (index, pixel) in frame.values_mut().iter_mut().enumerate() {
        let (x, y) = (index % SIZE.1, index / SIZE.1);
        *pixel = luma(x as f32, y as f32).clamp(0.0, 1.0);
    }
    frame
}

/// The frame with every value changed.
fn changed(frame: &Luma, value: impl Fn(f32) -> f32) -> Luma {
    let mut frame = frame.clone();
    for old in frame.values_mut() {
        *old = value(*old).clamp(0.0, 1.0);
    }
    frame
}

/// What the detector says of each frame.
fn cuts(frames: &[Luma]) -> Vec<bool> {
    let mut detector = CutDetector::default();
    let look = |frame| detector.look(frame, DEFAULT);
    frames.iter().map(look).collect()
}

#[test]
fn another_picture_is_a_cut_and_the_first_is_none() {
    let (a, b) = (scene(1, 0.0), scene(2, 0.0));
    let frames = [&a, &a, &b, &b, &a].map(Clone::clone);
    assert_eq!(cuts(&frames), [false, false, true, false, true]);
}

#[test]
fn after_forgetting_nothing_is_a_cut() {
    let mut detector = CutDetector::default();
    detector.look(&scene(1, 0.0), DEFAULT);
    detector.forget();
    assert!(!detector.look(&scene(2, 0.0), DEFAULT));
}

#[test]
fn a_flash_is_no_cut_even_where_it_leaves_only_white() {
    let shot = scene(3, 0.0);
    for gain in [1.5, 2.0, 100.0] {
        let flash = changed(&shot, |value| gain * value + 0.1);
        let frames = [shot.clone(), flash, shot.clone()];
        assert_eq!(cuts(&frames), [false; 3], "{gain}");
    }
}

#[test]
fn a_cut_behind_black_is_found_and_a_fade_is_none() {
    let (a, b) = (scene(4, 0.0), scene(5, 0.0));
    let black = changed(&a, |_| 0.0);
    assert_eq!(cuts(&[a.clone(), black.clone(), b]), [false, false, true]);
    let fade: Vec<_> = (0..=12)
        .map(|step| changed(&a, |value| value * step as f32 / 12.0))
        .collect();
    assert!(!cuts(&fade).contains(&true));
}

#[test]
fn a_dissolve_of_half_a_second_is_no_cut() {
    let (a, b) = (scene(6, 0.0), scene(7, 0.0));
    let mixed = |step: usize| {
        let share = step as f32 / 12.0;
        let mut frame = a.clone();
        for (value, other) in frame.values_mut().iter_mut().zip(b.values()) {
            *value += share * (other - *value);
        }
        frame
    };
    let frames: Vec<_> = (0..=12).map(mixed).collect();
    assert!(!cuts(&frames).contains(&true));
}

#[test]
fn a_fast_pan_is_no_cut() {
    let frames: Vec<_> = (0..8).map(|step| scene(8, 20.0 * step as f32)).collect();
    assert!(
        !cuts(&frames).contains(&true),
        "an eighth of the width a frame"
    );
}

#[test]
fn the_threshold_counts() {
    let (a, b) = (scene(9, 0.0), scene(10, 0.0));
    let found = |threshold| {
        let mut detector = CutDetector::default();
        detector.look(&a, threshold);
        detector.look(&b, threshold)
    };
    assert!(found(0.0) && !found(1.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn brightness_and_contrast_alone_are_no_cut(
        seed in any::<u64>(), gain in 0.3_f32..1.0, lift in 0.0_f32..0.3,
    ) {
        let shot = scene(seed, 0.0);
        let other = changed(&shot, |value| gain * value * 0.7 + lift);
        prop_assert_eq!(cuts(&[shot, other]), [false, false]);
    }

    #[test]
    fn any_size_and_any_values_are_looked_at(
        width in 1_usize..70, height in 1_usize..70, seed in any::<u64>(),
    ) {
        let mut numbers = Numbers::new(seed);
        let mut frame = Luma::new(height, width);
        frame.values_mut().fill_with(|| match numbers.bits() % 9 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            _ => numbers.unit(),
        });
        let mut detector = CutDetector::default();
        detector.look(&frame, DEFAULT);
        detector.look(&frame, DEFAULT);
    }
}

/// Figures on clips of luma, 8 bits, 320x180, as `scripts/scene-cuts.py` makes and splices them:
/// names end in the number of the frame that is another shot, or in `none`.
#[test]
#[ignore = "needs spliced clips: RIRNDEBLUR_CUTS=FOLDER, see scripts/scene-cuts.py"]
fn precision_and_recall_on_spliced_clips() {
    let folder = std::env::var("RIRNDEBLUR_CUTS").expect("RIRNDEBLUR_CUTS is set");
    let files = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    for threshold in [0.2, 0.3, 0.4, 0.5, 0.6] {
        let (mut right, mut wrong, mut missed) = (0, 0, 0);
        for file in &files {
            let name = file.file_stem().expect("a name").to_string_lossy();
            let (kind, wanted) = name.rsplit_once('-').expect("KIND-NUMBER");
            let wanted = wanted.parse::<usize>().ok();
            let found = found(&std::fs::read(file).expect("readable"), threshold);
            let hit = wanted.is_some_and(|wanted| found.contains(&wanted));
            let false_ones = found.len() - usize::from(hit);
            right += usize::from(hit);
            wrong += false_ones;
            missed += usize::from(wanted.is_some() && !hit);
            if threshold == DEFAULT && (false_ones > 0 || wanted.is_some() != hit) {
                println!("{kind}: wanted {wanted:?}, found {found:?}");
            }
        }
        let share = |of: usize| 100.0 * right as f64 / (right + of).max(1) as f64;
        println!(
            "threshold {threshold}: {right} found, {wrong} false, {missed} missed; precision \
             {:.1} %, recall {:.1} %",
            share(wrong),
            share(missed)
        );
    }
}

/// Numbers of the frames that begin a shot.
fn found(bytes: &[u8], threshold: f64) -> Vec<usize> {
    let mut detector = CutDetector::default();
    let frames = bytes.chunks_exact(320 * 180);
    let cuts = frames.map(|luma| {
        let mut frame = Luma::new(180, 320);
        for (value, code) in frame.values_mut().iter_mut().zip(luma) {
            *value = f32::from(*code) / 255.0;
        }
        detector.look(&frame, threshold)
    });
    cuts.enumerate()
        .filter(|cut| cut.1)
        .map(|cut| cut.0)
        .collect()
}
