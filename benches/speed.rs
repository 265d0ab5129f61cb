// SPDX-License-Identifier: MIT OR Apache-2.0
//! Milliseconds a frame: the engine alone, and the element in a pipeline that gives it I420.
//!
//! `cargo bench --bench speed` prints a Markdown table. Both are measured in turns within one
//! process, so that their ratio holds on a busy machine; smallest and middle time are given. The
//! element's time runs from the arrival of a buffer at its sink pad to its departure from the src
//! pad, pixel conversion included.

#![allow(clippy::print_stdout, reason = "a bench tells its figures")]

use gst::prelude::*;
use rirn::networks::Spec;
use rirn::testing::{Numbers, random_weights};
use rirn::weights::{Weights, save};
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Rounds in which engine and element take turns.
const ROUNDS: usize = 3;

/// Height and width in pixels.
const SIZES: [(usize, usize); 2] = [(360, 640), (720, 1280)];

fn main() {
    gst::init().expect("GStreamer starts");
    gstrirndeblur::plugin_register_static().expect("the plugin registers");
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("| network | size | engine ms (min / median) | element ms | element / engine |");
    println!("|---|---|---|---|---|");
    for (name, file) in [
        ("lite", lite(folder.path())),
        ("paper width", paper(folder.path())),
    ] {
        for (height, width) in SIZES {
            let frames = if name == "lite" { 20 } else { 6 };
            let (mut engine, mut element) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                engine.extend(engine_times(&file, height, width, frames));
                element.extend(element_times(&file, height, width, frames));
            }
            let (engine, element) = (least_and_median(engine), least_and_median(element));
            println!(
                "| {name} | {width}x{height} | {:.1} / {:.1} | {:.1} / {:.1} | {:.2} |",
                engine.0,
                engine.1,
                element.0,
                element.1,
                element.1 / engine.1
            );
        }
    }
}

/// The shipped weights as a file.
fn lite(folder: &Path) -> PathBuf {
    let file = folder.join("lite.safetensors");
    let bytes = rirn::weights::shipped("lite").expect("lite is built in");
    std::fs::write(&file, bytes).expect("the file is written");
    file
}

/// Random weights at the paper's width.
fn paper(folder: &Path) -> PathBuf {
    let mut spec: Spec = "ifi-irm-atb".parse().expect("a network");
    spec.skip = true;
    let tensors = random_weights(&spec, 1).expect("ifi is built in");
    let file = folder.join("paper.safetensors");
    save(&file, &spec, &BTreeMap::new(), &tensors).expect("the file is written");
    file
}

fn engine_times(file: &Path, height: usize, width: usize, frames: usize) -> Vec<Duration> {
    let weights = Weights::open(file).expect("the weights are sound");
    let engine = Engine::open(weights, &EngineConfig::default()).expect("the engine opens");
    let never = Interrupt::new();
    engine.warm_up(height, width, &never).expect("a step");
    let mut deblurrer = Deblurrer::new(Arc::new(engine));
    let mut numbers = Numbers::new(3);
    let values = (0..height * width * 3).map(|_| numbers.unit()).collect();
    let frame = Arc::new(Frame::from_data(height, width, values).expect("the size fits"));
    let mut step = || {
        let begin = Instant::now();
        let output = deblurrer.push(Arc::clone(&frame), &never).expect("a step");
        let taken = begin.elapsed();
        let sharp = output.expect("no look-ahead").sharp.expect("finite");
        deblurrer.recycle(sharp);
        taken
    };
    (0..frames).map(|_| step()).collect()
}

fn element_times(file: &Path, height: usize, width: usize, frames: usize) -> Vec<Duration> {
    let pipeline = gst::parse::launch(&format!(
        "videotestsrc num-buffers={frames} pattern=ball ! \
         video/x-raw,format=I420,width={width},height={height} ! \
         rirndeblur name=d model-file=\"{}\" ! fakesink",
        file.display()
    ))
    .expect("the pipeline is sound")
    .downcast::<gst::Pipeline>()
    .expect("a pipeline");
    let element = pipeline.by_name("d").expect("the element");
    let begun = Arc::new(Mutex::new(Instant::now()));
    let taken = Arc::new(Mutex::new(Vec::new()));
    let begin = Arc::clone(&begun);
    probe(&element, "sink", move || {
        *begin.lock().expect("not poisoned") = Instant::now();
    });
    let times = Arc::clone(&taken);
    probe(&element, "src", move || {
        let since = begun.lock().expect("not poisoned").elapsed();
        times.lock().expect("not poisoned").push(since);
    });
    pipeline.set_state(gst::State::Playing).expect("it plays");
    let bus = pipeline.bus().expect("a bus");
    let end = bus.timed_pop_filtered(None, &[gst::MessageType::Eos, gst::MessageType::Error]);
    assert!(
        end.is_some_and(|end| end.type_() == gst::MessageType::Eos),
        "the pipeline failed"
    );
    pipeline.set_state(gst::State::Null).expect("it stops");
    std::mem::take(&mut *taken.lock().expect("not poisoned"))
}

fn probe(element: &gst::Element, pad: &str, seen: impl Fn() + Send + Sync + 'static) {
    let pad = element.static_pad(pad).expect("the pad");
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        seen();
        gst::PadProbeReturn::Ok
    });
}

/// Milliseconds.
fn least_and_median(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    (ms(times[0]), ms(times[times.len() / 2]))
}
