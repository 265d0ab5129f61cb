// SPDX-License-Identifier: MIT OR Apache-2.0
//! Literal numbers for the rules of the declared latency.

use super::*;
use proptest::prelude::*;

const MS: u64 = 1_000_000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn meter(look_ahead: u32) -> (LatencyMeter, Arc<Reported>) {
    let reported = Arc::new(Reported::default());
    (LatencyMeter::new(look_ahead, reported.clone()), reported)
}

/// A meter of a live pipeline that plays, seeded with this step.
fn playing(step: u64) -> (LatencyMeter, Arc<Reported>) {
    let (mut meter, reported) = meter(0);
    reported.answer(true);
    meter.seed(ms(step));
    meter.update();
    meter.set_playing(true);
    (meter, reported)
}

/// Sixteen steps of this time, so that nothing older counts.
fn fill(meter: &mut LatencyMeter, step: u64) {
    for _ in 0..16 {
        meter.add(ms(step));
    }
}

#[test]
fn own_latency_is_look_ahead_and_processing() {
    assert_eq!(own_latency(0, Some(40 * MS), 10 * MS, true), 10 * MS);
    assert_eq!(own_latency(2, Some(40 * MS), 10 * MS, true), 90 * MS);
    assert_eq!(own_latency(2, Some(40 * MS), 10 * MS, false), 80 * MS);
    assert_eq!(own_latency(2, None, 10 * MS, true), 10 * MS);
    assert_eq!(own_latency(2, Some(u64::MAX), u64::MAX, true), u64::MAX);
}

#[test]
fn processing_is_the_padded_median_in_steps_of_five() {
    // (step, declared) in microseconds
    let cases = [
        (0, 5_000),
        (3_999, 5_000),
        (4_000, 5_000),
        (4_001, 10_000),
        (8_000, 10_000),
        (16_000, 20_000),
        (16_001, 25_000),
        (2_000_000, 2_500_000),
    ];
    for (step, declared) in cases {
        let (mut meter, _) = meter(0);
        meter.add(Duration::from_micros(step));
        assert_eq!(meter.processing(), declared * 1000, "step of {step} us");
    }
    assert_eq!(meter(0).0.processing(), 5 * MS);
}

#[test]
fn one_slow_step_does_not_count_and_old_ones_are_forgotten() {
    let (mut meter, _) = meter(0);
    meter.seed(ms(8));
    meter.add(ms(2000));
    meter.add(ms(8));
    assert_eq!(meter.processing(), 10 * MS);
    for _ in 0..8 {
        meter.add(ms(20));
    }
    // Sixteen at most, and an even number takes the mean of the middle two.
    fill(&mut meter, 20);
    assert_eq!(meter.processing(), 25 * MS);
    for _ in 0..8 {
        meter.add(ms(12));
    }
    assert_eq!(meter.processing(), 20 * MS);
    meter.add(ms(12));
    assert_eq!(meter.processing(), 15 * MS);
}

#[test]
fn seeding_begins_anew() {
    let (mut meter, _) = meter(0);
    fill(&mut meter, 100);
    meter.seed(ms(4));
    assert_eq!(meter.processing(), 5 * MS);
}

#[test]
fn the_property_replaces_the_measurement() {
    let (mut meter, _) = meter(0);
    meter.seed(ms(100));
    meter.set_declared(Some(7 * MS));
    assert_eq!(meter.processing(), 7 * MS);
    meter.set_declared(Some(0));
    assert_eq!(meter.processing(), 0);
    meter.set_declared(None);
    assert_eq!(meter.processing(), 125 * MS);
}

#[test]
fn the_seed_makes_the_first_answer_right() {
    let (mut meter, reported) = meter(2);
    meter.set_interval(Some(40 * MS));
    meter.seed(ms(16));
    assert_eq!(meter.update(), Some(80 * MS));
    assert_eq!(reported.answer(false), 80 * MS);
    assert_eq!(reported.answer(true), 100 * MS);
    assert_eq!(reported.current(), 100 * MS);
    assert_eq!(meter.update(), None);
}

#[test]
fn a_rise_by_a_fifth_or_five_milliseconds_is_announced() {
    // 50 to 55: neither more than 20 % nor more than 5 ms.
    let (mut meter, reported) = playing(40);
    assert_eq!(reported.current(), 50 * MS);
    fill(&mut meter, 44);
    assert_eq!(meter.update(), None);
    assert_eq!(reported.answer(true), 50 * MS);
    // The next 5 ms make it 10 over what was announced.
    fill(&mut meter, 48);
    assert_eq!(meter.update(), Some(60 * MS));
    assert_eq!(reported.answer(true), 60 * MS);

    // 20 to 25 is more than a fifth, 25 to 30 is exactly a fifth.
    let (mut small, _) = playing(16);
    fill(&mut small, 20);
    assert_eq!(small.update(), Some(25 * MS));
    fill(&mut small, 24);
    assert_eq!(small.update(), None);
}

#[test]
fn the_value_never_falls_while_playing() {
    let (mut meter, reported) = playing(40);
    fill(&mut meter, 4);
    assert_eq!(meter.update(), None);
    assert_eq!(reported.current(), 50 * MS);
    meter.set_declared(Some(0));
    assert_eq!(meter.update(), None);
    assert_eq!(reported.current(), 50 * MS);
    meter.set_declared(None);
    meter.set_playing(false);
    assert_eq!(meter.update(), None);
    assert_eq!(reported.current(), 5 * MS);
}

#[test]
fn processing_alone_is_not_announced_where_the_source_is_not_live() {
    let (mut meter, reported) = meter(0);
    meter.set_playing(true);
    meter.seed(ms(100));
    assert_eq!(meter.update(), None);
    assert_eq!(reported.answer(false), 0);
    assert_eq!(reported.answer(true), 125 * MS);
}

#[test]
fn without_a_frame_rate_the_interval_is_measured() {
    let (mut meter, reported) = meter(2);
    // Nothing is measured across a frame without time.
    for pts in [Some(0), None, Some(500 * MS)] {
        meter.arrived(pts);
    }
    assert_eq!(meter.update(), None);
    meter.set_interval(None);
    for pts in [Some(0), Some(40), Some(80), None, Some(500), Some(540)] {
        meter.arrived(pts.map(|pts: u64| pts * MS));
    }
    assert_eq!(meter.update(), Some(80 * MS));
    meter.set_interval(Some(20 * MS));
    assert_eq!(meter.update(), None);
    assert_eq!(reported.current(), 40 * MS);
}

proptest! {
    #[test]
    fn playing_values_only_rise_and_each_message_is_a_real_rise(
        steps in proptest::collection::vec(any::<u64>(), 0..60),
        look_ahead in 0..3_u32,
        live in any::<bool>(),
    ) {
        let (mut meter, reported) = meter(look_ahead);
        meter.set_playing(true);
        let mut old = reported.answer(live);
        for (n, step) in steps.iter().enumerate() {
            meter.add(Duration::from_nanos(*step));
            meter.arrived(Some(step.wrapping_mul(n as u64)));
            let told = meter.update();
            let new = reported.answer(live);
            prop_assert!(new >= old);
            prop_assert_eq!(told.is_some(), new > old);
            prop_assert_eq!(told.unwrap_or(old), new);
            old = new;
        }
    }
}
