// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights on a device: what an engine computes, in which arithmetic, and that denormal numbers
//! cost nothing.

use rirn::engine::{DeviceChoice, Interrupt, Note, Precision};
use rirn::layers::Source;
use rirn::networks::{Network, Rirn, Spec, State};
use rirn::testing::{Numbers, Stub};
use rirn::weights::Weights;
use rirn::{Deblurrer, Engine, EngineConfig, Error, Frame};
use std::sync::{Arc, Mutex};
use tch::{Device, Kind, Tensor};

const SIZE: (usize, usize) = (40, 56);

fn config(precision: Precision) -> EngineConfig {
    EngineConfig {
        device: DeviceChoice::Cpu,
        precision,
        ..EngineConfig::default()
    }
}

fn lite(precision: Precision) -> Engine {
    let weights = Weights::built_in("lite").expect("lite is built in");
    Engine::open(weights, &config(precision)).expect("lite opens")
}

/// Seeded frames of smooth moving waves.
fn frames(count: usize) -> Vec<Arc<Frame>> {
    let (height, width) = SIZE;
    let mut numbers = Numbers::new(7);
    let speeds: Vec<f32> = (0..3).map(|_| 1.0 + numbers.unit()).collect();
    let frame = |t: usize| {
        let values = (0..height * width * 3).map(|index| {
            let (pixel, channel) = (index / 3, index % 3);
            let (x, y) = ((pixel % width) as f32, (pixel / width) as f32);
            let phase = (x + speeds[channel] * t as f32) / 5.0;
            0.5 + 0.4 * phase.sin() * (y / 7.0).cos()
        });
        let frame = Frame::from_data(height, width, values.collect());
        Arc::new(frame.expect("the size fits"))
    };
    (0..count).map(frame).collect()
}

fn run(engine: Engine, frames: &[Arc<Frame>]) -> Vec<Vec<f32>> {
    let mut deblurrer = Deblurrer::new(Arc::new(engine));
    let never = Interrupt::new();
    let push = |frame: &Arc<Frame>| {
        let output = deblurrer.push(Arc::clone(frame), &never).expect("a step");
        output
            .expect("no look-ahead")
            .sharp
            .expect("finite")
            .into_data()
    };
    frames.iter().map(push).collect()
}

/// Peak signal-to-noise ratio of values in [0, 1], in dB.
fn psnr(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    -10.0 * (squares.sum::<f64>() / a.len() as f64).log10()
}

#[test]
fn lite_sharpens_and_repeats_itself_bit_by_bit() {
    let frames = frames(5);
    let once = run(lite(Precision::Float32), &frames);
    assert_eq!(once, run(lite(Precision::Float32), &frames));
    for (frame, sharp) in frames.iter().zip(&once) {
        assert!(
            psnr(frame.data(), sharp) < 60.0,
            "the network changes the picture"
        );
    }
}

#[test]
fn videos_on_engines_that_share_weights_share_no_past() {
    let frames = frames(4);
    let alone = run(lite(Precision::Float32), &frames);
    let open = || Deblurrer::new(Arc::new(lite(Precision::Float32)));
    let (mut one, mut two) = (open(), open());
    let never = Interrupt::new();
    for (t, frame) in frames.iter().enumerate() {
        let push = |deblurrer: &mut Deblurrer, frame: &Arc<Frame>| {
            let output = deblurrer.push(Arc::clone(frame), &never).expect("a step");
            output.and_then(|output| output.sharp).expect("a picture")
        };
        assert_eq!(push(&mut one, frame).data(), alone[t]);
        // The other one sees the video from its end.
        push(&mut two, &frames[frames.len() - 1 - t]);
    }
}

#[test]
fn the_engine_computes_what_the_network_computes() {
    let frames = frames(4);
    let weights = Weights::built_in("lite").expect("lite is built in");
    let network = Rirn::build(weights.spec(), &mut Unchecked(&weights)).expect("it builds");
    let (height, width) = SIZE;
    let mut state = network
        .initial_state(1, height as i64, width as i64)
        .expect("zeros");
    let engine = run(lite(Precision::Float32), &frames);
    for (frame, from_engine) in frames.iter().zip(engine) {
        let planar = Tensor::from_slice(frame.data())
            .view([1, height as i64, width as i64, 3])
            .permute([0, 3, 1, 2])
            .contiguous();
        let (sharp, next) = network.step(&planar, state).expect("a step");
        state = next;
        let expected = Vec::<f32>::try_from(sharp.permute([0, 2, 3, 1]).contiguous().view(-1));
        let expected = expected.expect("floats");
        assert!(psnr(&expected, &from_engine) > 110.0);
    }
}

/// Tensors as they stand in the file.
struct Unchecked<'w>(&'w Weights);

impl Source for Unchecked<'_> {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> rirn::Result<Tensor> {
        let (shape, values) = self.0.tensor(name).expect("a tensor of lite");
        Ok(Tensor::from_slice(&values).view(shape))
    }
}

#[test]
fn bfloat16_stays_close_to_float32_and_warns_without_matrix_tiles() {
    let frames = frames(10);
    let engine = lite(Precision::Bfloat16);
    assert_eq!(engine.precision(), "bfloat16");
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let expected: &[Note] = if flags.contains("amx_bf16") {
        &[]
    } else {
        &[Note::SlowBfloat16]
    };
    assert_eq!(engine.notes(), expected);
    let exact = run(lite(Precision::Float32), &frames);
    let rounded = run(engine, &frames);
    let last = psnr(&exact[9], &rounded[9]);
    assert!(last > 45.0, "{last} dB");
}

