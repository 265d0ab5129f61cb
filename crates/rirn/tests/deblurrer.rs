// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`rirn::Deblurrer`] promises: N frames in, N frames out, a past that is kept, forgotten
//! and watched, and a caller that can walk away.

use rirn::engine::{FLUSHING, Interrupt, Output, STOPPING};
use rirn::networks::{Network, State};
use rirn::testing::Stub;
use rirn::{Deblurrer, Engine, EngineConfig, Error, Frame};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

const HEIGHT: usize = 8;
const WIDTH: usize = 12;

fn deblurrer(make: impl FnOnce() -> Stub + Send + 'static) -> Deblurrer {
    let engine = Engine::with_network(&EngineConfig::default(), || {
        Ok(Box::new(make()) as Box<dyn Network>)
    });
    Deblurrer::new(Arc::new(engine.expect("a stub opens")))
}

fn grey(value: f32) -> Arc<Frame> {
    let data = vec![value; HEIGHT * WIDTH * 3];
    Arc::new(Frame::from_data(HEIGHT, WIDTH, data).expect("the size fits"))
}

/// The value of a picture of one colour.
#[track_caller]
fn value(output: Option<Output>) -> f32 {
    let sharp = output.expect("an output").sharp.expect("a finite picture");
    assert_eq!((sharp.height(), sharp.width()), (HEIGHT, WIDTH));
    let first = sharp.data()[0];
    assert!(sharp.data().iter().all(|value| *value == first));
    first
}

#[test]
fn the_past_is_kept_from_frame_to_frame_and_forgotten_by_a_reset() {
    let mut deblurrer = deblurrer(Stub::mean_of_all);
    let never = Interrupt::new();
    let mut push = |value: f32| deblurrer.push(grey(value), &never).expect("a step");
    assert_eq!(value(push(0.0)), 0.0);
    assert_eq!(value(push(1.0)), 0.5);
    assert_eq!(value(push(0.5)), 0.5);
    deblurrer.reset();
    assert_eq!(
        value(deblurrer.push(grey(0.25), &never).expect("a step")),
        0.25
    );
}

#[test]
fn the_largest_state_is_told_without_being_changed() {
    let mut deblurrer = deblurrer(Stub::mean_of_all);
    let never = Interrupt::new();
    assert_eq!(deblurrer.largest_state(&never).expect("no past"), 0.0);
    for (frame, expected) in [(0.5, 1.0), (4.0, 4.5), (0.0, 4.5)] {
        deblurrer.push(grey(frame), &never).expect("a step");
        for _ in 0..2 {
            assert_eq!(deblurrer.largest_state(&never).expect("a past"), expected);
        }
    }
    deblurrer.reset();
    assert_eq!(deblurrer.largest_state(&never).expect("no past"), 0.0);
}

#[test]
fn videos_that_share_an_engine_share_no_past() {
    let mut one = deblurrer(Stub::mean_of_all);
    let mut two = Deblurrer::new(Arc::clone(one.engine()));
    let never = Interrupt::new();
    assert_eq!(value(one.push(grey(0.0), &never).expect("a step")), 0.0);
    assert_eq!(value(two.push(grey(1.0), &never).expect("a step")), 1.0);
    assert_eq!(value(one.push(grey(0.0), &never).expect("a step")), 0.0);
}

#[test]
fn frames_that_wait_come_out_in_order_and_in_number() {
    for count in [0, 1, 2, 3, 10] {
        let mut deblurrer = deblurrer(|| Stub::delay(2, 2));
        assert_eq!(deblurrer.delay(), 2);
        let never = Interrupt::new();
        let input: Vec<_> = (0..count).map(|t| t as f32 / 16.0).collect();
        let mut found = Vec::new();
        for (t, frame) in input.iter().enumerate() {
            let output = deblurrer.push(grey(*frame), &never).expect("a step");
            assert_eq!(output.is_some(), t >= 2, "frame {t}");
            found.extend(output.map(|output| value(Some(output))));
        }
        while let Some(output) = deblurrer.drain(&never).expect("a step") {
            found.push(value(Some(output)));
        }
        assert_eq!(found, input);
    }
}

#[test]
fn a_frame_of_another_size_is_refused_until_a_reset() {
    let mut deblurrer = deblurrer(Stub::identity);
    let never = Interrupt::new();
    deblurrer.push(grey(0.5), &never).expect("a step");
    let other = Arc::new(Frame::new(4, 4));
    let error = deblurrer
        .push(Arc::clone(&other), &never)
        .expect_err("another size");
    assert!(
        error.to_string().contains("4x4") && error.to_string().contains("12x8"),
        "{error}"
    );
    // The error has reset it.
    assert!(deblurrer.push(other, &never).expect("a step").is_some());
}

