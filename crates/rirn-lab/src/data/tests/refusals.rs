// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wrong is said before anything starts, with the name of what is wrong.

use super::{frames, pair, write};
use crate::data::{Choice, Decoder, Mixture, MixtureSettings, sequences};
use std::fs;
use std::path::{Path, PathBuf};

const BLUR: (&str, &str) = ("blur", "sharp");

/// The message for a folder that `make` has filled, without the path of the folder.
#[track_caller]
fn refused(make: impl Fn(&Path), expected: &str) {
    let root = tempfile::tempdir().unwrap();
    make(root.path());
    let error = sequences(root.path(), &Choice::default()).unwrap_err();
    assert_eq!(without(&error.to_string(), root.path()), expected);
}

fn without(message: &str, root: &Path) -> String {
    let root = root.display().to_string();
    message
        .replace(&format!("{root}/"), "")
        .replace(&root, "ROOT")
}

fn plain() -> MixtureSettings {
    MixtureSettings {
        h264: 0.0,
        ..MixtureSettings::default()
    }
}

#[track_caller]
fn not_opened(settings: &MixtureSettings, root: &Path, expected: &str) {
    let Err(error) = Mixture::open(settings, 4, 16) else {
        panic!("opened, expected: {expected}");
    };
    assert_eq!(without(&error.to_string(), root), expected);
}

#[test]
fn frames_that_do_not_make_pairs_are_refused() {
    let counts = |root: &Path| {
        frames(&root.join("a/blur"), 3);
        frames(&root.join("a/sharp"), 2);
    };
    refused(
        counts,
        "a: 3 blurred and 2 sharp frames, expected as many of each",
    );
    let names = |root: &Path| {
        pair(root, BLUR, 2);
        fs::rename(root.join("sharp/000001.png"), root.join("sharp/000002.png")).unwrap();
    };
    refused(
        names,
        "blur/000001.png: its sharp frame would be sharp/000002.png, expected the same name or number",
    );
    let size = |root: &Path| {
        pair(root, BLUR, 2);
        write(&root.join("sharp/000001.png"), 24, 22, 1);
    };
    refused(
        size,
        "sharp/000001.png: 24x22 pixels, expected 24x20 as the first frame of the sequence",
    );
}

#[test]
fn folders_that_hold_nothing_of_use_are_refused() {
    let empty = |root: &Path| {
        pair(root, BLUR, 2);
        fs::remove_dir_all(root.join("sharp")).unwrap();
        fs::create_dir(root.join("sharp")).unwrap();
    };
    refused(
        empty,
        "sharp: the folder holds no pictures (png, jpg, webp)",
    );
    refused(
        |_| {},
        "ROOT: no known layout, expected the folders of GOPRO, REDS, DVD or BSD, folders of \
         sequences with blur/ and sharp/, or blur/ and sharp/ themselves",
    );
    for stray in ["0", "z"] {
        let beside = |root: &Path| {
            pair(&root.join("scene"), BLUR, 2);
            fs::create_dir(root.join(stray)).unwrap();
        };
        let expected = "no blurred frames, expected blur/ and sharp/ as in the folders beside it";
        refused(beside, &format!("{stray}: {expected}"));
    }
    let missing = sequences(Path::new("no/such/folder"), &Choice::default());
    let message = missing.unwrap_err().to_string();
    assert!(message.starts_with("no/such/folder: "), "{message}");
}

#[test]
fn broken_pictures_are_found_by_header_or_when_they_are_read() {
    let header = |root: &Path| {
        pair(root, BLUR, 2);
        fs::write(root.join("blur/000001.png"), "no picture").unwrap();
    };
    let root = tempfile::tempdir().unwrap();
    header(root.path());
    let message = sequences(root.path(), &Choice::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("blur/000001.png: not a readable picture"),
        "{message}"
    );
    // Cut off in the middle the header is whole and the pixels are not.
    write(&root.path().join("blur/000001.png"), 24, 20, 1);
    let whole = fs::read(root.path().join("blur/000001.png")).unwrap();
    fs::write(
        root.path().join("blur/000001.png"),
        &whole[..whole.len() / 2],
    )
    .unwrap();
    let found = sequences(root.path(), &Choice::default()).unwrap();
    let message = found[0].blurred(1).unwrap_err().to_string();
    assert!(
        message.contains("blur/000001.png: not a readable picture"),
        "{message}"
    );
}