#[test]
fn half_precision_on_the_cpu_becomes_float32_and_says_so() {
    let engine = lite(Precision::Float16);
    assert_eq!(
        (engine.precision(), engine.notes()),
        ("float32", &[Note::HalfOnCpu][..])
    );
}

#[test]
fn the_engine_says_what_it_runs_and_warms_up() {
    let engine = lite(Precision::Float32);
    assert_eq!(
        (engine.label(), engine.device().as_str()),
        ("ifi-irm-atb", "cpu")
    );
    let taken = engine
        .warm_up(SIZE.0, SIZE.1, &Interrupt::new())
        .expect("a step");
    assert!(!taken.is_zero());
    let raised = Interrupt::new();
    raised.raise(rirn::engine::STOPPING);
    assert!(matches!(
        engine.warm_up(SIZE.0, SIZE.1, &raised),
        Err(Error::Interrupted)
    ));
}

/// A source of zeros.
struct Zeros;

impl Source for Zeros {
    fn tensor(&mut self, _name: &str, shape: &[i64]) -> rirn::Result<Tensor> {
        Ok(Tensor::f_zeros(shape, (Kind::Float, Device::Cpu))?)
    }
}

#[test]
fn weights_of_zero_give_grey_or_with_skip_the_input() {
    let mut spec: Spec = "ifi-irm-atb".parse().expect("a network");
    (spec.base, spec.blocks) = (2, 1);
    for skip in [false, true] {
        spec.skip = skip;
        let made = spec;
        let engine = Engine::with_network(&config(Precision::Float32), move || {
            Ok(Box::new(Rirn::build(&made, &mut Zeros)?))
        });
        let frames = frames(2);
        let sharp = run(engine.expect("it opens"), &frames);
        for (frame, sharp) in frames.iter().zip(sharp) {
            for (input, output) in frame.data().iter().zip(sharp) {
                let expected = if skip { *input } else { 0.5 };
                assert!((output - expected).abs() <= 1e-7);
            }
        }
    }
}

/// More values than LibTorch gives to one thread, all of them denormal.
fn denormals(size: [i64; 4]) -> Tensor {
    let count = size.iter().product::<i64>() as usize;
    let tiny = vec![f32::from_bits(0x0007_ffff); count];
    Tensor::from_slice(&tiny).view(size)
}

/// How many values are not exactly zero, seen as bits so that no arithmetic flushes them.
fn nonzero(x: &Tensor) -> i64 {
    let mut values = vec![0_f32; x.numel()];
    x.contiguous().copy_data(&mut values, x.numel());
    values
        .iter()
        .filter(|value| value.to_bits() << 1 != 0)
        .count() as i64
}

#[test]
fn every_thread_of_the_worker_takes_denormals_as_zero() {
    let doubled = || denormals([1, 8, 1024, 512]).f_mul_scalar(2.0);
    // Here, outside the worker, they are numbers: the test can fail.
    assert_eq!(nonzero(&doubled().expect("a product")), 8 * 1024 * 512);
    let found = Arc::new(Mutex::new(None));
    let stub = Stub::new({
        let found = Arc::clone(&found);
        move |window, state| {
            *found.lock().expect("not poisoned") = Some(nonzero(&doubled()?));
            Ok((window.shallow_clone(), state))
        }
    });
    let engine = Engine::with_network(&config(Precision::Float32), || Ok(Box::new(stub)));
    run(engine.expect("a stub opens"), &frames(1));
    assert_eq!(*found.lock().expect("not poisoned"), Some(0));
}

#[test]
fn a_state_full_of_denormals_is_a_state_of_zeros() {
    let weights = Weights::built_in("lite").expect("lite is built in");
    let network = Rirn::build(weights.spec(), &mut Unchecked(&weights)).expect("it builds");
    let stub = Stub::new(move |window, state| {
        let (_, _, height, width) = window.size4()?;
        let zeros = network.initial_state(1, height, width)?;
        let tiny = State::new(
            zeros
                .iter()
                .map(|(name, tensor)| {
                    let (n, c, h, w) = tensor.size4().expect("a map");
                    (name, denormals([n, c, h, w]))
                })
                .collect(),
        );
        let (expected, _) = network.step(window, zeros)?;
        let (found, _) = network.step(window, tiny)?;
        Ok((found.f_sub(&expected)?, state))
    });
    let engine = Engine::with_network(&config(Precision::Float32), || Ok(Box::new(stub)));
    let differences = run(engine.expect("a stub opens"), &frames(1));
    assert!(
        differences[0]
            .iter()
            .all(|difference| difference.abs() < 1e-6)
    );
}

#[test]
fn cuda_without_a_gpu_is_refused_with_the_reason_and_auto_takes_the_cpu() {
    if std::path::Path::new("/dev/nvidia0").exists() {
        return;
    }
    let open = |device| {
        let weights = Weights::built_in("lite").expect("lite is built in");
        let wish = EngineConfig {
            device,
            ..config(Precision::Auto)
        };
        Engine::open(weights, &wish)
    };
    let error = open(DeviceChoice::Cuda(3)).err().expect("there is no GPU");
    assert!(
        error
            .to_string()
            .starts_with("CUDA device 3 was asked for, but "),
        "{error}"
    );
    let engine = open(DeviceChoice::Auto).expect("the CPU is there");
    assert_eq!(engine.device(), "cpu");
    assert!(
        matches!(engine.notes(), [Note::CudaAbsent(_)]),
        "{:?}",
        engine.notes()
    );
}

#[test]
fn a_file_that_does_not_fit_opens_no_engine() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/refused/tensor-missing.safetensors"
    );
    let weights = Weights::open(path.as_ref()).expect("a sound header");
    let error = Engine::open(weights, &config(Precision::Float32)).err();
    assert!(matches!(error, Some(Error::Weights(_))), "{error:?}");
}
