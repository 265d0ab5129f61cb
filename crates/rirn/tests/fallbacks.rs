// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that runs out and half precision that does not reach: the same frame again, another way.

use rirn::engine::{Interrupt, Output, PAUSE, Precision, StepNote, Tiles};
use rirn::networks::Network;
use rirn::testing::Stub;
use rirn::weights::Weights;
use rirn::{Deblurrer, Engine, EngineConfig, Frame};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const HEIGHT: usize = 16;
const WIDTH: usize = 1100;

/// More pixels than any frame here has.
const PLENTY: usize = 1 << 20;

fn deblurrer(make: impl FnOnce() -> Stub + Send + 'static) -> Deblurrer {
    let engine = Engine::with_network(&EngineConfig::default(), || {
        Ok(Box::new(make()) as Box<dyn Network>)
    });
    Deblurrer::new(Arc::new(engine.expect("a stub opens")))
}

/// A mean of all frames, and the number of pixels above which memory runs out.
fn hungry(limit: usize) -> (Deblurrer, Arc<AtomicUsize>) {
    let limit = Arc::new(AtomicUsize::new(limit));
    let within = Arc::clone(&limit);
    let deblurrer = deblurrer(move || Stub::mean_of_all().hungry_within(within));
    (deblurrer, limit)
}

/// A clock that a test sets.
fn with_clock(deblurrer: Deblurrer) -> (Deblurrer, impl Fn(Duration)) {
    let now = Arc::new(Mutex::new(Instant::now()));
    let clock = Arc::clone(&now);
    let deblurrer = deblurrer.with_clock(move || *clock.lock().expect("not poisoned"));
    (deblurrer, move |by| {
        *now.lock().expect("not poisoned") += by
    })
}

fn grey_of(width: usize, value: f32) -> Arc<Frame> {
    let data = vec![value; HEIGHT * width * 3];
    Arc::new(Frame::from_data(HEIGHT, width, data).expect("the size fits"))
}

fn push_of(deblurrer: &mut Deblurrer, width: usize, value: f32) -> Option<Output> {
    let output = deblurrer.push(grey_of(width, value), &Interrupt::new());
    output.expect("memory that runs out is no error")
}

/// The notes of a frame, and the value of the picture of one colour, if there is one.
#[track_caller]
fn told(output: Option<Output>) -> (Vec<StepNote>, Option<f32>) {
    let output = output.expect("an output");
    let value = output.sharp.map(|sharp| {
        let first = sharp.data()[0];
        let near = |value: &f32| (value - first).abs() <= 1e-5 * first.abs().max(1.0);
        assert!(sharp.data().iter().all(near));
        (first * 1e4).round() / 1e4
    });
    (output.notes, value)
}

#[track_caller]
fn push(deblurrer: &mut Deblurrer, value: f32) -> (Vec<StepNote>, Option<f32>) {
    told(push_of(deblurrer, WIDTH, value))
}

const LADDER: [StepNote; 3] = [
    StepNote::Tiled { size: 512 },
    StepNote::Tiled { size: 256 },
    StepNote::Tiled { size: 128 },
];

#[test]
fn memory_may_run_out_beside_a_number_too() {
    // The binding panics then, see `error/panicked.rs`.
    let mut deblurrer = deblurrer(|| {
        Stub::new(|window, state| {
            if window.size()[3] > 600 {
                let huge = window.f_reshape([-1, 1])?.f_narrow(0, 0, 1)?;
                let _huge = huge
                    .f_expand([1 << 24, 1 << 24], false)?
                    .f_add_scalar(1.0)?;
            }
            Ok((window.shallow_clone(), state))
        })
    });
    let tiled = vec![StepNote::Tiled { size: 512 }];
    assert_eq!(push(&mut deblurrer, 0.5), (tiled, Some(0.5)));
    assert_eq!(push(&mut deblurrer, 0.25), (vec![], Some(0.25)));
}

#[test]
fn tiles_are_halved_until_they_fit_and_stay_for_that_size() {
    let (mut deblurrer, limit) = hungry(PLENTY);
    assert_eq!(push(&mut deblurrer, 0.25), (vec![], Some(0.25)));
    assert_eq!(push(&mut deblurrer, 0.75), (vec![], Some(0.5)));
    limit.store(HEIGHT * 128, Ordering::Relaxed);
    // The past is gone, the frame is not.
    assert_eq!(push(&mut deblurrer, 1.0), (LADDER.to_vec(), Some(1.0)));
    assert_eq!(push(&mut deblurrer, 0.5), (vec![], Some(0.75)));
    assert_eq!(deblurrer.tile_size(), 128);
    assert!(deblurrer.tiles() > 8);
    deblurrer.reset();
    assert_eq!(push(&mut deblurrer, 0.5), (vec![], Some(0.5)));
    deblurrer.reset();
    let narrow = push_of(&mut deblurrer, 100, 0.5);
    assert_eq!(told(narrow), (vec![], Some(0.5)));
    assert_eq!((deblurrer.tile_size(), deblurrer.tiles()), (0, 1));
    deblurrer.reset();
    assert_eq!(push(&mut deblurrer, 0.5), (LADDER.to_vec(), Some(0.5)));
}

