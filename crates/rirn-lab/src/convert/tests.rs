// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maps against small safetensors files that are written here.

use super::*;
use std::io::Write;

/// A safetensors file of float32 tensors whose values count from 1.
pub(super) fn source(tensors: &[(&str, &[i64])]) -> Source {
    let (mut header, mut values) = (Vec::new(), Vec::new());
    for (name, shape) in tensors {
        let begin = values.len() * 4;
        let count: i64 = shape.iter().product();
        values.extend((1..=count).map(|n| n as f32));
        let end = values.len() * 4;
        header.push(format!(
            "\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{begin},{end}]}}"
        ));
    }
    let header = format!("{{{}}}", header.join(","));
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut write = |bytes: &[u8]| file.write_all(bytes).expect("it can be written");
    write(&(header.len() as u64).to_le_bytes());
    write(header.as_bytes());
    values.iter().for_each(|value| write(&value.to_le_bytes()));
    Source::open(file.path()).expect("a sound file")
}

pub(super) fn map(rules: &str) -> Map {
    Map::parse(&format!("about = \"a test\"\n{rules}")).expect("a sound map")
}

pub(super) fn expected(tensors: &[(&str, &[i64])]) -> Vec<(String, Vec<i64>)> {
    let owned = |(name, shape): &(&str, &[i64])| ((*name).to_owned(), shape.to_vec());
    tensors.iter().map(owned).collect()
}

pub(super) fn refused(source: &Source, map: &Map, tensors: &[(&str, &[i64])]) -> String {
    let plan = Plan::new(source, map, &expected(tensors));
    plan.expect_err("it must be refused").to_string()
}

pub(super) const RULE: &str = "[[layer]]\nto = \"a.{i}\"\nfrom = \"x.{i}\"\n";

#[test]
fn what_is_missing_left_over_or_misshapen_is_named_with_shapes() {
    let file = source(&[("x.0.weight", &[2, 1]), ("x.0.bias", &[2]), ("y", &[3])]);
    let both: [(&str, &[i64]); 2] = [("a.0.weight", &[2, 1]), ("a.0.bias", &[2])];
    assert_eq!(
        refused(&file, &map(RULE), &both),
        "tensor \"y\" of shape [3] is not used, and the map does not drop it"
    );
    assert_eq!(
        refused(&file, &map(RULE), &[("a.1.bias", &[2])]),
        "nothing gives tensor \"a.1.bias\" of shape [2]: the file has no \"x.1.bias\""
    );
    assert_eq!(
        refused(&file, &map(RULE), &[("b.bias", &[2])]),
        "nothing gives tensor \"b.bias\" of shape [2]: the map has no rule for it"
    );
    let told = format!("{RULE}misfit = \"another size\"\n");
    assert_eq!(
        refused(&file, &map(&told), &[("a.0.weight", &[1, 2])]),
        "tensor \"x.0.weight\" has shape [2, 1], but \"a.0.weight\" needs [1, 2]; another size"
    );
    let dropping = map(&format!("{RULE}[[drop]]\nname = \"y\"\nwhy = \"a test\""));
    let plan = Plan::new(&file, &dropping, &expected(&both)).expect("all is used or dropped");
    assert_eq!(plan.dropped(), [("y".to_owned(), "a test".to_owned())]);
}

