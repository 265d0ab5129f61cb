// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program `evaluate` as a user calls it. Cargo builds it together with this crate's tests.

mod sequences;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rirn_lab::eval::scores::Evaluation;

/// The program, which lies beside the folder of this test program.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its path");
    let profile = own.ancestors().nth(2).expect("target/debug/deps/…");
    let name = format!("evaluate{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    let place = program.display();
    assert!(program.is_file(), "no {place}: run cargo test -p rirn-lab");
    program
}

/// Exit status, standard output and error output.
fn evaluate<S: AsRef<OsStr>>(arguments: &[S]) -> (i32, String, String) {
    called(Command::new(program()).args(arguments))
}

fn called(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let status = output.status.code().expect("it was not killed");
    (status, text(output.stdout), text(output.stderr))
}

/// Two sequences of three frames.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    sequences::write(folder.path(), "one", 3, (32, 20));
    sequences::write(folder.path(), "two", 3, (24, 16));
    folder
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("UTF-8")
}

/// The one sentence of a failure.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let (status, output, errors) = evaluate(arguments);
    assert_eq!((status, output.as_str()), (1, ""), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors.trim_end().to_owned()
}

#[test]
fn it_writes_a_table_and_the_files() {
    let (data, out) = (data(), tempfile::tempdir().expect("a folder"));
    let out = out.path().join("new/folder");
    let arguments = [
        path(data.path()),
        "--weights",
        "lite",
        "--weights",
        "lite",
        "--out",
        path(&out),
        "--figure",
        "two:2",
        "--frames",
        "3",
    ];
    let (status, output, errors) = evaluate(&arguments);
    assert_eq!(status, 0, "{errors}");
    assert!(
        output.contains("lite (2)") && output.contains("not a set of the paper"),
        "{output}"
    );
    let lines: Vec<_> = errors.lines().collect();
    assert_eq!(lines.len(), 6, "{errors}");
    assert!(
        lines[1].starts_with("scores: blurred, two: 3 of 18 frames"),
        "{errors}"
    );

    let text = fs::read_to_string(out.join("scores.json")).expect("scores.json");
    let evaluation: Evaluation = serde_json::from_str(&text).expect("an evaluation");
    let names: Vec<_> = evaluation
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["blurred", "lite", "lite (2)"]);
    assert_eq!(
        evaluation.entries[1].sequences,
        evaluation.entries[2].sequences
    );
    for name in ["scores.csv", "scores.md", "report.html"] {
        let length = fs::metadata(out.join(name)).expect(name).len();
        assert!(length > 0, "{name}");
    }
}

#[test]
fn json_is_the_whole_evaluation() {
    let data = data();
    let arguments = [
        path(data.path()),
        "--json",
        "--frames",
        "2",
        "--experiment",
        "cut",
    ];
    let (status, output, errors) = evaluate(&arguments);
    assert_eq!(status, 0, "{errors}");
    let evaluation: Evaluation = serde_json::from_str(&output).expect("an evaluation");
    assert_eq!(evaluation.entries[1].mean().frames, 4);
    assert_eq!(evaluation.tables.len(), 1);
}

#[test]
fn a_video_of_every_sequence_lies_beside_the_page() {
    let data = data();
    let out = tempfile::tempdir().expect("a folder");
    let arguments = [
        path(data.path()),
        "--frames",
        "2",
        "--video",
        "--out",
        path(out.path()),
    ];
    let (status, _, errors) = evaluate(&arguments);
    assert_eq!(status, 0, "{errors}");
    let files = fs::read_dir(out.path()).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    let videos: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "mp4"))
        .collect();
    assert_eq!(videos.len(), 2, "{videos:?}");
    for video in videos {
        let begin = fs::read(&video).expect("a video");
        assert_eq!(&begin[4..8], b"ftyp", "{video:?}");
    }
}

