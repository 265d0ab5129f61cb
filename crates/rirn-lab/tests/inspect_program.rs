// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs `inspect` and `average_weights` as a user calls them. Cargo builds them together with
//! this crate's tests.

mod files;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use files::data;
use rirn::weights::Weights;
use rirn_lab::inspect::Card;

/// A program, which lies beside the folder of this test program.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its path");
    let profile = own.ancestors().nth(2).expect("target/debug/deps/…");
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "no {}: run cargo test -p rirn-lab",
        program.display()
    );
    program
}

/// Exit status, standard output and error output, on a machine without installed weights.
fn inspect<S: AsRef<OsStr>>(arguments: &[S]) -> (i32, String, String) {
    inspect_with("/nonexistent".as_ref(), arguments)
}

/// The same with this data folder.
fn inspect_with<S: AsRef<OsStr>>(data: &Path, arguments: &[S]) -> (i32, String, String) {
    called("inspect", data, arguments)
}

fn called<S: AsRef<OsStr>>(name: &str, data: &Path, arguments: &[S]) -> (i32, String, String) {
    let output = Command::new(program(name))
        .args(arguments)
        .env("XDG_DATA_HOME", data)
        .env("XDG_DATA_DIRS", "/nonexistent")
        .output()
        .expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let status = output.status.code().expect("it was not killed");
    (status, text(output.stdout), text(output.stderr))
}

#[test]
fn a_built_in_name_and_a_file_are_printed() {
    let lite = Card::built_in("lite").expect("lite");
    assert_eq!(inspect(&["lite"]), (0, lite.to_string(), String::new()));
    let path = data("../../models/lite.safetensors");
    let (status, output, errors) = inspect(&[path.as_os_str(), "--layers".as_ref()]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(
        output.contains("206,339") && output.ends_with(&lite.layer_table()),
        "{output}"
    );
}

#[test]
fn installed_weights_are_found_by_their_name_where_the_element_finds_them() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("rirndeblur/models");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("mine.safetensors");
    files::write(&file, &files::small(), &BTreeMap::new());
    let card = Card::open(&file).expect("a weights file").to_string();
    let found = inspect_with(data.path(), &["mine"]);
    assert_eq!(found, (0, card, String::new()));
}

#[test]
fn one_refused_file_gives_status_1_and_keeps_no_other_from_being_printed() {
    let bad = data("refused/value-nan.safetensors");
    let arguments = [
        OsStr::new("lite"),
        bad.as_os_str(),
        OsStr::new("lit"),
        OsStr::new("lite"),
    ];
    let (status, output, errors) = inspect(&arguments);
    let lite = Card::built_in("lite").expect("lite");
    assert_eq!((status, output), (1, format!("{lite}\n{lite}")));
    let lines: Vec<&str> = errors.lines().collect();
    let [nan, unknown] = lines[..] else {
        panic!("two sentences, not {errors}")
    };
    assert!(
        nan.starts_with("inspect: ") && nan.ends_with("holds NaN or infinity"),
        "{nan}"
    );
    assert_eq!(
        unknown,
        "inspect: lit: there is no such file, and weights by name are only: lite, standard"
    );
}

#[test]
fn json_is_one_list_of_the_files_that_were_taken() {
    let bad = data("refused/value-nan.safetensors");
    let (status, output, _) = inspect(&[OsStr::new("--json"), bad.as_os_str(), OsStr::new("lite")]);
    let value: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((status, value.as_array().map(Vec::len)), (1, Some(1)));
    assert_eq!(value[0]["parameters"], 206_339);
    assert_eq!(value[0].get("layers"), None);
    let (_, output, _) = inspect(&["lite", "--json", "--layers"]);
    let value: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!(value[0]["layers"].as_array().map(Vec::len), Some(35));
    let (status, output, _) = inspect(&[OsStr::new("--json"), bad.as_os_str()]);
    assert_eq!((status, output.as_str()), (1, "[]\n"));
}

#[test]
fn names_of_files_and_notes_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a\u{1b}[2J.safetensors");
    let notes = BTreeMap::from([("by".to_owned(), "\u{1b}]0;x\u{7}\u{202e}".to_owned())]);
    files::write(&path, &files::small(), &notes);
    let missing = folder.path().join("b\u{1b}[2J\u{9b}");
    for option in ["--layers", "--json"] {
        let (status, output, errors) =
            inspect(&[path.as_os_str(), missing.as_os_str(), OsStr::new(option)]);
        assert_eq!(status, 1);
        for text in [output, errors] {
            let raw = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.is_empty() && !text.contains(raw), "{text:?}");
        }
    }
}

#[test]
fn without_a_file_it_says_how_it_is_called() {
    let (status, output, errors) = inspect::<&str>(&[]);
    assert_eq!((status, output.as_str()), (2, ""));
    assert!(
        errors.contains("Usage: inspect") && errors.contains("<FILE>"),
        "{errors}"
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let mut child = Command::new(program("inspect"))
        .args(["lite", "--layers"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn the_mean_of_weights_is_written_and_other_networks_are_refused() {
    let average =
        |arguments: &[&OsStr]| called("average_weights", "/nonexistent".as_ref(), arguments);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("mean.safetensors");
    let arguments = ["lite", "lite", "--out"].map(OsStr::new);
    let arguments = [&arguments[..], &[out.as_os_str()]].concat();
    assert_eq!(average(&arguments), (0, String::new(), String::new()));
    let lite = Weights::built_in("lite").expect("lite");
    let mean = Weights::open(&out).expect("a weights file");
    assert!(mean.has_equal_tensors(&lite) && mean.spec() == lite.spec());
    assert_eq!(mean.notes()["mean_of"], "2");
    let before = std::fs::read(&out).expect("the file");
    for (words, said) in [
        (
            ["lite", "standard"],
            "base 20, blocks 6, skip, irm_relu, but lite has ifi-irm-atb, base 8",
        ),
        (["lite", "nowhere.safetensors"], "nowhere.safetensors"),
    ] {
        let words = [words[0], words[1], "--out"].map(OsStr::new);
        let (status, _, errors) = average(&[&words[..], &[out.as_os_str()]].concat());
        assert!(status == 1 && errors.contains(said), "{errors}");
    }
    let onto_itself = [
        OsStr::new("lite"),
        out.as_os_str(),
        OsStr::new("--out"),
        out.as_os_str(),
    ];
    let (status, _, errors) = average(&onto_itself);
    assert!(
        status == 1 && errors.contains("mean.safetensors would be overwritten"),
        "{errors}"
    );
    assert_eq!(std::fs::read(&out).expect("the file"), before);
}

#[test]
fn a_checkpoint_is_not_overwritten_by_what_is_made_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint.safetensors");
    std::fs::write(&file, b"the only copy").expect("a file");
    let link = folder.path().join("link.safetensors");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    for out in [&file, &link] {
        let map = ["--map", "estrnn-strcnn"].map(OsStr::new);
        let arguments = [&[file.as_os_str(), out.as_os_str()][..], &map[..]].concat();
        let (status, _, errors) = called("convert_weights", folder.path(), &arguments);
        assert!(
            status == 1 && errors.contains("would be overwritten"),
            "{errors}"
        );
    }
    assert_eq!(std::fs::read(&file).expect("the file"), b"the only copy");
}
