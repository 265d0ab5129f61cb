// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built library as GStreamer's tools see it, and the pipelines that must run with each format
//! as they are printed.

use crate::harness::refused;
use crate::launch::{launch, library, stderr, stdout, tool};
use rirn::pixel::PixelFormat;

#[test]
fn the_library_needs_no_part_of_libtorch_that_a_cpu_build_lacks_and_finds_the_rest() {
    let mut readelf = tool("readelf", &["-d", &library().to_string_lossy()]);
    let section = stdout(&mut readelf);
    let needed: Vec<_> = section
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .collect();
    assert!(
        needed.iter().any(|line| line.contains("[libtorch_cpu.so]")),
        "{section}"
    );
    for absent in [
        "[libtorch.so]",
        "[libtorch_cuda.so]",
        "[libc10_cuda.so]",
        "libcuda",
    ] {
        assert!(
            !needed.iter().any(|line| line.contains(absent)),
            "{section}"
        );
    }
    assert!(
        section.contains("(RUNPATH)") && !section.contains("(RPATH)"),
        "{section}"
    );
}

#[test]
fn inspect_finds_the_element_by_the_plugin_path_alone() {
    let text = stdout(&mut tool("gst-inspect-1.0", &["rirndeblur"]));
    for wanted in [
        "Filter/Effect/Video",
        "none (0)",
        "MIT/X11",
        "model-file",
        "\"reset\"",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
}

#[test]
fn the_plugin_is_not_on_the_black_list() {
    stdout(&mut tool("gst-inspect-1.0", &["rirndeblur"]));
    let text = stdout(&mut tool("gst-inspect-1.0", &["-b"]));
    assert!(!text.contains("rirndeblur"), "{text}");
}

/// Status 0 and no word of a warning.
#[track_caller]
fn assert_runs(pipeline: &str) {
    let text = stderr(&mut launch(pipeline));
    for word in ["WARN", "CRITICAL", "ERROR"] {
        assert!(!text.contains(word), "{pipeline}\n{text}");
    }
}

#[test]
fn the_default_pipeline_runs() {
    assert_runs(
        "videotestsrc num-buffers=60 ! videoconvert ! rirndeblur ! videoconvert ! fakesink",
    );
}

#[test]
fn the_default_pipeline_runs_live() {
    assert_runs(
        "videotestsrc num-buffers=60 is-live=true ! videoconvert ! rirndeblur ! videoconvert ! \
         fakesink",
    );
}

/// One process for the three sizes of some formats, as most of its time goes into its start: their elements
/// share the worker.
fn assert_every_format_runs(source: &str) {
    let weights = refused("good.safetensors");
    let branch = |format: &PixelFormat, (width, height, count): (u32, u32, u32)| {
        format!(
            "videotestsrc num-buffers={count} {source} ! \
             video/x-raw,format={format},width={width},height={height} ! \
             rirndeblur model-file={weights} ! fakesink "
        )
    };
    let sizes = [(33, 17, 10), (641, 359, 4), (1280, 720, 2)];
    for formats in PixelFormat::ALL.chunks(8) {
        let branches = formats.iter().map(|f| sizes.map(|size| branch(f, size)));
        assert_runs(&branches.flatten().collect::<String>());
    }
}

#[test]
fn every_format_runs_in_every_size() {
    assert_every_format_runs("");
}

#[test]
fn every_format_runs_live_in_every_size() {
    assert_every_format_runs("is-live=true");
}
