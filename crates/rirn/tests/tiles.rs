// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames in tiles against whole frames: the same picture, and no seam.

use rirn::engine::{DeviceChoice, FLUSHING, Interrupt, Precision, Tiles};
use rirn::layers::Source;
use rirn::networks::{Network, Rirn, Spec};
use rirn::testing::{Numbers, Stub, random_weights};
use rirn::weights::Weights;
use rirn::{Deblurrer, Engine, EngineConfig, Error, Frame};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tch::Tensor;

const SIZE: (usize, usize) = (150, 256);

/// One code of an 8-bit picture.
const CODE: f32 = 1.0 / 255.0;

fn config(size: usize, overlap: usize) -> EngineConfig {
    EngineConfig {
        device: DeviceChoice::Cpu,
        precision: Precision::Float32,
        tiles: Tiles {
            size,
            overlap,
            ..Tiles::default()
        },
        ..EngineConfig::default()
    }
}

fn lite(size: usize, overlap: usize) -> Deblurrer {
    let weights = Weights::built_in("lite").expect("lite is built in");
    let engine = Engine::open(weights, &config(size, overlap));
    Deblurrer::new(Arc::new(engine.expect("lite opens")))
}

fn stub(size: usize, make: impl FnOnce() -> Stub + Send + 'static) -> Deblurrer {
    let engine = Engine::with_network(&config(size, 32), || {
        Ok(Box::new(make()) as Box<dyn Network>)
    });
    Deblurrer::new(Arc::new(engine.expect("a stub opens")))
}

/// Frames of waves of many lengths that move, as a camera sees them that shakes.
fn frames(count: usize) -> Vec<Arc<Frame>> {
    let (height, width) = SIZE;
    let mut numbers = Numbers::new(11);
    let waves: Vec<[f32; 5]> = (0..12)
        .map(|_| std::array::from_fn(|_| numbers.unit()))
        .collect();
    let frame = |t: usize| {
        let values = (0..height * width * 3).map(|index| {
            let (pixel, channel) = (index / 3, index % 3);
            let (x, y) = (
                (pixel % width) as f32 + 2.0 * t as f32,
                (pixel / width) as f32,
            );
            let wave = |[a, b, c, phase, height]: &[f32; 5]| {
                let angle =
                    0.6 * (x * (a - 0.5) + y * (b - 0.5)) + 6.0 * phase + c * channel as f32;
                height * angle.sin()
            };
            0.5 + 0.04 * waves.iter().map(wave).sum::<f32>()
        });
        Arc::new(Frame::from_data(height, width, values.collect()).expect("the size fits"))
    };
    (0..count).map(frame).collect()
}

/// All pictures, with the future of the last ones repeated.
fn run(deblurrer: &mut Deblurrer, frames: &[Arc<Frame>]) -> Vec<Vec<f32>> {
    let never = Interrupt::new();
    let mut all = Vec::new();
    let mut keep = |output: rirn::engine::Output| {
        assert!(output.notes.is_empty(), "{:?}", output.notes);
        all.push(output.sharp.expect("a finite picture").into_data());
    };
    for frame in frames {
        let output = deblurrer.push(Arc::clone(frame), &never);
        output.expect("a step").into_iter().for_each(&mut keep);
    }
    while let Some(output) = deblurrer.drain(&never).expect("a step") {
        keep(output);
    }
    assert_eq!(all.len(), frames.len());
    all
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Differences between two pictures, or between their neighbouring columns, at these columns.
fn at<'a>(
    picture: &'a [f32],
    columns: impl Fn(usize) -> bool + 'a,
) -> impl Iterator<Item = f32> + 'a {
    let of = |index: usize| index / 3 % SIZE.1;
    picture
        .iter()
        .enumerate()
        .filter(move |(index, _)| columns(of(*index)))
        .map(|(_, value)| *value)
}

/// What each value is more than its left neighbour; nothing in the first column.
fn jumps(picture: &[f32]) -> Vec<f32> {
    let jump = |index: usize| match index / 3 % SIZE.1 {
        0 => 0.0,
        _ => picture[index] - picture[index - 3],
    };
    (0..picture.len()).map(jump).collect()
}