#[test]
fn a_swapped_weight_is_turned_and_an_absent_bias_is_zero() {
    let file = source(&[("x.0.weight", &[2, 3])]);
    let swap = map(&format!("{RULE}swap = true\nzero_bias = true"));
    let ours = expected(&[("a.0.weight", &[3, 2]), ("a.0.bias", &[2])]);
    let plan = Plan::new(&file, &swap, &ours).expect("both can be made");
    let tensors = plan.tensors(&file).expect("finite values");
    assert_eq!(tensors[0].2, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(tensors[1].2, [0.0, 0.0]);
    let changes: Vec<_> = plan.steps().iter().map(Step::change).collect();
    assert_eq!(changes, [Some("swapped"), Some("zero")]);
}

#[test]
fn a_normalisation_is_folded_into_a_layer_without_bias() {
    let one: &[i64] = &[1];
    let file = source(&[
        ("x.0.weight", &[1, 2]),
        ("n.weight", one),
        ("n.bias", one),
        ("n.running_mean", one),
        ("n.running_var", one),
    ]);
    let ours: [(&str, &[i64]); 2] = [("a.0.weight", &[1, 2]), ("a.0.bias", one)];
    let fold = map(&format!("{RULE}norm = \"n\"\neps = 3.0"));
    let plan = Plan::new(&file, &fold, &expected(&ours)).expect("both can be made");
    let tensors = plan.tensors(&file).expect("finite values");
    // g = 1 / sqrt(1 + 3); bias = g * (0 - 1) + 1.
    assert_eq!(
        (&tensors[0].2[..], &tensors[1].2[..]),
        (&[0.5, 1.0][..], &[0.5][..])
    );
    let less = source(&[("x.0.weight", &[1, 2]), ("n.weight", one), ("n.bias", one)]);
    let reason = refused(&less, &fold, &ours);
    assert!(
        reason.ends_with("the file has no \"n.running_mean\""),
        "{reason}"
    );
}

#[test]
fn tensors_that_share_a_storage_cannot_become_more_than_the_file_holds() {
    let file = source(&[("x.0.weight", &[4])]);
    let rule = "[[layer]]\nto = \"a.{i}\"\nfrom = \"x.0\"\n";
    let ours: [(&str, &[i64]); 2] = [("a.0.weight", &[4]), ("a.1.weight", &[4])];
    let reason = refused(&file, &map(rule), &ours);
    assert!(reason.contains("is 8, more than the allowed 4"), "{reason}");
}

#[test]
fn faulty_maps_are_refused_by_what_is_wrong() {
    for (text, reason) in [
        ("", "about"),
        ("about = 1", "string"),
        ("about = \"\"\nabuot = \"\"", "unknown field `abuot`"),
        ("about = \"\"\n[[layer]]\nto = \"a\"", "from"),
        (
            "about = \"\"\n[[layer]]\nto = \"a\"\nfrom = \"b\"\neps = -1.0",
            "eps of layer \"a\"",
        ),
        (
            "about = \"\"\n[[drop]]\nname = \"**\"\nwhy = \"\"",
            "more than one",
        ),
    ] {
        let error = Map::parse(text).expect_err(text).to_string();
        assert!(
            error.starts_with("map: ") && error.contains(reason),
            "{error}"
        );
    }
    let file = source(&[("x.0.weight", &[4])]);
    let base = "base = { tensor = \"x.0.weight\", axis = 0 }";
    for (text, reason) in [
        ("", "lacks \"cell\""),
        ("cell = \"ifi\"", "lacks \"base\""),
        (&format!("cell = \"unet\"\n{base}"), "unknown cell \"unet\""),
        (
            &format!("cell = \"ifi\"\nhidden = \"gru\"\n{base}"),
            "unknown hidden \"gru\"",
        ),
        (
            &format!("cell = \"ifi\"\nblocks = 65\n{base}"),
            "blocks out of range",
        ),
        (
            "cell = \"ifi\"\nbase = { tensor = \"z\", axis = 0 }",
            "no tensor \"z\"",
        ),
        ("impossible = \"it is round\"", "it is round"),
    ] {
        let error = map(text).spec(&file).expect_err(text).to_string();
        assert!(error.contains(reason), "{error}");
    }
    let unknown = Map::built_in("x").expect_err("unknown").to_string();
    assert!(
        unknown.contains("estrnn-strcnn, simdeblur-estrnn"),
        "{unknown}"
    );
}

#[test]
fn blocks_are_counted_from_zero_without_gaps() {
    let blocks = "cell = \"ifi\"\nbase = { tensor = \"b.0.w\", axis = 0 }\n\
                  blocks = { tensor = \"b.{i}.w\" }";
    let count = |tensors: &[(&str, &[i64])]| {
        let spec = map(blocks).spec(&source(tensors)).expect("in range");
        (spec.base, spec.blocks)
    };
    assert_eq!(
        count(&[("b.0.w", &[5]), ("b.1.w", &[1]), ("b.2.w", &[1])]),
        (5, 3)
    );
    assert_eq!(count(&[("b.0.w", &[5]), ("b.2.w", &[1])]), (5, 1));
}
