// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole files; the parts of the loader have tests of their own beside this one. Files that a
//! script made are in `tests/data/refused` and have `tests/refused.rs`.

mod header;
mod random;
mod save;

use std::fs;

use super::*;

/// Metadata that pass, as the first pair of a header.
const META: &str = r#""__metadata__":{"format":"rirn","version":"1","cell":"ifi",
"base":"1","blocks":"0","hidden":"none",
"feature":"none","skip":"true","irm_relu":"false"}"#;

fn good() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/refused");
    fs::read(folder.join("good.safetensors")).expect("good.safetensors is in the repository")
}

fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// A file with good metadata and these further pairs in its header.
fn with(pairs: &str, data: usize) -> Result<Weights, WeightsError> {
    Weights::parse(file(&format!("{{{META},{pairs}}}"), data))
}

#[track_caller]
fn assert_damaged(result: Result<Weights, WeightsError>, words: &str) {
    match result.expect_err(words) {
        WeightsError::Damaged { reason } if reason.contains(words) => {}
        other => panic!("expected damage \"{words}\", got {other:?}"),
    }
}

fn entry(shape: &str, offsets: &str) -> String {
    format!(r#""a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#)
}

#[test]
fn format_comes_before_version_and_version_before_the_rest() {
    let parse = |from: &str, to: &str| {
        let text = format!("{{{META}}}")
            .replace("\"cell\":\"ifi\",", "")
            .replace(from, to);
        Weights::parse(file(&text, 0)).expect_err(to).to_string()
    };
    assert!(parse("rirn\",\"version\":\"1\"", "pt\",\"version\":\"2\"").contains("is \"pt\" and"));
    assert!(parse("\"format\":\"rirn\",", "").contains("not stated"));
    assert_eq!(
        parse("version\":\"1\"", "version\":\"2\""),
        "unknown version \"2\" of the weights format"
    );
    assert_eq!(parse("\"version\":\"1\",", ""), "metadata lack version");
    assert_eq!(parse("", ""), "metadata lack cell");
}

#[test]
fn control_characters_of_a_file_reach_no_message() {
    let tensor = entry("[0]", "[0,0]").replace("\"a\"", r#""a\u001b[31m\n\r\u0000\u202eb""#);
    let weights = with(&tensor, 0).expect("a name may be any text");
    let unknown = weights
        .check_tensors(&[])
        .expect_err("nothing is expected")
        .to_string();
    assert_eq!(
        unknown,
        "weights do not fit network \"ifi-none-none\": unknown tensor \"a[31mb\" of shape [0]"
    );
    let long = tensor
        .replace("[0],", "[1],")
        .replace("a\\u", &("x".repeat(5000) + "\\u"));
    let message = with(&long, 0).expect_err("shape disagrees").to_string();
    assert!(
        message.len() < 200 && !message.contains(char::is_control),
        "{message}"
    );
}

#[test]
fn what_is_not_a_regular_file_is_told() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let open = |path: &Path| Weights::open(path).expect_err("not a weights file");
    assert_eq!(open(&folder.path().join("none")), WeightsError::NotFound);
    assert_eq!(
        open(folder.path()),
        WeightsError::unreadable("it is a folder")
    );
    #[cfg(unix)]
    {
        assert_eq!(
            open(Path::new("/dev/zero")),
            WeightsError::unreadable("it is not a regular file")
        );
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "mkfifo is part of POSIX"
        );
        // Would wait for a writer for ever if it were opened.
        assert_eq!(
            open(&pipe),
            WeightsError::unreadable("it is not a regular file")
        );
    }
}

#[test]
fn the_first_fault_by_name_is_reported() {
    let weights = Weights::parse(good()).expect("good");
    let mut expected: Vec<(String, Vec<i64>)> = weights
        .shapes()
        .map(|(name, shape)| (name.into(), shape.into()))
        .collect();
    weights.verify(&expected).expect("its own shapes");
    let fault = |expected: &[(String, Vec<i64>)]| match weights.check_tensors(expected) {
        Err(WeightsError::Misfit { network, fault }) if network == "ifi-irm-atb" => fault,
        other => panic!("expected a misfit, got {other:?}"),
    };
    let last = expected.len() - 1;
    expected[last].1 = vec![9];
    let name = expected[last].0.clone();
    assert_eq!(
        fault(&expected),
        format!("tensor \"{name}\" has the wrong shape [1, 1, 3, 3], not [9]")
    );
    expected.push(("enc.9.bias".into(), vec![2, 3]));
    assert_eq!(
        fault(&expected),
        "missing tensor \"enc.9.bias\" of shape [2, 3]"
    );
    expected.remove(0);
    assert_eq!(
        fault(&expected),
        "unknown tensor \"body.0.conv0.bias\" of shape [4]"
    );
}

#[test]
fn a_number_that_is_not_finite_is_found_anywhere() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut bytes = good();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&bad.to_le_bytes());
        let error = Weights::parse(bytes)
            .and_then(|w| w.check_finite())
            .expect_err("not finite");
        assert_eq!(
            error.to_string(),
            "tensor \"hidden.irm.res1.conv1.weight\" holds NaN or infinity"
        );
    }
}

#[test]
fn built_in_weights_are_sound() {
    for name in names() {
        let weights = Weights::built_in(name).expect(name);
        weights.check_finite().expect(name);
        assert_eq!(weights.label(), name);
        assert!(matches!(weights.bytes, Cow::Borrowed(_)), "not copied");
    }
    for (name, base) in [("lite", 8), ("standard", 20)] {
        let weights = Weights::built_in(name).expect(name);
        let spec = weights.spec();
        assert_eq!((&*spec.to_string(), spec.base), ("ifi-irm-atb", base));
    }
    let error = Weights::built_in("lit\u{7}e2")
        .expect_err("no such name")
        .to_string();
    assert_eq!(
        error,
        "there are no weights named \"lite2\", there are: lite, standard"
    );
}