#[test]
fn sources_that_cannot_give_clips_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let (root, mut settings) = (root.path(), plain());
    settings.pairs = vec![root.join("one")];
    pair(&root.join("one"), BLUR, 1);
    not_opened(&settings, root, "one/blur: 1 frames, expected 2 or more");
    settings.pairs = vec![root.join("alone")];
    frames(&root.join("alone/blur"), 2);
    not_opened(
        &settings,
        root,
        "alone/blur: blurred frames without sharp ones, expected pairs to train on",
    );
    settings.pairs = vec![root.join("small")];
    for side in ["blur", "sharp"] {
        for number in 0..2 {
            write(
                &root.join(format!("small/{side}/{number}.png")),
                40,
                12,
                number,
            );
        }
    }
    let small = "40x12 pixels, expected 16x16 or more for crops of that size";
    not_opened(&settings, root, &format!("small/blur/0.png: {small}"));
    settings.pairs.clear();
    settings.photos = vec![root.join("small/blur")];
    not_opened(&settings, root, &format!("small/blur/0.png: {small}"));
    settings.photos = vec![root.join("small")];
    not_opened(
        &settings,
        root,
        "small: the folder holds no pictures (png, jpg, webp)",
    );
    settings.photos.clear();
    not_opened(
        &settings,
        root,
        "setting pairs, photos, videos: no folder with a share above 0, expected at least one",
    );
}

#[test]
fn settings_outside_of_their_range_are_named() {
    let root = Path::new("/nowhere");
    let mut settings = plain();
    settings.identity = 1.5;
    not_opened(&settings, root, "setting identity: 1.5, expected 0 to 1");
    settings = plain();
    settings.motion = [0.0, 4.0];
    let expected = "setting motion: 0, expected 0 < lowest <= highest <= 500";
    not_opened(&settings, root, expected);
    settings = plain();
    settings.jpeg = f64::NAN;
    not_opened(&settings, root, "setting jpeg: NaN, expected 0 to 1");
    let unknown = toml::from_str::<MixtureSettings>("photographs = []");
    let message = unknown.unwrap_err().to_string();
    assert!(message.contains("unknown field `photographs`"), "{message}");
    let text = "photos = [\"p\"]\nshares = { videos = 0.0 }\nblur = \"encoded\"";
    let read: MixtureSettings = toml::from_str(text).unwrap();
    assert_eq!(read.photos, [PathBuf::from("p")]);
    assert_eq!((read.shares.videos, read.shares.pairs), (0.0, 0.4));
}

#[test]
fn h264_asks_for_even_frames_and_videos_for_a_decoder() {
    let root = tempfile::tempdir().unwrap();
    frames(root.path(), 2);
    let mut settings = plain();
    settings.photos = vec![root.path().to_owned()];
    settings.h264 = 0.1;
    let Err(error) = Mixture::open(&settings, 4, 15) else {
        panic!("an odd size was opened");
    };
    let expected = "setting h264: frames of 15 pixels, expected an even number for H.264";
    assert_eq!(error.to_string(), expected);
    let none = Decoder::find(["no-such-program", "nor-this-one"]).unwrap_err();
    assert_eq!(
        none.to_string(),
        "setting videos: neither no-such-program nor nor-this-one is installed, expected one of \
         them to decode videos",
    );
}

#[test]
fn a_file_that_is_no_video_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("holiday.mp4");
    fs::write(&path, "no video").unwrap();
    for (decoder, program) in [
        (Decoder::Ffmpeg, "ffmpeg"),
        (Decoder::GstLaunch, "gst-launch-1.0"),
    ] {
        if crate::blur::is_installed(program) {
            let message = decoder.frames(&path, 5, 1 << 20).unwrap_err().to_string();
            assert!(message.contains("holiday.mp4: not usable: "), "{message}");
            assert!(message.contains(program), "{message}");
        }
    }
}
