// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ten thousand legal values set while frames run: `docs/ELEMENT.md`, properties.

use crate::harness::{Rig, caps, frame, identity};
use crate::streams::adds_up;
use gst::glib::{self, Value};
use gst::prelude::*;
use rirn::testing::Numbers;
use std::sync::atomic::{AtomicBool, Ordering};

/// A legal value of a property.
fn legal(pspec: &glib::ParamSpec, numbers: &mut Numbers) -> Value {
    let bits = numbers.bits();
    let share = f64::from(numbers.unit());
    if pspec.is::<glib::ParamSpecBoolean>() {
        (bits & 1 == 1).to_value()
    } else if let Some(range) = pspec.downcast_ref::<glib::ParamSpecInt>() {
        let span = f64::from(range.maximum()) - f64::from(range.minimum());
        let value = f64::from(range.minimum()) + (share * (span + 1.0)).floor();
        (value as i32).min(range.maximum()).to_value()
    } else if pspec.is::<glib::ParamSpecUInt64>() {
        (bits >> (bits % 64)).to_value()
    } else if let Some(range) = pspec.downcast_ref::<glib::ParamSpecDouble>() {
        (range.minimum() + share * (range.maximum() - range.minimum())).to_value()
    } else if let Some(choice) = pspec.downcast_ref::<glib::ParamSpecEnum>() {
        let class = choice.enum_class();
        let values = class.values();
        let place = usize::try_from(bits).unwrap_or_default() % values.len();
        class
            .to_value(values[place].value())
            .expect("one of its values")
    } else {
        let texts = [
            None,
            Some("lite"),
            Some(""),
            Some("cuda:7"),
            Some("\u{1f980} %s"),
        ];
        texts[usize::try_from(bits).unwrap_or_default() % texts.len()].to_value()
    }
}

#[test]
fn legal_values_are_taken_at_any_time_and_disturb_no_frame() {
    let caps = caps("I420", 32, 32);
    let mut rig = Rig::new(identity(), &caps);
    let element = rig.element.clone();
    let is_done = AtomicBool::new(false);
    let mut pushed = 0_u64;
    std::thread::scope(|scope| {
        let setter = scope.spawn(|| {
            let mut numbers = Numbers::new(14);
            let all: Vec<_> = element.list_properties().into_iter().collect();
            let writable = all.iter().filter(|pspec| {
                pspec.flags().contains(glib::ParamFlags::WRITABLE)
                    && !["name", "parent"].contains(&pspec.name())
            });
            let writable: Vec<_> = writable.collect();
            for round in 0..10_000 {
                let pspec = writable[round % writable.len()];
                let value = legal(pspec, &mut numbers);
                element.set_property_from_value(pspec.name(), &value);
                let read = element.property_value(pspec.name());
                assert_eq!(read.type_(), pspec.value_type(), "{}", pspec.name());
                let _shown = element.property::<gst::Structure>("stats");
            }
            is_done.store(true, Ordering::SeqCst);
        });
        while !is_done.load(Ordering::SeqCst) && !setter.is_finished() {
            rig.harness.push(frame(&caps, pushed, 3)).expect("taken");
            pushed += 1;
            assert_eq!(rig.outputs().len(), 1, "frame {pushed}");
        }
        setter.join().expect("no panic");
    });
    adds_up(&rig.element);
    assert!(pushed > 0);
    assert!(rig.messages(gst::MessageType::Error).is_empty());
}
