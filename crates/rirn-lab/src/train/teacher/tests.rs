// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small teacher and its pupil.

use super::*;
use crate::train::tests::picture;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rirn::networks::{Network, Rirn};
use std::collections::BTreeMap;

fn spec(cell: Cell, base: u32, blocks: u32) -> Spec {
    let mut spec = Spec::paper(cell, SlotKind::Irm, SlotKind::Atb);
    (spec.base, spec.blocks, spec.skip, spec.irm_relu) = (base, blocks, true, true);
    spec
}

fn teacher_of(variables: Variables, pupil: &Spec) -> Teacher {
    let spec = *variables.spec();
    check(&spec, pupil).expect("they go together");
    Teacher {
        spec,
        pupil: *pupil,
        basis: basis(&variables, &spec)
            .expect("a basis")
            .to_kind(Kind::Float),
        variables,
        kind: Kind::Float,
    }
}

/// Five base channels and two blocks, for a pupil of four and five.
fn pair(seed: u64) -> (Teacher, Variables) {
    tch::set_num_threads(1);
    let (ifi, rdbn) = (spec(Cell::Ifi, 5, 2), spec(Cell::Rdbn, 4, 5));
    let variables = Variables::initial(&ifi, seed, Device::Cpu).expect("variables");
    let pupil = Variables::initial(&rdbn, seed + 1, Device::Cpu).expect("variables");
    (teacher_of(variables, &rdbn), pupil)
}

fn frames(count: i64) -> Vec<Tensor> {
    let mut random = ChaCha8Rng::seed_from_u64(17);
    let frame = |_| picture(&mut random, &[2, 3, 24, 16]);
    (0..count).map(frame).collect()
}

/// States of all frames, one behind the other, and the last output.
fn stepped(network: &Rirn, frames: &[Tensor]) -> ([Tensor; 2], Tensor) {
    let mut state = network.initial_state(2, 24, 16).expect("zeros");
    let (mut all, mut last) = ([Vec::new(), Vec::new()], Tensor::new());
    for frame in frames {
        (last, state) = network.step(frame, state).expect("a step");
        for (all, name) in all.iter_mut().zip(["h", "f"]) {
            all.push(state.get(name).expect("a state").shallow_clone());
        }
    }
    (all.map(|all| Tensor::cat(&all, 0)), last)
}

#[track_caller]
fn assert_near(found: &Tensor, expected: &Tensor, most: f64) {
    assert_eq!(found.size(), expected.size());
    let off = (found - expected).abs().max().double_value(&[]);
    let size = expected.abs().max().double_value(&[]);
    assert!(off <= most * size, "{off} of {size}");
}

#[test]
fn what_is_watched_is_what_the_network_computes() {
    let _guard = tch::no_grad_guard();
    let (teacher, _) = pair(1);
    let frames = frames(3);
    let watched = teacher.watch(&frames).expect("maps");
    let network = teacher.variables.network(Kind::Float).expect("a network");
    let (states, last) = stepped(&network, &frames);
    for (found, expected) in watched.states.iter().zip(&states) {
        assert_near(found, expected, 1e-5);
    }
    for (past, state) in watched.past.iter().zip(&states) {
        assert_eq!(past.narrow(0, 0, 2).abs().max().double_value(&[]), 0.0);
        assert_near(&past.narrow(0, 2, 4), &state.narrow(0, 0, 4), 1e-5);
    }
    let named = Named::new(&teacher.variables, Kind::Float).expect("tensors");
    let f = watched.states[1].narrow(0, 4, 2);
    let mut y = f;
    for layer in ["dec.0", "dec.1"] {
        y = named.up(layer, &y).expect("a map");
    }
    let y = named.conv("dec.2", &y, 1).expect("a map") + &frames[2];
    assert_near(&y, &last, 1e-5);
}

