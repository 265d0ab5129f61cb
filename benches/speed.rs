// SPDX-License-Identifier: MIT OR Apache-2.0
//! Milliseconds a frame: the network alone, the engine with its transfers, and the element in a
//! pipeline that gives it I420; and the frames a second of that pipeline.
//!
//! `cargo bench --bench speed` prints a Markdown table. Both are measured in turns within one
//! process, so that their ratio holds on a busy machine; smallest and middle time are given. The
//! element's time runs from the arrival of a buffer at its sink pad to its departure from the src
//! pad, pixel conversion included.

#![allow(clippy::print_stdout, reason = "a bench tells its figures")]

use gst::prelude::*;
use rirn::networks::Spec;
use rirn::pixel::{Colorimetry, Matrix, Mix, Picture, PixelFormat, Range, Siting};
use rirn::testing::{Numbers, random_weights};
use rirn::weights::{Weights, save};
use rirn::{Deblurrer, Engine, EngineConfig, Interrupt};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Rounds in which engine and element take turns.
const ROUNDS: usize = 5;

/// Frames at the beginning that are not timed: they make room.
const FIRST: usize = 3;

/// Height and width in pixels, on a CPU and on a GPU.
const SIZES: [(usize, usize); 2] = [(360, 640), (720, 1280)];
const SIZES_ON_CUDA: [(usize, usize); 3] = [(720, 1280), (1080, 1920), (2160, 3840)];

fn main() {
    gst::init().expect("GStreamer starts");
    gstrirndeblur::plugin_register_static().expect("the plugin registers");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let mut networks = vec![
        ("lite", lite(folder)),
        ("paper width", random(folder, "ifi-irm-atb")),
    ];
    let device = engine(&networks[0].1).device();
    let on_cuda = device != "cpu";
    if on_cuda {
        networks.push(("RDBN, paper width", random(folder, "rdbn-irm-atb")));
    }
    println!("On {device}.\n");
    println!(
        "| network | size | network ms (min) | engine ms (min / median) | element ms | element / engine | frames a second |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, file) in &networks {
        let sizes: &[_] = if on_cuda { &SIZES_ON_CUDA } else { &SIZES };
        for (height, width) in sizes {
            let frames = match (on_cuda, *name) {
                (true, _) => 40,
                (false, "lite") => 20,
                (false, _) => 6,
            };
            row(name, file, (*height, *width), frames);
        }
    }
}

/// Measures one network in one size.
fn row(name: &str, file: &Path, (height, width): (usize, usize), frames: usize) {
    let (mut engine, mut element, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        engine.extend(engine_times(file, height, width, frames));
        let (times, rate) = element_times(file, height, width, frames);
        element.extend(times);
        rates.push(rate);
    }
    let network = network_time(file, height, width);
    let (engine, element) = (least_and_median(engine), least_and_median(element));
    println!(
        "| {name} | {width}x{height} | {:.2} | {:.1} / {:.1} | {:.1} / {:.1} | {:.2} | {:.0} |",
        network.as_secs_f64() * 1000.0,
        engine.0,
        engine.1,
        element.0,
        element.1,
        element.1 / engine.1,
        rates.into_iter().fold(0.0, f64::max),
    );
}

/// The shipped weights as a file.
fn lite(folder: &Path) -> PathBuf {
    let file = folder.join("lite.safetensors");
    let bytes = rirn::weights::shipped("lite").expect("lite is built in");
    std::fs::write(&file, bytes).expect("the file is written");
    file
}

/// Random weights at the paper's width.
fn random(folder: &Path, spec: &str) -> PathBuf {
    let mut spec: Spec = spec.parse().expect("a network");
    spec.skip = true;
    let tensors = random_weights(&spec, 1).expect("the network is built in");
    let file = folder.join(format!("{spec}.safetensors"));
    save(&file, &spec, &BTreeMap::new(), &tensors).expect("the file is written");
    file
}

fn engine(file: &Path) -> Engine {
    let weights = Weights::open(file).expect("the weights are sound");
    Engine::open(weights, &EngineConfig::default()).expect("the engine opens")
}

/// The shortest step on a tensor that is on the device already.
fn network_time(file: &Path, height: usize, width: usize) -> Duration {
    let engine = engine(file);
    let step = || {
        let step = engine.warm_up(height, width, &Interrupt::new());
        step.expect("a step")
    };
    (0..6).map(|_| step()).min().unwrap_or_default()
}

/// From an I420 picture to another, as the element gives them.
fn engine_times(file: &Path, height: usize, width: usize, frames: usize) -> Vec<Duration> {
    let engine = engine(file);
    let never = Interrupt::new();
    engine.warm_up(height, width, &never).expect("a step");
    let mut deblurrer = Deblurrer::new(Arc::new(engine));
    let mut numbers = Numbers::new(3);
    let bytes: Vec<u8> = (0..height * width * 3 / 2)
        .map(|_| (numbers.bits() >> 56) as u8)
        .collect();
    let mut step = || {
        let begin = Instant::now();
        let staged = deblurrer.stage(&picture(&bytes, height, width));
        let staged = staged.expect("memory");
        let output = deblurrer.push_picture(staged, Mix::default(), &never);
        let taken = begin.elapsed();
        let output = output.expect("a step").expect("no look-ahead");
        deblurrer.recycle_picture(output.picture.expect("finite"));
        taken
    };
    (0..frames + FIRST).map(|_| step()).skip(FIRST).collect()
}

/// I420 of an even size.
fn picture(bytes: &[u8], height: usize, width: usize) -> Picture<'_> {
    let (luma, chroma) = bytes.split_at(height * width);
    let (u, v) = chroma.split_at(height * width / 4);
    let siting = Siting {
        h_cosited: true,
        v_cosited: false,
    };
    let colorimetry = Colorimetry {
        matrix: Matrix::Bt709,
        range: Range::Limited,
        siting,
    };
    let planes = [(luma, width), (u, width / 2), (v, width / 2)];
    Picture::new(PixelFormat::I420, width, height, colorimetry, planes).expect("a sound picture")
}

/// How long each frame was in the element, and frames a second when the source waits for nothing.
fn element_times(file: &Path, height: usize, width: usize, frames: usize) -> (Vec<Duration>, f64) {
    let pipeline = gst::parse::launch(&format!(
        "videotestsrc num-buffers={} pattern=black ! \
         video/x-raw,format=I420,width={width},height={height} ! queue max-size-buffers=4 ! \
         rirndeblur name=d model-file=\"{}\" ! fakesink",
        frames + FIRST,
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
        let now = Instant::now();
        let since = now - *begun.lock().expect("not poisoned");
        times.lock().expect("not poisoned").push((since, now));
    });
    pipeline.set_state(gst::State::Playing).expect("it plays");
    let bus = pipeline.bus().expect("a bus");
    let end = bus.timed_pop_filtered(None, &[gst::MessageType::Eos, gst::MessageType::Error]);
    assert!(
        end.is_some_and(|end| end.type_() == gst::MessageType::Eos),
        "the pipeline failed"
    );
    pipeline.set_state(gst::State::Null).expect("it stops");
    let taken = &taken.lock().expect("not poisoned")[FIRST..];
    let (first, last) = (taken[0].1, taken[taken.len() - 1].1);
    let rate = (taken.len() - 1) as f64 / (last - first).as_secs_f64();
    (taken.iter().map(|(since, _)| *since).collect(), rate)
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
