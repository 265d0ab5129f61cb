// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks that panic, fail, give NaN or grow without end.

use crate::gate::hooked;
use crate::harness::{Rig, stat, with_stub};
use crate::streams::{
    NEW, NEXT, PAST, adds_up, flush, forgets, grey, reason, remember, restart, shade, small, time,
};
use gst::prelude::*;
use gst::{ClockTime, FlowError};
use rirn::networks::State;
use rirn::testing::Stub;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::Tensor;

/// What a broken step gives instead of its result.
type Fault = fn(Tensor, State) -> rirn::Result<(Tensor, State)>;

/// An element behind three frames of the past whose steps do this while the switch is on.
fn broken(fault: Fault) -> (Arc<AtomicBool>, Rig) {
    let switch = Arc::new(AtomicBool::new(false));
    let is_on = Arc::clone(&switch);
    let element = hooked(move |picture, state| {
        if is_on.load(Ordering::SeqCst) {
            fault(picture, state)
        } else {
            Ok((picture, state))
        }
    });
    let rig = remember(Rig::new(element, &small()));
    switch.store(true, Ordering::SeqCst);
    (switch, rig)
}

/// A panic that writes nothing to the terminal.
fn panics(_: Tensor, _: State) -> rirn::Result<(Tensor, State)> {
    std::panic::resume_unwind(Box::new("stub"))
}

fn fails(_: Tensor, _: State) -> rirn::Result<(Tensor, State)> {
    Err(rirn::Error::Torch("the stub is out of order".to_owned()))
}

fn gives_nan(picture: Tensor, state: State) -> rirn::Result<(Tensor, State)> {
    Ok((picture.f_mul_scalar(f64::NAN)?, state))
}

/// The one error on the bus bears this code and this sentence.
#[track_caller]
fn tells(rig: &Rig, code: impl gst::glib::error::ErrorDomain, sentence: &str) {
    let messages = rig.messages(gst::MessageType::Error);
    assert_eq!(messages.len(), 1);
    let gst::MessageView::Error(error) = messages[0].view() else {
        unreachable!("only errors were asked for")
    };
    let error = error.error();
    assert!(error.matches(code), "{error:?}");
    assert_eq!(error.message(), sentence);
}

/// The one error on the bus is LIBRARY FAILED with this sentence.
#[track_caller]
fn tells_failed(rig: &Rig, sentence: &str) {
    tells(rig, gst::LibraryError::Failed, sentence);
}

/// The texts of the warnings on the bus.
fn warnings(rig: &Rig) -> Vec<String> {
    let text = |message: &gst::Message| match message.view() {
        gst::MessageView::Warning(warning) => {
            let error = warning.error();
            assert!(error.matches(gst::StreamError::Failed), "{error:?}");
            error.message().to_owned()
        }
        _ => unreachable!("only warnings were asked for"),
    };
    let messages = rig.messages(gst::MessageType::Warning);
    messages.iter().map(text).collect()
}

/// A step that breaks is an error with this sentence, and the same element works again after NULL.
#[track_caller]
fn is_an_error(fault: Fault, sentence: &str) {
    let (switch, mut rig) = broken(fault);
    assert_eq!(rig.harness.push(grey(NEW, NEXT)), Err(FlowError::Error));
    tells_failed(&rig, sentence);
    assert!(rig.outputs().is_empty());
    adds_up(&rig.element);
    switch.store(false, Ordering::SeqCst);
    restart(&mut rig, gst::State::Null, &small());
    assert_eq!(shade(&rig.one(grey(NEW, 0))), NEW);
    assert!(rig.messages(gst::MessageType::Error).is_empty());
}

#[test]
fn a_panic_in_the_worker_is_an_error_and_null_heals_it() {
    is_an_error(panics, "Internal error in the deblurring worker.");
}

#[test]
fn a_network_that_fails_is_an_error_and_null_heals_it() {
    is_an_error(fails, "The network failed: the stub is out of order.");
}

#[test]
fn a_network_that_fails_in_the_warm_up_is_an_error() {
    let (switch, mut rig) = broken(fails);
    let caps = crate::harness::caps("RGB", 32, 16);
    rig.harness.push_event(gst::event::Caps::new(&caps));
    tells_failed(&rig, "The network failed: the stub is out of order.");
    let frame = crate::harness::frame(&caps, NEXT, 1);
    assert!(rig.harness.push(frame).is_err(), "no frame is taken");
    rig.messages(gst::MessageType::Error);
    switch.store(false, Ordering::SeqCst);
    restart(&mut rig, gst::State::Null, &small());
    assert_eq!(shade(&rig.one(grey(NEW, 0))), NEW);
    assert!(rig.messages(gst::MessageType::Error).is_empty());
}

