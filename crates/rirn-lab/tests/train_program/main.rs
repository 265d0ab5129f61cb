// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs `train` and `ablation` as a user calls them. Cargo builds them together with this
//! crate's tests.

mod ablation;
#[path = "../sequences/mod.rs"]
mod sequences;

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::TempDir;

/// A program, which lies beside the folder of this test program.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its path");
    let profile = own.ancestors().nth(2).expect("target/debug/deps/…");
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    let place = program.display();
    assert!(program.is_file(), "no {place}: run cargo test -p rirn-lab");
    program
}

/// What every recipe here has: small clips of small pairs, one thread.
const PARTS: &str = "steps = 30\n\
    [data]\npairs = [\"pairs\"]\njpeg = 0.0\nh264 = 0.0\n\
    [clips]\nbatch = 2\nring = 8\nrenew = 2\nevery = 4\n\
    [[stage]]\nuntil = 0.5\nframes = 2\ncrop = 16\n\
    [[stage]]\nuntil = 1.0\nframes = 3\ncrop = 16\nold = 2\n\
    [run]\ndevice = \"cpu\"\nprecision = \"float32\"\nthreads = 1\nlog-every = 1\nsave-every = 5\n";

const NETWORK: &str =
    "[network]\ncell = \"ifi\"\nbase = 2\nblocks = 1\nhidden = \"irm\"\nfeature = \"atb\"\n";

/// A folder with `pairs/` of two sequences and a recipe.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["one", "two"] {
        sequences::write(&folder.path().join("pairs"), name, 4, (32, 24));
    }
    let recipe = format!("name = \"small\"\n{PARTS}{NETWORK}");
    fs::write(folder.path().join("recipe.toml"), recipe).expect("a recipe");
    folder
}

fn train(folder: &Path, out: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program("train"));
    command
        .arg(folder.join("recipe.toml"))
        .arg("--data")
        .arg(folder);
    command.arg("--out").arg(folder.join(out)).args(more);
    command
}

/// Exit status, standard output and error output.
fn called(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let status = output.status.code().expect("it was not killed");
    (status, text(output.stdout), text(output.stderr))
}

/// The one sentence of a failure.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let (status, output, errors) = called(command);
    assert_eq!((status, output.as_str()), (1, ""), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors.trim_end().to_owned()
}

/// Losses of all steps in the log, in order.
fn losses(out: &Path) -> Vec<(u64, f64)> {
    let log = fs::read_to_string(out.join("log.jsonl")).expect("a log");
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        (
            line["step"].as_u64().expect("a step"),
            line["loss"].as_f64().expect("a loss"),
        )
    };
    log.lines().map(line).collect()
}

#[test]
fn killed_and_called_again_it_makes_the_losses_and_weights_of_an_unbroken_run() {
    let folder = folder();
    let (status, _, errors) = called(&mut train(folder.path(), "whole", &[]));
    assert_eq!(status, 0, "{errors}");
    let (mut child, _errors) = at_step_13(&mut train(folder.path(), "killed", &[]));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let (status, _, errors) = called(&mut train(folder.path(), "killed", &[]));
    assert_eq!(status, 0, "{errors}");
    assert!(
        errors.contains("begins at step 10") || errors.contains("begins at step 15"),
        "{errors}"
    );
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert_eq!(losses(&whole), losses(&killed));
    assert_eq!(losses(&whole).len(), 30);
    let weights = |out: &Path| fs::read(out.join("weights.safetensors")).expect("weights");
    assert_eq!(weights(&whole), weights(&killed));
}

/// A run that has told of its step 13, and the rest of its error output.
fn at_step_13(command: &mut Command) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let found = lines.find(|line| line.as_ref().expect("UTF-8").starts_with("step 13:"));
    assert!(found.is_some(), "it did not come to step 13");
    (child, lines)
}

#[cfg(unix)]
#[test]
fn a_request_to_stop_saves_first() {
    let folder = folder();
    // Far more steps than the request leaves time for.
    let long = ["--steps", "1000000"];
    let (mut child, errors) = at_step_13(&mut train(folder.path(), "out", &long));
    let request = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(request.expect("kill is there").success());
    let last = errors.last().expect("a last line").expect("UTF-8");
    assert!(child.wait().expect("it ends").success(), "{last}");
    let step = last.strip_prefix("stopped at step ").expect("it says so");
    let step = step.split(',').next().expect("a number").to_owned();
    let (_, _, errors) = called(&mut train(
        folder.path(),
        "out",
        &["--steps", "1000000", "--minutes", "0"],
    ));
    assert!(
        errors.contains(&format!("begins at step {step};")),
        "{step}: {errors}"
    );
}

