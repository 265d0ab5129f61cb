// SPDX-License-Identifier: MIT OR Apache-2.0
//! Videos are written and read again; and what happens when something fails. The tests that
//! encode need ffmpeg (which reads the videos, too) and gst-launch-1.0 with x264enc.

use std::path::{Path, PathBuf};
use std::process::Command;

use image::{Rgb, RgbImage};

use super::encoder::{Kind, Program};
use super::{encode, side_by_side};
use crate::report::ReportError;

type Frame = Result<Vec<RgbImage>, std::io::Error>;

const COLOURS: [[u8; 3]; 3] = [[180, 30, 30], [30, 150, 30], [40, 40, 190]];

fn frame(size: (u32, u32), panels: usize) -> Frame {
    let picture = |index: usize| RgbImage::from_pixel(size.0, size.1, Rgb(COLOURS[index]));
    Ok((0..panels).map(picture).collect())
}

fn program(kind: Kind, path: impl Into<PathBuf>) -> Program {
    Program {
        kind,
        path: path.into(),
    }
}

/// An executable that ignores what it is asked for and does `body` instead.
fn script(folder: &Path, body: &str) -> Program {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("encoder.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    program(Kind::Ffmpeg, path)
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let names = std::fs::read_dir(folder).unwrap().map(name);
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Width, height, pixel format, rate and number of frames, and the first frame's pixels.
fn read_again(path: &Path) -> (String, RgbImage) {
    let facts = Command::new("ffprobe")
        .args("-v error -count_frames -select_streams v:0 -of csv=p=0 -show_entries".split(' '))
        .arg("stream=codec_name,width,height,pix_fmt,color_space,r_frame_rate,nb_read_frames")
        .arg(path)
        .output()
        .expect("ffprobe runs");
    let facts = String::from_utf8(facts.stdout).unwrap().trim().to_owned();
    let pixels = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args("-frames:v 1 -f rawvideo -pix_fmt rgb24 -".split(' '))
        .output()
        .expect("ffmpeg runs");
    let size: Vec<u32> = facts
        .split(',')
        .filter_map(|fact| fact.parse().ok())
        .collect();
    (
        facts,
        RgbImage::from_raw(size[0], size[1], pixels.stdout).expect("a whole frame"),
    )
}

/// Three panels of 51×37: 161 columns, which become 162, and 38 rows.
fn check_video(path: &Path) {
    let (facts, picture) = read_again(path);
    assert_eq!(facts, "h264,162,38,yuv420p,bt709,30000/1001,9");
    let near = |x: u32, y: u32, expected: [u8; 3]| {
        let read = picture.get_pixel(x, y).0;
        let is_near = read.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 8);
        assert!(is_near, "({x}, {y}) is {read:?}, expected {expected:?}");
    };
    for (index, colour) in COLOURS.into_iter().enumerate() {
        near(index as u32 * 55 + 20, 18, colour);
    }
    near(53, 18, [255; 3]);
    near(161, 37, COLOURS[2]);
}

#[test]
fn ffmpeg_writes_odd_sizes_and_replaces_an_older_video() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("side by 'side' & \"more\".mp4");
    std::fs::write(&out, "older").unwrap();
    let frames = (0..9).map(|_| frame((51, 37), 3));
    side_by_side(&out, (30000, 1001), frames).unwrap();
    check_video(&out);
    assert_eq!(names(folder.path()).len(), 1);
}

#[test]
fn gstreamer_writes_the_same_where_ffmpeg_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a b.mp4");
    let programs = [
        program(Kind::Ffmpeg, folder.path().join("no-ffmpeg")),
        program(Kind::GstLaunch, "gst-launch-1.0"),
    ];
    let frames = (0..9).map(|_| frame((51, 37), 3));
    encode(&programs, &out, (30000, 1001), frames).unwrap();
    check_video(&out);
    assert_eq!(names(folder.path()), ["a b.mp4"]);
}