#[test]
fn a_pupils_blocks_are_those_of_its_network() {
    let _guard = tch::no_grad_guard();
    let (_, pupil) = pair(2);
    let frame = &frames(1)[0];
    let (states, _) = stepped(
        &pupil.network(Kind::Float).expect("a network"),
        &[frame.shallow_clone()],
    );
    let named = Named::new(&pupil, Kind::Float).expect("tensors");
    let conv = |name, x: &Tensor, stride| named.conv(name, x, stride).expect("a map");
    let rdb = |name: &str, x: &Tensor| named.rdb(name, x).expect("a map");
    let e = rdb("enc.rdb0", &conv("enc.first", &(frame - 0.5), 1));
    let e = rdb("enc.rdb1", &conv("enc.down0", &e, 2));
    let e = conv("enc.down1", &e, 2);
    let mut outputs = vec![Tensor::cat(&[&e, &e.narrow(1, 0, 4).zeros_like()], 1)];
    for block in 0..5 {
        outputs.push(rdb(&format!("body.{block}"), &outputs[block]));
    }
    let f = conv("join.merge", &Tensor::cat(&outputs[1..], 1), 1);
    let f = conv("join.last", &f, 1);
    let h = conv("hid.last", &rdb("hid.rdb", &conv("hid.first", &f, 1)), 1);
    let h = named.irm(&h, &h.zeros_like(), true).expect("a map");
    let f = named.atb(&f, &f.zeros_like()).expect("a map");
    assert_near(&h, &states[0], 1e-5);
    assert_near(&f, &states[1], 1e-5);
}

/// Makes channels of an axis copies of others, so that fewer would do.
fn repeat(variables: &Variables, name: &str, axis: i64, copies: &[(i64, i64)]) {
    let (_, tensor) = variables
        .entries()
        .iter()
        .find(|(found, _)| found == name)
        .expect("a tensor");
    for (to, from) in copies {
        let from = tensor.select(axis, *from).copy();
        tensor.select(axis, *to).copy_(&from);
    }
}

#[test]
fn ends_with_channels_to_spare_are_fitted_exactly() {
    let _guard = tch::no_grad_guard();
    let (teacher, pupil) = pair(3);
    for (layer, axis, copies) in [
        ("enc.0", 0, &[(4, 1)][..]),
        ("enc.1", 0, &[(8, 2), (9, 3)]),
        ("dec.0", 1, &[(8, 2), (9, 3)]),
        ("dec.1", 1, &[(4, 1)]),
    ] {
        repeat(&teacher.variables, &format!("{layer}.weight"), axis, copies);
    }
    let frames = frames(3);
    teacher.begin(&pupil, &frames).expect("a beginning");
    let watched = teacher.watch(&frames).expect("maps");
    let [own, taught] = [&pupil, &teacher.variables]
        .map(|variables| Named::new(variables, Kind::Float).expect("tensors"));
    let mut e = own.conv("enc.first", &watched.x, 1).expect("a map");
    for (dense, down) in [("enc.rdb0", "enc.down0"), ("enc.rdb1", "enc.down1")] {
        e = own
            .conv(down, &own.rdb(dense, &e).expect("a map"), 2)
            .expect("a map");
    }
    assert_near(&e.narrow(1, 0, 15), &watched.e, 1e-3);
    let decoded = |named: &Named| {
        let y = named.up("dec.0", &watched.states[1]).expect("a map");
        let y = named.up("dec.1", &y).expect("a map");
        named.conv("dec.2", &y, 1).expect("a map")
    };
    assert_near(&decoded(&own), &decoded(&taught), 1e-3);
    let atb = |named: &Named| {
        let [_, past] = &watched.past;
        named.atb(&watched.blocks[1], past).expect("a map")
    };
    assert_near(&atb(&own), &watched.states[1], 1e-5);
    assert_near(&atb(&own), &atb(&taught), 1e-5);
}

#[test]
fn a_pupil_that_gives_its_blocks_back_has_the_feature_in_the_teachers_basis() {
    let _guard = tch::no_grad_guard();
    let (teacher, pupil) = pair(4);
    let frames = frames(2);
    teacher.begin(&pupil, &frames).expect("a beginning");
    let watched = teacher.watch(&frames).expect("maps");
    let named = Named::new(&pupil, Kind::Float).expect("tensors");
    // As if the last block gave what stands for the teacher's last one.
    let last = teacher.turned(&watched.blocks[1]).expect("a map");
    let others = last.zeros_like().repeat([1, 4, 1, 1]);
    let f = named
        .conv("join.merge", &Tensor::cat(&[others, last], 1), 1)
        .expect("a map");
    let f = named.conv("join.last", &f, 1).expect("a map");
    assert_near(&f, &watched.blocks[1], 1e-5);
}