#[test]
fn bad_weights_are_told_before_any_frame_is_read() {
    let nowhere = "no-such-folder";
    let text = refused(&[nowhere, "--weights", "lite", "--weights", "lit"]);
    assert!(
        text.starts_with("evaluate: weights lit: there is no such file"),
        "{text}"
    );
    let foreign = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/refused/value-nan.safetensors"
    );
    let text = refused(&[nowhere, "--weights", foreign]);
    assert!(
        text.contains("value-nan.safetensors: ") && text.contains("NaN"),
        "{text}"
    );
}

#[test]
fn bad_data_are_told_with_their_place() {
    let empty = tempfile::tempdir().expect("a folder");
    assert!(refused(&[path(empty.path())]).contains(path(empty.path())));
    assert!(refused(&["no-such-folder"]).contains("no-such-folder"));

    let uneven = data();
    fs::remove_file(uneven.path().join("one/sharp/000048.png")).expect("it was written");
    assert!(refused(&[path(uneven.path())]).contains("one"));

    let mixed = data();
    let small = sequences::picture((20, 20), 0, true);
    small
        .save(mixed.path().join("two/blur/000048.png"))
        .expect("a picture");
    assert!(evaluate(&[path(mixed.path())]).2.contains("000048.png"));

    let broken = data();
    fs::write(broken.path().join("one/sharp/000047.png"), b"no picture").expect("a file");
    let (status, _, errors) = evaluate(&[path(broken.path())]);
    assert!(status == 1 && errors.contains("000047.png"), "{errors}");
}

#[test]
fn figures_that_are_not_there_are_refused() {
    let (data, out) = (data(), tempfile::tempdir().expect("a folder"));
    for (figure, expected) in [
        ("three:0", "there is no sequence three"),
        ("one:3", "sequence one has no frame 3, the last one is 2"),
    ] {
        let arguments = [
            path(data.path()),
            "--out",
            path(out.path()),
            "--figure",
            figure,
        ];
        assert_eq!(refused(&arguments), format!("evaluate: {expected}"));
    }
}

#[test]
fn a_wrong_command_line_has_status_2() {
    for wrong in [
        &[][..],
        &["x", "--protocol", "p3"],
        &["x", "--experiment", "stat"],
        &["x", "--corner", "320"],
        &["x", "--corner", "320x240"],
        &["x", "--experiment", "state", "--long-frames", "9"],
        &["x", "--experiment", "long", "--plugin-path", "y"],
        &["x", "--figure", "one:0"],
        &["x", "--figure", "one", "--out", "y"],
        &["x", "--device", "gpu"],
        &["x", "--frames", "0"],
    ] {
        let (status, output, errors) = evaluate(wrong);
        assert_eq!((status, output.as_str()), (2, ""), "{wrong:?}: {errors}");
        assert!(
            errors.contains("Usage") || errors.contains("--help"),
            "{errors}"
        );
    }
}

#[test]
fn a_pipeline_without_gstreamer_or_element_is_refused_at_once() {
    let (data, nothing) = (data(), tempfile::tempdir().expect("a folder"));
    let mut command = Command::new(program());
    let (status, _, errors) = called(
        command
            .args([path(data.path()), "--gst"])
            .env("PATH", nothing.path()),
    );
    assert_eq!(status, 1);
    assert!(
        errors.starts_with("evaluate: experiment pipeline: gst-inspect-1.0 cannot be run"),
        "{errors}"
    );

    let mut command = Command::new(program());
    let plugins = ["--plugin-path", path(nothing.path())];
    command.args([path(data.path()), "--gst"]).args(plugins);
    for folder in [
        "GST_PLUGIN_PATH",
        "GST_PLUGIN_SYSTEM_PATH",
        "GST_PLUGIN_PATH_1_0",
        "XDG_DATA_HOME",
    ] {
        command.env(folder, nothing.path());
    }
    command.env("GST_REGISTRY", nothing.path().join("registry"));
    let (status, _, errors) = called(&mut command);
    assert!(status == 1 && errors.lines().count() == 1, "{errors}");
    let known = [
        "finds no element rirndeblur",
        "gst-inspect-1.0 cannot be run",
    ];
    assert!(known.iter().any(|part| errors.contains(part)), "{errors}");
}
