// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real files of PyTorch become weights files, and hostile ones are refused by name.
//!
//! The files in `data` are made by `data/make.py`; what a converted network computes is compared
//! in `convert_frames.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rirn::networks::{Spec, expected_tensors};
use rirn_lab::convert::{ConvertError, Map, Plan, Source, convert};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn source(name: &str) -> Source {
    Source::open(&data(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn map(name: &str) -> Map {
    Map::built_in(name).expect("it is built in")
}

fn plan(file: &str, of: &str) -> (Spec, Result<Plan, ConvertError>) {
    let (source, map) = (source(file), map(of));
    let spec = map.spec(&source).expect("the file is of this kind");
    let expected = expected_tensors(&spec).expect("it is built in");
    (spec, Plan::new(&source, &map, &expected))
}

#[test]
fn every_hostile_file_is_refused_by_name() {
    let reasons = fs::read(data("refused/reasons.json")).expect("it is there");
    let mut reasons: BTreeMap<String, String> =
        serde_json::from_slice(&reasons).expect("texts by name");
    let mut wrong = Vec::new();
    for file in fs::read_dir(data("refused")).expect("a folder") {
        let path = file.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name == "reasons.json" {
            continue;
        }
        let reason = reasons
            .remove(&name)
            .unwrap_or_else(|| panic!("{name} has no reason"));
        match Source::open(&path) {
            Err(error) if error.to_string().contains(&reason) => {}
            other => wrong.push(format!("{name}: {:?}", other.map_err(|e| e.to_string()))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(reasons.is_empty(), "no files for {reasons:?}");
}

#[test]
fn no_message_can_steer_a_terminal() {
    for file in fs::read_dir(data("refused")).expect("a folder") {
        let path = file.expect("an entry").path();
        if let Err(error) = Source::open(&path) {
            let text = error.to_string();
            assert!(!text.chars().any(char::is_control), "{path:?}: {text:?}");
            assert!(text.chars().count() < 400, "{path:?}: {text}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["kinds.pt", "kinds.safetensors", "strcnn.pt"] {
        let whole = fs::read(data(name)).expect("it is there");
        for length in (0..whole.len()).step_by(64) {
            let path = folder.path().join("cut");
            fs::write(&path, &whole[..length]).expect("it can be written");
            assert!(Source::open(&path).is_err(), "{name} cut to {length} bytes");
        }
    }
}

#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let error = Source::open(&data("refused")).expect_err("a folder");
    assert!(error.to_string().contains("not a regular file"), "{error}");
    let error = Source::open(&data("absent.pt")).expect_err("nothing");
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn all_kinds_of_numbers_and_views_are_read() {
    let plain = source("kinds-f32.safetensors");
    for name in ["kinds.pt", "kinds-deflated.pt", "kinds.safetensors"] {
        let kinds = source(name);
        assert!(kinds.names().count() >= 5);
        for tensor in kinds.names().filter(|tensor| *tensor != "i64") {
            assert_eq!(kinds.shape(tensor), plain.shape(tensor), "{tensor}");
            let read = kinds.values(tensor).expect("finite values");
            assert_eq!(
                read,
                plain.values(tensor).expect("finite"),
                "{name}: {tensor}"
            );
        }
        let error = kinds.values("i64").expect_err("counters are no weights");
        assert!(error.to_string().contains("whole numbers"), "{error}");
    }
}

#[test]
fn the_second_cell_of_an_ifi_rnn_is_taken_and_the_first_dropped() {
    let (spec, plan) = plan("ifirnn.pth", "estrnn-ifirnn");
    let plan = plan.expect("all tensors are there");
    assert_eq!((spec.cell.word(), spec.base, spec.blocks), ("ifi", 3, 2));
    assert!(
        plan.steps()
            .iter()
            .all(|step| step.from[0].starts_with("rnncell1."))
    );
    assert_eq!(plan.dropped().len(), 22);
    assert!(
        plan.dropped()
            .iter()
            .all(|(name, _)| name.starts_with("rnncell0."))
    );
}

#[test]
fn a_checkpoint_and_a_safetensors_file_of_the_same_network_become_the_same() {
    let map = map("estrnn-ifirnn");
    let made = |name| {
        let source = source(name);
        let spec = map.spec(&source).expect("an IFI-RNN");
        convert(&source, &map, &spec).expect("all tensors are there")
    };
    assert!(made("ifirnn.pth") == made("ifirnn.safetensors"));
}

#[test]
fn normalisations_of_a_strcnn_are_folded_and_its_blending_dropped() {
    let (spec, plan) = plan("strcnn.pt", "estrnn-strcnn");
    let plan = plan.expect("all tensors are there");
    assert_eq!((spec.cell.word(), spec.base, spec.blocks), ("strcnn", 3, 2));
    let folded = |stack: &str| {
        let mut steps = plan
            .steps()
            .iter()
            .filter(|step| step.to.starts_with(stack));
        steps.all(|step| step.change() == Some("folded") && step.from.len() == 5)
    };
    assert!(folded("body.") && folded("tail."));
    let dropped = plan.dropped().iter().map(|(name, _)| name.as_str());
    let (blending, counters): (Vec<_>, Vec<_>) = dropped.partition(|name| name.starts_with("dtb"));
    assert_eq!(blending, ["dtb.filter.bias", "dtb.filter.weight"]);
    assert_eq!(counters.len(), 8);
}

#[test]
fn an_estrnn_is_taken_without_attention_its_last_step_composed_with_the_decoder() {
    for of in ["estrnn-estrnn", "simdeblur-estrnn"] {
        for (file, sizes) in [
            ("estrnn.pth", (2, 2)),
            ("estrnn-one-frame.pth", (2, 2)),
            ("estrnn-bias.pth", (1, 1)),
        ] {
            let (spec, plan) = plan(file, of);
            let plan = plan.expect(file);
            assert_eq!(spec.cell.word(), "rdbn");
            assert_eq!((spec.base, spec.blocks), sizes);
            let composed: Vec<_> = plan
                .steps()
                .iter()
                .filter(|step| step.change().is_some())
                .map(|step| (step.to.as_str(), step.change(), step.from.join(" ")))
                .collect();
            let composed_of = |to, parts: &str| (to, Some("composed"), parts.to_owned());
            let expected = [
                composed_of("dec.0.weight", "recons.model.0.weight fusion.fusion.weight"),
                composed_of(
                    "dec.0.bias",
                    "recons.model.0.bias recons.model.0.weight fusion.fusion.bias",
                ),
            ];
            assert_eq!(composed, expected);
            let mut dropped = plan.dropped().iter().map(|(name, _)| name);
            assert!(dropped.all(|name| {
                name.starts_with("fusion.") && !name.starts_with("fusion.fusion.")
            }));
        }
    }
}

#[test]
fn a_file_of_another_kind_is_refused_by_every_map() {
    for (file, own) in [
        ("strcnn.pt", "estrnn-strcnn"),
        ("ifirnn.pth", "estrnn-ifirnn"),
        ("estrnn-bias.pth", "-estrnn"),
        ("kinds.pt", ""),
    ] {
        let source = source(file);
        let others = |name: &&str| own.is_empty() || !name.ends_with(own);
        for name in Map::names().filter(others) {
            assert!(map(name).spec(&source).is_err(), "{file} by {name}");
        }
    }
}

#[test]
fn every_built_in_map_says_what_it_is_and_what_changes() {
    for name in Map::names() {
        let map = map(name);
        assert!(!map.about().is_empty());
        let impossible = matches!(
            map.spec(&source("kinds.pt")),
            Err(ConvertError::Impossible { .. })
        );
        assert!(
            impossible
                != map
                    .notes()
                    .iter()
                    .any(|note| note.contains("starting point"))
        );
    }
}