#[test]
fn pairs_that_do_not_go_together_are_refused() {
    let (ifi, rdbn) = (spec(Cell::Ifi, 20, 6), spec(Cell::Rdbn, 16, 15));
    assert_eq!(check(&ifi, &rdbn), Ok(()));
    let refusal = |teacher: &Spec, pupil: &Spec| check(teacher, pupil).expect_err("a refusal");
    assert!(refusal(&rdbn, &ifi).contains("an ifi with irm and atb"));
    let narrow = Spec { base: 8, ..ifi };
    assert!(refusal(&narrow, &rdbn).contains("4 · 8 and 5 · 16 channels"));
    let short = Spec { blocks: 5, ..rdbn };
    assert!(refusal(&ifi, &short).contains("5 blocks cannot stand for 6"));
    let bare = Spec {
        skip: false,
        ..rdbn
    };
    assert!(refusal(&ifi, &bare).contains("skip"));
    let plain = Spec {
        hidden: SlotKind::None,
        ..ifi
    };
    assert!(refusal(&plain, &rdbn).contains("with irm"));
}

/// Thirty steps apart and seventy chained: how much smaller the errors are than what they are errors of, in dB.
fn nearness(device: &str, seed: u64) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("teacher.safetensors");
    let (teacher, _) = pair(seed);
    let saved = teacher.variables.save(&path, &BTreeMap::new());
    saved.expect("a file");
    let network = "cell = \"rdbn\"\nbase = 4\nblocks = 5\nhidden = \"irm\"\nfeature = \"atb\"";
    let more = "[optimiser]\nrate = 4e-3\nrecurrent = 1.0\nwarm-up = 5\ndecay = 0.0\nclip = 1e9\n";
    let mut recipe = crate::train::tests::recipe(network, more);
    recipe.network.teacher = Some(path.display().to_string());
    (recipe.steps, recipe.seed, recipe.run.device) = (100, seed, device.to_owned());
    recipe.stages[0].until = 0.3;
    for (stage, apart) in recipe.stages.iter_mut().zip([true, false]) {
        (stage.apart, stage.old, stage.frames) = (apart, 0, 2);
    }
    recipe.check().expect("a recipe");
    let (mut trainer, _) = crate::train::Trainer::new(&recipe).expect("a trainer");
    let (_, device) = trainer.placement();
    let ring = crate::train::tests::ring_on(device, &recipe, 0);
    let steps = (0..100).map(|_| trainer.step(&ring).expect("a step").gain);
    let near = steps.collect();
    assert!(trainer.unrecorded().is_none() || device == Device::Cpu);
    near
}

#[test]
fn a_pupil_comes_nearer_apart_and_chained() {
    // Of three pupils: one alone may come only 0.9 dB nearer.
    let all = [5, 6, 7].map(|seed| nearness("cpu", seed));
    let mean = |places: std::ops::Range<usize>| {
        let count = (all.len() * places.len()) as f64;
        let sums = all
            .iter()
            .map(|near| near[places.clone()].iter().sum::<f64>());
        sums.sum::<f64>() / count
    };
    assert!(mean(25..30) > mean(0..5) + 1.0, "{all:?}");
    assert!(mean(95..100) > mean(30..35) + 1.0, "{all:?}");
}

#[test]
#[ignore = "needs an NVIDIA GPU"]
fn cuda_teaches_as_the_processor_does() {
    rirn::engine::load_cuda();
    let [expected, found] = ["cpu", "cuda"].map(|device| nearness(device, 5));
    // Later the two have drifted apart, as any two arithmetics do.
    for (step, (a, b)) in expected.iter().zip(&found).take(60).enumerate() {
        assert!((a - b).abs() < 0.1, "step {step}: {a} and {b} dB");
    }
}
