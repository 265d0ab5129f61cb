// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every layout is found, and its splits and versions.

use super::{frames, pair, write};
use crate::data::{BlurKind, Choice, Sequence, Split, sequences};
use std::path::Path;

const BLUR: (&str, &str) = ("blur", "sharp");

fn choice(split: Split, blur: BlurKind) -> Choice {
    Choice { split, blur }
}

fn names(found: &[Sequence]) -> Vec<&str> {
    found
        .iter()
        .map(|sequence| sequence.name.as_str())
        .collect()
}

fn folder_of(sequence: &Sequence, root: &Path) -> String {
    let folder = sequence.blurred[0].parent().unwrap();
    folder.strip_prefix(root).unwrap().display().to_string()
}

#[test]
fn gopro_has_splits_and_two_versions() {
    let root = tempfile::tempdir().unwrap();
    let set = root.path().join("GOPRO_Large");
    for name in ["train/GOPR0372", "test/GOPR0384", "test/GOPR0385"] {
        pair(&set.join(name), BLUR, 2);
        frames(&set.join(name).join("blur_gamma"), 2);
    }
    let found = sequences(&set, &Choice::default()).unwrap();
    assert_eq!(names(&found), ["GOPR0384", "GOPR0385"]);
    assert_eq!(folder_of(&found[0], &set), "test/GOPR0384/blur_gamma");
    let train = choice(Split::Train, BlurKind::Encoded);
    // One folder more around it, as some archives have it.
    let found = sequences(root.path(), &train).unwrap();
    assert_eq!(names(&found), ["GOPR0372"]);
    assert_eq!(folder_of(&found[0], &set), "train/GOPR0372/blur");
    assert_eq!((found[0].len(), found[0].sharp.len()), (2, 2));
    assert_eq!((found[0].width, found[0].height), (24, 20));
    let none = sequences(&set, &choice(Split::Validation, BlurKind::Gamma));
    let message = none.unwrap_err().to_string();
    assert!(
        message.ends_with("splits test, train, expected val/"),
        "{message}"
    );
    let none = sequences(&set, &choice(Split::Test, BlurKind::Compressed));
    let message = none.unwrap_err().to_string();
    assert!(message.contains("GOPR0384") && message.contains("only REDS"));
}

#[test]
fn reds_is_found_flat_or_nested_and_may_lack_truth() {
    for inner in ["", "train"] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(inner);
        for name in ["train_blur/000", "train_blur/001", "train_sharp/000"] {
            frames(&folder.join(name), 2);
        }
        frames(&folder.join("train_sharp/001"), 2);
        frames(&folder.join("train_blur_comp/001"), 2);
        let gamma = choice(Split::Train, BlurKind::Gamma);
        let found = sequences(root.path(), &gamma).unwrap();
        assert_eq!(names(&found), ["000", "001"]);
        assert_eq!(found[1].sharp.len(), 2);
        let compressed = choice(Split::Train, BlurKind::Compressed);
        let found = sequences(root.path(), &compressed).unwrap();
        assert_eq!(names(&found), ["001"]);
        assert!(found[0].blurred[0].to_string_lossy().contains("blur_comp"));
        assert!(sequences(root.path(), &choice(Split::Test, BlurKind::Gamma)).is_err());
    }
    let root = tempfile::tempdir().unwrap();
    frames(&root.path().join("test/test_blur/000"), 3);
    let found = sequences(root.path(), &Choice::default()).unwrap();
    assert_eq!((found[0].len(), found[0].sharp.len()), (3, 0));
}

#[test]
fn dvd_and_bsd_are_found() {
    let root = tempfile::tempdir().unwrap();
    let dvd = root.path().join("dvd");
    for name in ["IMG_0010", "IMG_0009"] {
        let folder = dvd.join("quantitative_datasets").join(name);
        for side in ["input", "GT"] {
            write(&folder.join(side).join("00000.jpg"), 24, 20, 1);
        }
    }
    frames(&dvd.join("qualitative_datasets/alley/input"), 2);
    let found = sequences(&dvd, &Choice::default()).unwrap();
    assert_eq!(names(&found), ["IMG_0009", "IMG_0010"]);
    assert!(found[0].sharp[0].ends_with("GT/00000.jpg"));
    let bsd = root.path().join("BSD_3ms24ms");
    for split in ["train", "valid", "test"] {
        let folder = bsd.join(split).join(format!("{split}0"));
        pair(&folder, ("Blur/RGB", "Sharp/RGB"), 2);
    }
    let found = sequences(&bsd, &choice(Split::Validation, BlurKind::Gamma)).unwrap();
    assert_eq!(names(&found), ["valid0"]);
}

#[test]
fn own_folders_are_found_alone_and_side_by_side() {
    let root = tempfile::tempdir().unwrap();
    pair(&root.path().join("scene10"), BLUR, 2);
    pair(&root.path().join("scene9"), BLUR, 3);
    let found = sequences(root.path(), &Choice::default()).unwrap();
    assert_eq!(names(&found), ["scene9", "scene10"]);
    let alone = sequences(&root.path().join("scene9"), &Choice::default()).unwrap();
    assert_eq!(alone, found[..1]);
    assert_eq!(alone[0].blurred(1).unwrap(), alone[0].sharp(1).unwrap());
}

#[test]
fn files_are_sorted_as_people_count_and_may_differ_around_the_number() {
    let root = tempfile::tempdir().unwrap();
    for number in [8, 9, 10, 11] {
        let blurred = format!("blur/frame{number}.png");
        let sharp = format!("sharp/truth_{number:04}.webp.png");
        write(&root.path().join(blurred), 8, 8, number);
        write(&root.path().join(sharp), 8, 8, number);
    }
    std::fs::write(root.path().join("blur/Thumbs.db"), "not a picture").unwrap();
    std::fs::write(root.path().join("blur/.frame7.png"), "hidden").unwrap();
    let found = sequences(root.path(), &Choice::default()).unwrap();
    let order: Vec<String> = found[0]
        .blurred
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        order,
        ["frame8.png", "frame9.png", "frame10.png", "frame11.png"]
    );
}