#[test]
fn tiles_give_the_whole_frame_and_no_seam() {
    let frames = frames(8);
    let whole = run(&mut lite(0, 32), &frames);
    let mut tiled = lite(160, 32);
    let soft = run(&mut tiled, &frames);
    assert_eq!((tiled.tile_size(), tiled.tiles()), (160, 2));
    // Two tiles of 144 columns, 0 to 143 and 112 to 255.
    let seam = |column: usize| (112..144).contains(&column);
    let hard = run(&mut lite(160, 0), &frames);
    for t in 0..frames.len() {
        let off = |picture: &[f32]| -> Vec<f32> {
            picture.iter().zip(&whole[t]).map(|(a, b)| a - b).collect()
        };
        let apart = off(&soft[t]);
        let away = |column: usize| !(96..160).contains(&column);
        let far = largest(at(&apart, away));
        assert!(far < CODE, "frame {t}: {far} away from the seam");
        // No jump that the whole frame has not, neither in the picture nor in what is wrong.
        let step = largest(at(&jumps(&apart), seam));
        assert!(step < 2.0 * CODE, "frame {t}: a step of {step}");
        let across = largest(at(&jumps(&soft[t]), seam));
        let inside = largest(at(&jumps(&soft[t]), |column| !seam(column)));
        assert!(
            across <= inside,
            "frame {t}: {across} across, {inside} inside"
        );
        // Without an overlap there is a seam: the test can see one.
        let cut = largest(at(&jumps(&off(&hard[t])), |column| column == 128));
        assert!(
            cut > 3.0 * step,
            "frame {t}: {cut} without overlap, {step} with"
        );
    }
}

#[test]
fn tiles_larger_than_the_frame_are_the_whole_frame_bit_by_bit() {
    let frames = frames(3);
    let whole = run(&mut lite(0, 32), &frames);
    let mut large = lite(256, 32);
    assert_eq!(run(&mut large, &frames), whole);
    assert_eq!((large.tile_size(), large.tiles()), (0, 1));
    // And both are what the network gives by itself.
    let weights = Weights::built_in("lite").expect("lite is built in");
    let mut source = Tensors(HashMap::new());
    for (name, _) in weights.shapes() {
        let (shape, values) = weights.tensor(name).expect("a tensor");
        source.0.insert(name.to_owned(), (shape.to_vec(), values));
    }
    let network = Rirn::build(weights.spec(), &mut source).expect("it builds");
    let (height, width) = (SIZE.0 as i64, SIZE.1 as i64);
    let mut state = network.initial_state(1, height, width).expect("zeros");
    for (frame, sharp) in frames.iter().zip(&whole) {
        let window = Tensor::from_slice(frame.data()).view([1, height, width, 3]);
        let (picture, next) =
            tch::no_grad(|| network.step(&window.permute([0, 3, 1, 2]), state)).expect("a step");
        let values = picture.permute([0, 2, 3, 1]).contiguous().view(-1);
        assert_eq!(&Vec::<f32>::try_from(values).expect("floats"), sharp);
        state = next;
    }
}

/// Tensors by name.
struct Tensors(HashMap<String, (Vec<i64>, Vec<f32>)>);

impl Source for Tensors {
    fn tensor(&mut self, name: &str, _shape: &[i64]) -> rirn::Result<Tensor> {
        let (shape, values) = &self.0[name];
        Ok(Tensor::from_slice(values).view(&shape[..]))
    }
}

