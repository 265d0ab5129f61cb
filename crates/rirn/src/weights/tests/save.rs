// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is saved loads again, here and elsewhere, and only that is saved.

use super::*;
use crate::networks::{Cell, SlotKind};

type Tensors = Vec<(String, Vec<i64>, Vec<f32>)>;

fn everything(weights: &Weights) -> Tensors {
    let shapes = weights.shapes();
    shapes
        .map(|(name, shape)| {
            let (_, values) = weights.tensor(name).expect("it is in the list");
            (name.to_string(), shape.to_vec(), values)
        })
        .collect()
}

#[test]
fn saving_what_was_opened_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("copy.safetensors");
    let weights = Weights::parse(good()).expect("good");
    let mut tensors = everything(&weights);
    tensors.reverse();
    for _ in 0..2 {
        save(&path, weights.spec(), weights.notes(), &tensors).expect("saved, also over itself");
        assert_eq!(fs::read(&path).expect("written"), good());
    }
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        1,
        "no temporary file stays"
    );
    let again = Weights::open(&path).expect("opens");
    assert_eq!(again.label(), "copy.safetensors");
    assert_eq!(
        (again.spec(), again.notes()),
        (weights.spec(), weights.notes())
    );
    tensors.reverse();
    assert_eq!(everything(&again), tensors);
}

#[test]
fn the_safetensors_crate_reads_what_is_saved() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("strange names.safetensors");
    let spec = Spec {
        base: 3,
        ..Spec::paper(Cell::Lstm, SlotKind::Atb, SlotKind::None)
    };
    let notes = BTreeMap::from([("note".to_string(), "ä \"\\ \n \u{1}".to_string())]);
    let tensors: Tensors = vec![
        ("z \"\\\n".into(), vec![2, 1], vec![1.5, -0.0]),
        ("a".into(), vec![], vec![f32::MIN_POSITIVE]),
        ("b".into(), vec![0], vec![]),
    ];
    save(&path, &spec, &notes, &tensors).expect("saved");
    let bytes = fs::read(&path).expect("written");
    let read = safetensors::SafeTensors::deserialize(&bytes).expect("reads");
    for (name, shape, values) in &tensors {
        let view = read.tensor(name).expect(name);
        let data: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert!(
            view.shape()
                .iter()
                .map(|n| *n as i64)
                .eq(shape.iter().copied())
        );
        assert_eq!(
            (view.dtype(), view.data()),
            (safetensors::Dtype::F32, &data[..])
        );
    }
    let (length, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("reads");
    assert_eq!(length % 8, 0);
    let metadata = header.metadata().as_ref().expect("metadata");
    assert_eq!((&metadata["note"], metadata.len()), (&notes["note"], 10));
}

#[test]
fn what_the_loader_would_refuse_is_not_saved() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("kept.safetensors");
    fs::write(&path, "before").expect("written");
    let spec = Spec::paper(Cell::Gru, SlotKind::None, SlotKind::None);
    let one = |shape: &[i64], value: f32| ("a".to_string(), shape.to_vec(), vec![value]);
    let note = BTreeMap::from([("base".to_string(), "9".to_string())]);
    let none = BTreeMap::new();
    for (spec, notes, tensors, words) in [
        (
            spec,
            &none,
            vec![one(&[2], 1.0)],
            "shape and offsets of \"a\" disagree",
        ),
        (spec, &none, vec![one(&[-1], 1.0)], "bad numbers in \"a\""),
        (
            spec,
            &none,
            vec![one(&[1], f32::NAN)],
            "tensor \"a\" holds NaN or infinity",
        ),
        (
            spec,
            &none,
            vec![one(&[1], 1.0), one(&[1], 1.0)],
            "a key occurs twice: \"a\"",
        ),
        (
            spec,
            &note,
            vec![one(&[1], 1.0)],
            "a key occurs twice: \"base\"",
        ),
        (
            Spec { base: 0, ..spec },
            &none,
            vec![],
            "base out of range: 0, not 1 to 256",
        ),
    ] {
        let error = save(&path, &spec, notes, &tensors).expect_err(words);
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(fs::read(&path).expect("still there"), b"before");
    let error = save(&folder.path().join("no/where"), &spec, &none, &[]).expect_err("no folder");
    assert!(
        matches!(error, WeightsError::Unwritable { .. }),
        "{error:?}"
    );
}