#[test]
fn without_an_encoder_the_error_names_both() {
    let folder = tempfile::tempdir().unwrap();
    let missing = |kind, name| program(kind, folder.path().join(name));
    let programs = [missing(Kind::Ffmpeg, "a"), missing(Kind::GstLaunch, "b")];
    let out = folder.path().join("a.mp4");
    let error = encode(&programs, &out, (24, 1), [frame((16, 16), 2)]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("neither ffmpeg nor gst-launch-1.0 is installed"),
        "{text}"
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_source_that_fails_leaves_the_older_video() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.mp4");
    std::fs::write(&out, "older").unwrap();
    let fault = Err(std::io::Error::other("frame 3 is torn"));
    let frames = (0..3).map(|_| frame((160, 120), 2)).chain([fault]);
    let error = side_by_side(&out, (24, 1), frames).unwrap_err();
    assert!(
        matches!(&error, ReportError::Source { index: 3, .. }),
        "{error}"
    );
    assert!(error.to_string().ends_with("frame 3 is torn"), "{error}");
    assert_eq!(names(folder.path()), ["a.mp4"]);
    assert_eq!(std::fs::read(&out).unwrap(), b"older");
}

#[test]
fn frames_that_differ_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.mp4");
    let refused = |frames: Vec<Frame>| side_by_side(&out, (24, 1), frames).unwrap_err();
    let first = || frame((16, 16), 2);
    let error = refused(vec![first(), frame((16, 18), 2)]);
    assert!(
        matches!(error, ReportError::Sizes { read: (16, 18), .. }),
        "{error}"
    );
    let error = refused(vec![first(), frame((16, 16), 3)]);
    assert!(
        matches!(
            error,
            ReportError::Panels {
                read: 3,
                expected: 2,
                ..
            }
        ),
        "{error}"
    );
    let error = refused(vec![Ok(Vec::new())]);
    assert!(matches!(error, ReportError::NoPictures { .. }), "{error}");
    let error = refused(Vec::new());
    assert!(matches!(error, ReportError::NoFrames { .. }), "{error}");
    let error = side_by_side(&out, (0, 1), [first()]).unwrap_err();
    assert!(matches!(error, ReportError::Rate { .. }), "{error}");
    let nowhere = folder.path().join("no/a.mp4");
    let error = side_by_side(&nowhere, (24, 1), [first()]).unwrap_err();
    assert!(matches!(error, ReportError::Write { .. }), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn an_encoder_that_talks_much_and_fails_blocks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let talk = "i=0; while [ $i -lt 4000 ]; do echo 'line of a long complaint, again and again' \
                >&2; i=$((i+1)); done; cat >/dev/null; printf 'no\\033[31m codec' >&2; exit 3";
    let programs = [script(folder.path(), talk)];
    let target = tempfile::tempdir().unwrap();
    let out = target.path().join("a.mp4");
    let frames = (0..20).map(|_| frame((200, 150), 3));
    let text = encode(&programs, &out, (24, 1), frames)
        .unwrap_err()
        .to_string();
    assert!(text.starts_with("encoder.sh did not write"), "{text}");
    assert!(text.ends_with("no\\u{1b}[31m codec"), "{text}");
    assert!(text.len() < 3000, "{}", text.len());
    assert!(names(target.path()).is_empty());
}

#[test]
fn an_encoder_that_stops_reading_is_reported_by_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let programs = [script(
        folder.path(),
        "echo half > \"$(eval echo \\${$#})\"; echo 'disk full' >&2; exit 1",
    )];
    let target = tempfile::tempdir().unwrap();
    let out = target.path().join("a.mp4");
    let frames = (0..50).map(|_| frame((400, 300), 3));
    let text = encode(&programs, &out, (24, 1), frames)
        .unwrap_err()
        .to_string();
    assert!(text.ends_with("disk full"), "{text}");
    assert!(names(target.path()).is_empty());
}