#[test]
fn a_network_that_looks_ahead_sees_its_window_in_every_tile() {
    let frames = frames(6);
    let mut spec: Spec = "strcnn-irm-atb".parse().expect("a network");
    (spec.base, spec.blocks, spec.skip) = (4, 1, true);
    let open = |size: usize| {
        let tensors = random_weights(&spec, 5).expect("strcnn is built in");
        let tensors = tensors
            .into_iter()
            .map(|(name, shape, values)| (name, (shape, values)));
        let mut source = Tensors(tensors.collect());
        let engine = Engine::with_network(&config(size, 32), move || {
            Ok(Box::new(Rirn::build(&spec, &mut source)?))
        });
        Deblurrer::new(Arc::new(engine.expect("it opens")))
    };
    let whole = run(&mut open(0), &frames);
    let mut deblurrer = open(160);
    assert_eq!(deblurrer.delay(), 2);
    let tiled = run(&mut deblurrer, &frames);
    assert_eq!(deblurrer.tiles(), 2);
    for (t, (whole, tiled)) in whole.iter().zip(&tiled).enumerate() {
        let apart: Vec<_> = whole.iter().zip(tiled).map(|(a, b)| a - b).collect();
        let far = largest(at(&apart, |column| !(96..160).contains(&column)));
        // 0.5 is the mean magnitude of the picture itself: another window would be far off.
        assert!(far < 0.01, "frame {t}: {far}");
    }
}

#[test]
fn every_tile_has_its_own_past() {
    let frames = frames(5);
    let whole = run(&mut stub(0, Stub::mean_of_all), &frames);
    let mut deblurrer = stub(64, Stub::mean_of_all);
    let tiled = run(&mut deblurrer, &frames);
    assert!(deblurrer.tiles() > 10);
    for (whole, tiled) in whole.iter().zip(&tiled) {
        // The network works pixel by pixel: nothing but the sum of the shares may differ.
        let apart = whole.iter().zip(tiled).map(|(a, b)| a - b);
        assert!(largest(apart) < 1e-5);
    }
}

#[test]
fn an_interrupt_is_seen_between_two_tiles() {
    let steps = Arc::new(AtomicUsize::new(0));
    let (begun, begins) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let mut deblurrer = stub(160, {
        let steps = Arc::clone(&steps);
        move || {
            Stub::new(move |window, state| {
                steps.fetch_add(1, Ordering::Relaxed);
                begun.send(()).expect("the test listens");
                let released = released.lock().expect("not poisoned");
                released.recv().expect("the test lets go");
                Ok((window.shallow_clone(), state))
            })
        }
    });
    let pending = deblurrer.engine().pending();
    let interrupt = Interrupt::new();
    let waiting = std::thread::spawn({
        let interrupt = interrupt.clone();
        move || {
            deblurrer
                .push(Arc::clone(&frames(1)[0]), &interrupt)
                .map(|_| ())
        }
    });
    begins.recv().expect("the step has begun");
    interrupt.raise(FLUSHING);
    let result = waiting.join().expect("the waiting thread ends");
    assert!(matches!(result, Err(Error::Interrupted)));
    // Enough for both tiles: only the flag keeps the second from being computed.
    release.send(()).expect("the first tile ends");
    // Nobody listens any more where the job, and the network with it, is gone already.
    let _unheard = release.send(());
    pending.settle(Duration::from_secs(60));
    assert_eq!(steps.load(Ordering::Relaxed), 1);
}

#[test]
fn a_limit_of_memory_chooses_the_largest_tile_that_fits() {
    let open = |memory_limit| {
        let mut config = config(0, 32);
        config.tiles.memory_limit = memory_limit;
        let engine = Engine::with_network(&config, || {
            let spec: Spec = "ifi-irm-atb".parse()?;
            let tensors = random_weights(&spec, 5)?.into_iter();
            let tensors = tensors.map(|(name, shape, values)| (name, (shape, values)));
            Ok(Box::new(Rirn::build(
                &spec,
                &mut Tensors(tensors.collect()),
            )?))
        });
        let mut deblurrer = Deblurrer::new(Arc::new(engine.expect("it opens")));
        let warm = deblurrer.warm_up(SIZE.0, SIZE.1, &Interrupt::new());
        // A limit is a wish and no mishap.
        assert!(warm.expect("two steps").notes.is_empty());
        deblurrer
    };
    let free = open(0);
    let whole = free.engine().memory_estimate(SIZE.0, SIZE.1);
    assert_eq!((free.tile_size(), free.memory_bytes()), (0, whole));
    assert_eq!(open(whole).tile_size(), 0);
    let bound = open(whole - 1);
    assert!(bound.tile_size() > 64 && bound.tile_size() % 64 == 0);
    assert!(bound.memory_bytes() < whole);
    // As good as it gets.
    assert_eq!(open(1).tile_size(), 64);
}
