// SPDX-License-Identifier: MIT OR Apache-2.0
//! GStreamer's own tools with the built plugin: what a user's machine does with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A plugin folder with nothing but ours in it, and the registry made from it once. It lives as
/// long as the process.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("libgstrirndeblur.so");
    std::os::unix::fs::symlink(library(), link).expect("a link to the plugin");
    stdout(&mut tool_of(
        folder.path(),
        "gst-inspect-1.0",
        &["rirndeblur"],
    ));
    folder
});

/// The plugin of the same build as the tests. It lies beside the test binary; the one a folder
/// above is only renewed by `cargo build`.
pub(crate) fn library() -> PathBuf {
    let test = std::env::current_exe().expect("the test binary");
    let library = test.with_file_name("libgstrirndeblur.so");
    assert!(library.exists(), "{library:?} was not built");
    library
}

/// A tool of GStreamer that finds the plugin by `GST_PLUGIN_PATH` alone, and ends at a warning of
/// GLib.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> Command {
    tool_of(FOLDER.path(), name, arguments)
}

fn tool_of(folder: &Path, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command
        .args(arguments)
        .env("GST_PLUGIN_PATH", folder)
        .env("GST_REGISTRY", folder.join("registry.bin"))
        .env("G_DEBUG", "fatal-warnings")
        // Tests run side by side: more threads than cores make LibTorch many times slower.
        .env("OMP_NUM_THREADS", "1")
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("GST_PLUGIN_PATH_1_0")
        .env_remove("GST_REGISTRY_1_0");
    command
}

/// `gst-launch-1.0` with this pipeline.
pub(crate) fn launch(pipeline: &str) -> Command {
    let words: Vec<_> = pipeline.split_whitespace().collect();
    tool("gst-launch-1.0", &words)
}

/// Runs to the end and gives what was printed.
#[track_caller]
pub(crate) fn stdout(command: &mut Command) -> String {
    run(command).0
}

/// Runs to the end and gives the text of the error channel.
#[track_caller]
pub(crate) fn stderr(command: &mut Command) -> String {
    run(command).1
}

#[track_caller]
fn run(command: &mut Command) -> (String, String) {
    let output = command.output().expect("the tool is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let fine = output.status.success();
    assert!(fine, "{command:?}: {}\n{stdout}\n{stderr}", output.status);
    (stdout, stderr)
}