#[test]
fn a_frame_without_pixels_is_refused_by_name() {
    let never = Interrupt::new();
    for (height, width) in [(0, 0), (0, 5), (5, 0)] {
        let mut deblurrer = deblurrer(Stub::identity);
        let pushed = deblurrer.push(Arc::new(Frame::new(height, width)), &never);
        let warmed = deblurrer.warm_up(height, width, &never).map(|_| ());
        for refused in [pushed.map(|_| ()), warmed] {
            match refused {
                Err(Error::Shape(text)) => {
                    assert!(text.contains(&format!(" {width}x{height} ")), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            value(deblurrer.push(grey(0.5), &never).expect("a step")),
            0.5
        );
    }
}

#[test]
fn a_picture_that_is_not_finite_is_told_and_forgets_the_past() {
    let mut deblurrer = deblurrer(|| {
        let mean = Stub::mean_of_all();
        let profile = mean.profile();
        Stub::with_profile(profile, move |window, state| {
            let (mean, state) = mean.step(window, state)?;
            // A frame of 1 poisons picture and state.
            Ok((mean.f_div(&window.f_rsub_scalar(1.0)?)?, state))
        })
    });
    let never = Interrupt::new();
    assert!((value(deblurrer.push(grey(0.5), &never).expect("a step")) - 1.0).abs() < 1e-6);
    let poisoned = deblurrer
        .push(grey(1.0), &never)
        .expect("a step")
        .expect("an output");
    assert!(poisoned.sharp.is_none());
    assert!((value(deblurrer.push(grey(0.5), &never).expect("a step")) - 1.0).abs() < 1e-6);
}

/// A network whose state doubles, from 1 on.
fn doubling() -> Stub {
    Stub::new(|window, state| {
        let h = state.get("h")?;
        let h = h.f_mul_scalar(2.0)?.f_clamp_min(1.0)?;
        Ok((window.shallow_clone(), State::new(vec![("h", h)])))
    })
}

#[test]
fn a_state_that_grows_without_end_is_cleared_and_told() {
    let mut deblurrer = deblurrer(doubling);
    let never = Interrupt::new();
    let told: Vec<_> = (0..40)
        .map(|_| {
            deblurrer
                .push(grey(0.5), &never)
                .expect("a step")
                .expect("an output")
                .diverged
        })
        .collect();
    // 2^13 after 14 frames is healthy, 2^15 at the look after frame 16 is not; then anew.
    let expected: Vec<_> = (1..=40).map(|frame| frame % 16 == 0).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_panic_in_a_step_is_an_error_and_the_worker_goes_on() {
    let mut deblurrer = deblurrer(|| {
        Stub::new(|window, state| {
            assert!(
                window.double_value(&[0, 0, 0, 0]) < 0.9,
                "a test panics here on purpose"
            );
            Ok((window.shallow_clone(), state))
        })
    });
    let never = Interrupt::new();
    assert!(matches!(
        deblurrer.push(grey(1.0), &never),
        Err(Error::WorkerPanicked)
    ));
    assert_eq!(
        value(deblurrer.push(grey(0.5), &never).expect("a step")),
        0.5
    );
}

/// A mean of all frames whose steps tell that they have begun and then wait to be let go.
fn held() -> (Deblurrer, Receiver<()>, Sender<()>) {
    let (begun, begins) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let deblurrer = deblurrer(move || {
        let mean = Stub::mean_of_all();
        let profile = mean.profile();
        Stub::with_profile(profile, move |window, state| {
            begun.send(()).expect("the test listens");
            released
                .lock()
                .expect("not poisoned")
                .recv()
                .expect("the test lets go");
            mean.step(window, state)
        })
    });
    (deblurrer, begins, release)
}

#[test]
fn an_interrupt_ends_the_wait_and_the_old_result_is_never_seen() {
    let (mut deblurrer, begins, release) = held();
    let interrupt = Interrupt::new();
    let waiting = std::thread::spawn({
        let interrupt = interrupt.clone();
        move || {
            let result = deblurrer.push(grey(1.0), &interrupt).map(|_| ());
            (deblurrer, result)
        }
    });
    begins.recv().expect("the step has begun");
    interrupt.raise(FLUSHING);
    // The step still runs: nobody has let it go.
    let (mut deblurrer, result) = waiting.join().expect("the waiting thread ends");
    assert!(matches!(result, Err(Error::Interrupted)));
    release.send(()).expect("the old step ends");
    interrupt.clear(FLUSHING);
    release.send(()).expect("the new step may run");
    let output = deblurrer.push(grey(0.25), &interrupt).expect("a step");
    assert_eq!(value(output), 0.25);
}

#[test]
fn a_raised_interrupt_lets_no_wait_begin_until_every_reason_is_gone() {
    let mut deblurrer = deblurrer(Stub::identity);
    let interrupt = Interrupt::new();
    interrupt.raise(FLUSHING);
    interrupt.raise(STOPPING);
    for reason in [FLUSHING, STOPPING] {
        assert!(matches!(
            deblurrer.push(grey(0.5), &interrupt),
            Err(Error::Interrupted)
        ));
        interrupt.clear(reason);
    }
    assert!(!interrupt.is_raised());
    assert!(deblurrer.push(grey(0.5), &interrupt).is_ok());
}

#[test]
fn recycled_memory_does_not_change_what_is_seen() {
    let mut deblurrer = deblurrer(Stub::mean_of_all);
    let never = Interrupt::new();
    for t in 0..6_u8 {
        let output = deblurrer.push(grey(f32::from(t)), &never).expect("a step");
        let sharp = output.expect("an output").sharp.expect("finite");
        assert_eq!(sharp.data()[0], f32::from(t) / 2.0);
        deblurrer.recycle(sharp);
    }
}

#[test]
fn a_new_memory_waits_for_the_frames_before_it() {
    let mut deblurrer = deblurrer(|| {
        let mean = Stub::mean_of_all();
        let mut profile = mean.profile();
        profile.look_ahead = 1;
        Stub::with_profile(profile, move |window, state| {
            mean.step(&window.f_narrow(1, 0, 3)?, state)
        })
    });
    let never = Interrupt::new();
    let mut found = Vec::new();
    for (t, frame) in [0.0, 1.0, 0.25, 0.75].into_iter().enumerate() {
        if t == 2 {
            deblurrer.begin_anew();
        }
        let output = deblurrer.push(grey(frame), &never).expect("a step");
        found.extend(output.map(|output| value(Some(output))));
    }
    found.push(value(deblurrer.drain(&never).expect("a step")));
    assert_eq!(found, [0.0, 0.5, 0.25, 0.5]);
}