#[test]
fn the_report_of_libtorch_comes_with_the_note() {
    let mut deblurrer = deblurrer(|| Stub::identity().hungry(HEIGHT * 600));
    let output = push_of(&mut deblurrer, WIDTH, 0.5).expect("an output");
    assert_eq!(output.notes, [StepNote::Tiled { size: 512 }]);
    let report = output.report.expect("words");
    assert!(report.contains("can't allocate memory"), "{report}");
    assert_eq!(
        push_of(&mut deblurrer, WIDTH, 0.5)
            .expect("an output")
            .report,
        None
    );
}

#[test]
fn frames_pass_for_five_seconds_where_the_smallest_tiles_do_not_fit() {
    let (deblurrer, limit) = hungry(0);
    let (mut deblurrer, wait) = with_clock(deblurrer);
    let mut given_up = LADDER.to_vec();
    given_up.push(StepNote::Exhausted);
    let passed = (vec![StepNote::Passed], None);
    assert_eq!(push(&mut deblurrer, 0.5), (given_up.clone(), None));
    limit.store(PLENTY, Ordering::Relaxed);
    assert_eq!(push(&mut deblurrer, 0.5), passed);
    wait(PAUSE - Duration::from_millis(1));
    assert_eq!(push(&mut deblurrer, 0.5), passed);
    // A flush does not bring memory.
    deblurrer.reset();
    assert_eq!(push(&mut deblurrer, 0.5), passed);
    wait(Duration::from_millis(1));
    // Anew from the top: memory that was short for a moment does not cost tiles for ever.
    assert_eq!(push(&mut deblurrer, 0.25), (vec![], Some(0.25)));
    assert_eq!((deblurrer.tile_size(), deblurrer.tiles()), (0, 1));
    assert_eq!(push(&mut deblurrer, 0.75), (vec![], Some(0.5)));
    limit.store(0, Ordering::Relaxed);
    assert_eq!(push(&mut deblurrer, 0.5), (given_up, None));
    assert_eq!(push(&mut deblurrer, 0.5), passed);
    limit.store(PLENTY, Ordering::Relaxed);
    // Another size is tried at once.
    deblurrer.reset();
    let narrow = push_of(&mut deblurrer, 100, 0.5);
    assert_eq!(told(narrow), (vec![], Some(0.5)));
}

