// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faulty weights files are refused for the reason that `reasons.json` names, and the good one
//! beside them is not. Cases are discovered from the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rirn::networks::expected_tensors;
use rirn::weights::{Weights, WeightsError};

/// Per variant, the reasons that must give it. A message contains its reason's words.
const REASONS: [(&str, &[&str]); 5] = [
    (
        "damaged",
        &[
            "file too short",
            "header longer than the file",
            "header longer than allowed",
            "header is not JSON",
            "header is not JSON (nested too deeply)",
            "header is not an object",
            "a key occurs twice",
            "no metadata",
            "metadata that is not text",
            "not F32",
            "bad numbers",
            "shape and offsets disagree",
            "tensors overlap or leave holes",
            "overlap, holes or not filled",
            "tensors do not fill the file",
            "NaN or infinity",
        ],
    ),
    ("foreign", &["not a weights file of this project"]),
    ("version", &["unknown version"]),
    (
        "spec",
        &[
            "metadata lack cell",
            "unknown cell",
            "unknown value",
            "base out of range",
            "base is not a small whole number",
            "blocks out of range",
        ],
    ),
    (
        "misfit",
        &["wrong shape", "missing tensor", "unknown tensor"],
    ),
];

/// Reasons whose words are elsewhere in the message.
const REWORDED: [(&str, &[&str]); 2] = [
    (
        "shape and offsets disagree",
        &["shape and offsets of", "disagree"],
    ),
    ("overlap, holes or not filled", &["overlap or leave holes"]),
];

/// What else the message of a file must contain: the key, value or tensor, and shapes.
const NAMES: [(&str, &[&str]); 24] = [
    ("name-twice", &["\"enc.0.bias\""]),
    ("metadata-number", &["\"skip\""]),
    ("metadata-foreign", &["\"pt\"", "\"rirn\""]),
    ("version-2", &["\"2\""]),
    ("cell-missing", &["cell"]),
    ("cell-unknown", &["\"vit\"", "ifi, strcnn, rdbn, gru, lstm"]),
    ("hidden-unknown", &["\"both\" of hidden", "none, irm, atb"]),
    ("skip-unknown", &["\"yes\" of skip", "true, false"]),
    ("base-zero", &["0, not 1 to 256"]),
    ("base-huge", &["999, not 1 to 256"]),
    ("base-sign", &["\"+1\""]),
    ("blocks-huge", &["65, not 0 to 64"]),
    (
        "base-other",
        &["\"body.0.conv0.bias\"", "[4], not [8]", "\"ifi-irm-atb\""],
    ),
    ("dtype-f16", &["\"enc.0.weight\""]),
    ("dtype-unknown", &["\"enc.0.weight\""]),
    (
        "shape-transposed",
        &["\"dec.0.weight\"", "[2, 4, 3, 3], not [4, 2, 3, 3]"],
    ),
    (
        "shape-flat",
        &["\"enc.0.weight\"", "[75], not [1, 3, 5, 5]"],
    ),
    ("shape-overflow", &["\"enc.0.weight\""]),
    ("shape-negative", &["\"enc.0.weight\""]),
    ("offsets-overlap", &["\"enc.0.weight\""]),
    ("offsets-short", &["\"enc.0.weight\""]),
    ("tensor-missing", &["\"hidden.irm.conv3.bias\"", "[1]"]),
    ("tensor-unknown", &["\"extra.weight\"", "[1]"]),
    ("tensor-renamed", &["\"enc.0.weight\"", "[1, 3, 5, 5]"]),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/refused")
}

/// Faulty file to reason.
fn reasons() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("reasons.json")).expect("reasons.json");
    serde_json::from_str(&text).expect("an object of texts")
}

/// Every check: of the file while opening, of its tensors against the network it describes.
fn load(name: &str) -> Result<(), WeightsError> {
    let weights = Weights::open(&folder().join(name))?;
    let expected = expected_tensors(weights.spec()).expect("an opened file's network has tensors");
    weights.verify(&expected)
}

fn variant(error: &WeightsError) -> &'static str {
    match error {
        WeightsError::Damaged { .. } => "damaged",
        WeightsError::Foreign { .. } => "foreign",
        WeightsError::Version { .. } => "version",
        WeightsError::Spec(_) => "spec",
        WeightsError::Misfit { .. } => "misfit",
        _ => "another variant",
    }
}

/// The variant of a reason, and words of which its messages have all.
fn expected(reason: &str) -> (&'static str, Vec<&str>) {
    let row = REASONS
        .iter()
        .find(|(_, reasons)| reasons.contains(&reason));
    let (variant, _) = row.unwrap_or_else(|| panic!("\"{reason}\" is in no row of REASONS"));
    let reworded = REWORDED.iter().find(|(from, _)| *from == reason);
    (
        variant,
        reworded.map_or(vec![reason], |(_, words)| words.to_vec()),
    )
}

#[test]
fn every_faulty_file_is_refused_for_its_reason() {
    for (file, reason) in reasons() {
        let (kind, words) = expected(&reason);
        let Err(error) = load(&file) else {
            panic!("{file} was accepted, expected: {reason}");
        };
        let message = error.to_string();
        assert_eq!(variant(&error), kind, "{file}: {message}");
        for word in words {
            assert!(
                message.contains(word),
                "{file}: {message}; expected: {word}"
            );
        }
        assert!(
            !message.ends_with('.') && !message.contains(char::is_control),
            "{file}: {message}"
        );
    }
}

#[test]
fn messages_name_the_key_or_the_tensor() {
    for (stem, words) in NAMES {
        let message = load(&format!("{stem}.safetensors"))
            .expect_err(stem)
            .to_string();
        for word in words {
            assert!(
                message.contains(word),
                "{stem}: {message}; expected: {word}"
            );
        }
    }
    for stem in ["value-nan", "value-infinite"] {
        let message = load(&format!("{stem}.safetensors"))
            .expect_err(stem)
            .to_string();
        assert!(message.starts_with("tensor \""), "{stem}: {message}");
    }
}

#[test]
fn the_good_file_is_accepted() {
    load("good.safetensors").expect("good.safetensors has no fault");
}

#[test]
fn the_folder_and_its_list_agree() {
    let listed: BTreeSet<String> = reasons().into_keys().collect();
    let entries = fs::read_dir(folder()).expect("the folder of faulty files");
    let found = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    let mut found: BTreeSet<String> = found.map(|name| name.expect("a UTF-8 name")).collect();
    for known in ["good.safetensors", "reasons.json"] {
        assert!(found.remove(known), "{known} is missing");
    }
    assert_eq!(found, listed);
    assert!(
        listed.len() >= 38,
        "some files were lost: {} are left",
        listed.len()
    );
}