#[test]
fn a_limit_of_time_saves_and_only_the_number_of_steps_may_change() {
    let folder = folder();
    let (status, _, errors) = called(&mut train(folder.path(), "out", &["--minutes", "0"]));
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("stopped at step 0, 30 to go"), "{errors}");
    assert!(folder.path().join("out/checkpoint.safetensors").is_file());
    let (_, _, errors) = called(&mut train(folder.path(), "out", &[]));
    assert!(errors.contains("done: "), "{errors}");
    let (status, _, errors) = called(&mut train(folder.path(), "out", &["--steps", "33"]));
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("begins at step 30"), "{errors}");
    let other = refused(&mut train(
        folder.path(),
        "out",
        &["--set", "optimiser.rate=1e-4"],
    ));
    assert!(other.contains("\"optimiser\" differs"), "{other}");
}

#[test]
fn a_limit_of_time_is_a_number_that_a_clock_can_count() {
    let folder = folder();
    for wrong in ["inf", "nan", "-1", "1e300", "ten"] {
        let minutes = format!("--minutes={wrong}");
        let (status, _, errors) = called(&mut train(folder.path(), "out", &[&minutes]));
        assert!(
            status == 2 && errors.contains("expected minutes, 0 or more"),
            "{errors}"
        );
    }
}

#[test]
fn bad_material_is_named_before_training_starts() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let pairs = path("pairs");
    fs::remove_file(pairs.join("one/sharp/000050.png")).expect("it is there");
    let message = refused(&mut train(folder.path(), "out", &[]));
    assert!(
        message.contains("one") && message.contains('3') && message.contains('4'),
        "{message}"
    );
    fs::write(pairs.join("one/sharp/000050.png"), b"no picture").expect("a file");
    let message = refused(&mut train(folder.path(), "out", &[]));
    assert!(message.contains("000050.png"), "{message}");
    sequences::picture((16, 16), 0, true)
        .save(pairs.join("one/sharp/000050.png"))
        .expect("a file");
    let message = refused(&mut train(folder.path(), "out", &[]));
    assert!(
        message.contains("000050.png") && message.contains("16"),
        "{message}"
    );
    fs::remove_dir_all(pairs.join("one")).expect("it is there");
    let message = refused(&mut train(
        folder.path(),
        "out",
        &["--set", "data.pairs=[\"none\"]"],
    ));
    assert!(message.contains("none"), "{message}");
    let message = refused(&mut train(
        folder.path(),
        "out",
        &["--start", "nothing.safetensors"],
    ));
    assert!(message.contains("nothing.safetensors"), "{message}");
    fs::create_dir(path("empty")).expect("a folder");
    let message = refused(&mut train(
        folder.path(),
        "out",
        &["--set", "data.pairs=[\"empty\"]"],
    ));
    assert!(message.contains("empty"), "{message}");
    assert!(!path("out").exists(), "nothing was begun");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint_as_it_was() {
    let folder = folder();
    let (status, _, errors) = called(&mut train(folder.path(), "out", &["--minutes", "0"]));
    assert_eq!(status, 0, "{errors}");
    let file = folder.path().join("out/checkpoint.safetensors");
    let before = fs::read(&file).expect("a checkpoint");
    // Files may grow to 8 blocks of 1 KiB only, and the signal for it is ignored: writing fails.
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "bash"]);
    let training = train(folder.path(), "out", &[]);
    shell.arg(training.get_program()).args(training.get_args());
    let (status, _, errors) = called(&mut shell);
    assert_eq!(status, 1, "{errors}");
    assert!(
        errors.contains("checkpoint.safetensors could not be written"),
        "{errors}"
    );
    assert_eq!(fs::read(&file).expect("a checkpoint"), before);
    let left: Vec<_> = fs::read_dir(folder.path().join("out"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
    let (status, _, errors) = called(&mut train(folder.path(), "out", &[]));
    assert_eq!(status, 0, "{errors}");
}

#[test]
fn a_run_of_so_much_time_ends_with_it_and_is_over() {
    let folder = folder();
    let time = ["--seconds", "0.5", "--steps", "1000000"];
    let (status, _, errors) = called(&mut train(folder.path(), "out", &time));
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("done: "), "{errors}");
    let made = losses(&folder.path().join("out")).len();
    let (status, _, errors) = called(&mut train(folder.path(), "out", &time));
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains(&format!("begins at step {made}")) && errors.contains("done: "));
    assert_eq!(losses(&folder.path().join("out")).len(), made);
    let longer = ["--seconds", "1.0", "--steps", "1000000"];
    let (status, _, errors) = called(&mut train(folder.path(), "out", &longer));
    assert_eq!(status, 0, "{errors}");
    assert!(losses(&folder.path().join("out")).len() > made);
}

#[test]
fn a_preview_is_a_picture() {
    let folder = folder();
    let sheet = folder.path().join("sheet.png");
    let mut command = Command::new(program("train"));
    command
        .arg(folder.path().join("recipe.toml"))
        .arg("--data")
        .arg(folder.path());
    let recipe = ["--set", "data.identity=0.0"];
    let (status, _, errors) = called(command.args(recipe).arg("--preview").arg(&sheet));
    assert_eq!(status, 0, "{errors}");
    let sheet = image::open(&sheet).expect("a picture").to_rgb8();
    assert!(sheet.width() >= 3 * 16 && sheet.height() >= 8 * 16);
}