#[test]
fn frames_that_wait_survive_and_keep_their_order() {
    let limit = Arc::new(AtomicUsize::new(PLENTY));
    let within = Arc::clone(&limit);
    let waiting = deblurrer(move || Stub::delay(2, 2).hungry_within(within));
    let (mut deblurrer, wait) = with_clock(waiting);
    let mut found = Vec::new();
    for t in 0..12_u8 {
        match t {
            4 => limit.store(HEIGHT * 300, Ordering::Relaxed),
            6 => limit.store(0, Ordering::Relaxed),
            8 => limit.store(PLENTY, Ordering::Relaxed),
            9 => wait(PAUSE),
            _ => {}
        }
        let output = push_of(&mut deblurrer, WIDTH, f32::from(t));
        found.extend(output.map(|output| told(Some(output))));
    }
    while let Some(output) = deblurrer.drain(&Interrupt::new()).expect("a step") {
        found.push(told(Some(output)));
    }
    // The frame that comes out is two before the one that went in.
    let expected = (0..12_u8).map(|t| match t {
        2 => (LADDER[..2].to_vec(), Some(2.0)),
        4 => (vec![LADDER[2], StepNote::Exhausted], None),
        5 | 6 => (vec![StepNote::Passed], None),
        _ => (vec![], Some(f32::from(t))),
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn a_warm_up_finds_the_tiles_before_the_first_frame() {
    let (mut deblurrer, limit) = hungry(HEIGHT * 300);
    let never = Interrupt::new();
    let warm = deblurrer.warm_up(HEIGHT, WIDTH, &never).expect("two steps");
    assert_eq!(warm.notes, LADDER[..2]);
    assert!(warm.taken.is_some() && warm.report.is_some());
    assert_eq!(deblurrer.tile_size(), 256);
    assert_eq!(push(&mut deblurrer, 0.5), (vec![], Some(0.5)));
    limit.store(0, Ordering::Relaxed);
    let warm = deblurrer.warm_up(HEIGHT, WIDTH, &never).expect("no steps");
    assert_eq!(warm.notes.last(), Some(&StepNote::Exhausted));
    assert_eq!(warm.taken, None);
    assert_eq!(push(&mut deblurrer, 0.5), (vec![StepNote::Passed], None));
    // Caps again: tried at once.
    limit.store(PLENTY, Ordering::Relaxed);
    deblurrer.warm_up(HEIGHT, WIDTH, &never).expect("two steps");
    assert_eq!(push(&mut deblurrer, 0.5), (vec![], Some(0.5)));
}

#[test]
fn half_precision_that_does_not_reach_becomes_float32_for_good() {
    let mut one = deblurrer(Stub::overflowing);
    let engine = Arc::clone(one.engine());
    let mut two = Deblurrer::new(Arc::clone(&engine));
    assert_eq!(engine.precision(), "float16");
    assert_eq!(push(&mut one, 1.0), (vec![], Some(1.0)));
    assert_eq!(push(&mut two, 1.0), (vec![], Some(1.0)));
    // The largest number of float16 is 65504. The past is gone, the frame is not.
    let widened = vec![StepNote::Widened];
    assert_eq!(push(&mut one, 70_000.0), (widened.clone(), Some(70_000.0)));
    assert_eq!(engine.precision(), "float32");
    assert_eq!(push(&mut one, 80_000.0), (vec![], Some(75_000.0)));
    // The other video of the engine has a past of the old kind.
    assert_eq!(push(&mut two, 70_000.0), (widened, Some(70_000.0)));
    assert_eq!(push(&mut two, 80_000.0), (vec![], Some(75_000.0)));
    one.reset();
    assert_eq!(push(&mut one, 70_000.0), (vec![], Some(70_000.0)));
}

#[test]
fn all_tiles_are_computed_anew_in_float32() {
    let config = EngineConfig {
        tiles: Tiles {
            size: 256,
            ..Tiles::default()
        },
        ..EngineConfig::default()
    };
    let engine = Engine::with_network(&config, || Ok(Box::new(Stub::overflowing())));
    let mut deblurrer = Deblurrer::new(Arc::new(engine.expect("a stub opens")));
    push(&mut deblurrer, 1.0);
    assert_eq!(deblurrer.tile_size(), 256);
    // Only the last tile overflows.
    let mut frame = Frame::clone(&grey_of(WIDTH, 3.0));
    let last = frame.data().len() - 1;
    frame.data_mut()[last] = 70_000.0;
    let expected = frame.clone();
    let output = deblurrer.push(Arc::new(frame), &Interrupt::new());
    let output = output.expect("a step").expect("an output");
    assert_eq!(output.notes, [StepNote::Widened]);
    let sharp = output.sharp.expect("a finite picture");
    for (found, expected) in sharp.data().iter().zip(expected.data()) {
        assert!((found - expected).abs() <= 1e-6 * expected);
    }
}

#[test]
fn a_network_that_is_nowhere_finite_gives_no_picture_in_float32_either() {
    let mut deblurrer = deblurrer(Stub::overflowing);
    let infinite = push(&mut deblurrer, f32::INFINITY);
    assert_eq!(
        infinite,
        (vec![StepNote::Widened, StepNote::NotFinite], None)
    );
    assert_eq!(push(&mut deblurrer, 0.5), (vec![], Some(0.5)));
    let infinite = push(&mut deblurrer, f32::INFINITY);
    assert_eq!(infinite, (vec![StepNote::NotFinite], None));
}

#[test]
fn weights_of_a_file_are_taken_anew_in_float32() {
    let open = |precision| {
        let config = EngineConfig {
            precision,
            ..EngineConfig::default()
        };
        let weights = Weights::built_in("lite").expect("lite is built in");
        let engine = Engine::open(weights, &config).expect("lite opens");
        Deblurrer::new(Arc::new(engine))
    };
    let narrow = |deblurrer: &mut Deblurrer, value| {
        let output = push_of(deblurrer, 64, value).expect("an output");
        (output.notes, output.sharp.map(Frame::into_data))
    };
    let mut deblurrer = open(Precision::Bfloat16);
    // Beyond the range of float32 inside, and so of bfloat16.
    let (notes, sharp) = narrow(&mut deblurrer, f32::MAX);
    assert_eq!(notes, [StepNote::Widened, StepNote::NotFinite]);
    assert!(sharp.is_none());
    assert_eq!(deblurrer.engine().precision(), "float32");
    let mut exact = open(Precision::Float32);
    for value in [0.25, 0.5, 0.125] {
        let found = narrow(&mut deblurrer, value);
        assert_eq!(found, narrow(&mut exact, value));
        assert!(found.1.is_some());
    }
    // An engine that is opened later begins in what it asks for.
    assert_eq!(open(Precision::Bfloat16).engine().precision(), "bfloat16");
}