#[test]
fn a_flush_heals_a_failed_network_too() {
    let (switch, mut rig) = broken(fails);
    assert_eq!(rig.harness.push(grey(100, NEXT)), Err(FlowError::Error));
    assert_eq!(reason(&rig.element), "error");
    switch.store(false, Ordering::SeqCst);
    flush(&mut rig, ClockTime::ZERO);
    let output = rig.one(grey(NEW, 0));
    assert_eq!((shade(&output), output.pts()), (NEW, Some(time(0))));
    adds_up(&rig.element);
}

#[test]
fn the_frame_after_a_failed_one_is_its_own() {
    let (switch, mut rig) = broken(fails);
    assert_eq!(rig.harness.push(grey(100, NEXT)), Err(FlowError::Error));
    switch.store(false, Ordering::SeqCst);
    let output = rig.one(grey(NEW, NEXT + 1));
    assert_eq!((shade(&output), output.pts()), (NEW, Some(time(NEXT + 1))));
    adds_up(&rig.element);
}

#[test]
fn nan_passes_the_frame_unchanged_and_forgets_the_past() {
    let (switch, mut rig) = broken(gives_nan);
    assert_eq!(shade(&rig.one(grey(100, NEXT))), 100, "unchanged");
    assert_eq!(shade(&rig.one(grey(110, NEXT + 1))), 110, "unchanged");
    assert_eq!(stat(&rig.element, "nan-events"), 2);
    assert_eq!(stat(&rig.element, "resets"), 2);
    assert_eq!(reason(&rig.element), "error");
    switch.store(false, Ordering::SeqCst);
    assert_eq!(shade(&rig.one(grey(NEW, NEXT + 2))), NEW);
    assert_eq!(
        warnings(&rig),
        ["The network gave no valid picture; frame passed unchanged."]
    );
    adds_up(&rig.element);
}

#[test]
fn one_nan_forgets_the_past_once() {
    let (switch, mut rig) = broken(gives_nan);
    rig.one(grey(100, NEXT));
    switch.store(false, Ordering::SeqCst);
    forgets(&mut rig, grey(NEW, NEXT + 1), "error");
}

#[test]
fn a_memory_that_grows_without_end_is_cleared_and_the_stream_goes_on() {
    // Every step is brighter by one grey level, and adds 3000 to the memory.
    let element = with_stub(|| {
        Stub::new(|window, state| {
            let old = state.get("h")?;
            let steps = old.f_max()?.f_double_value(&[])? / 3000.0;
            let new = State::new(vec![("h", old.f_add_scalar(3000.0)?)]);
            Ok((window.f_add_scalar(steps / 255.0)?, new))
        })
    });
    let mut rig = Rig::new(element, &small());
    let outputs = rig.run((0..20).map(|index| grey(PAST, index)).collect());
    let steps: Vec<_> = outputs.iter().map(|b| shade(b) - PAST).collect();
    // The memory is looked at every eight frames.
    let wanted = [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3];
    assert_eq!(steps, wanted);
    assert_eq!(stat(&rig.element, "resets"), 2);
    assert_eq!(reason(&rig.element), "diverged");
    assert_eq!(
        warnings(&rig),
        ["The network's memory grew out of bounds and was cleared."]
    );
    assert!(rig.messages(gst::MessageType::Error).is_empty());
}

#[test]
fn flushing_and_eos_from_below_come_back_without_an_error_message() {
    for flow in [FlowError::Flushing, FlowError::Eos] {
        let mut rig = crate::streams::remembering();
        let pad = rig.element.static_pad("src").expect("a source pad");
        let probe = pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            info.flow_res = Err(flow);
            gst::PadProbeReturn::Handled
        });
        assert_eq!(rig.harness.push(grey(NEW, NEXT)), Err(flow));
        pad.remove_probe(probe.expect("a probe"));
        assert!(rig.messages(gst::MessageType::Error).is_empty());
        adds_up(&rig.element);
        flush(&mut rig, ClockTime::ZERO);
        assert_eq!(shade(&rig.one(grey(NEW, 0))), NEW);
    }
}

#[test]
fn a_device_that_is_lost_is_an_error_of_its_own() {
    let (switch, mut rig) = broken(|_, _| {
        let text = "CUDA error: unspecified launch failure";
        Err(tch::TchError::Torch(text.to_owned()).into())
    });
    assert_eq!(rig.harness.push(grey(NEW, NEXT)), Err(FlowError::Error));
    tells(
        &rig,
        gst::ResourceError::Failed,
        "The CUDA device stopped working.",
    );
    switch.store(false, Ordering::SeqCst);
    adds_up(&rig.element);
}
