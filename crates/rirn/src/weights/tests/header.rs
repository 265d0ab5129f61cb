// SPDX-License-Identifier: MIT OR Apache-2.0
//! Headers that lie, one way each.

use super::*;

#[test]
fn a_file_may_have_scalars_empty_tensors_and_padding() {
    let pairs = entry("[]", "[0,4]") + "," + &entry("[0,7]", "[4,4]").replace("\"a\"", "\"b\"");
    let weights = Weights::parse(file(&format!("{{{META},{pairs}}}  \n"), 4)).expect("legal");
    assert_eq!(weights.tensor("a"), Some((&[][..], vec![0.0])));
    assert_eq!(weights.tensor("b"), Some((&[0, 7][..], vec![])));
    assert_eq!(weights.tensor("c"), None);
}

#[test]
fn numbers_other_than_small_whole_ones_are_bad() {
    let odd = [
        "1.0",
        "1e3",
        "-1",
        "-0",
        "268435457",
        "18446744073709551616",
        "\"1\"",
        "null",
        "true",
    ];
    for n in odd {
        assert_damaged(
            with(&entry(&format!("[{n}]"), "[0,4]"), 4),
            "bad numbers in \"a\"",
        );
        assert_damaged(
            with(&entry("[1]", &format!("[0,{n}]")), 4),
            "bad numbers in \"a\"",
        );
    }
    assert_damaged(with(&entry("4", "[0,4]"), 4), "bad numbers in \"a\"");
}

#[test]
fn shapes_and_offsets_must_agree() {
    for (shape, offsets) in [
        ("[1]", "[0]"),
        ("[1]", "[0,4,4]"),
        ("[1]", "[4,0]"),
        ("[2]", "[0,4]"),
        ("[1,1,1,1,1]", "[0,4]"),
        ("[268435456,268435456]", "[0,4]"),
        ("[268435456,16,0]", "[0,0]"),
        ("[1073741]", "[0,4]"),
    ] {
        assert_damaged(
            with(&entry(shape, offsets), 4),
            "shape and offsets of \"a\" disagree",
        );
    }
}

#[test]
fn a_tensor_larger_than_any_file_is_refused_without_its_memory() {
    let whole = entry("[67108864]", "[0,268435456]");
    assert_damaged(with(&whole, 4), "tensors do not fill the file");
    assert_damaged(
        with(&entry("[67108865]", "[0,268435460]"), 4),
        "bad numbers",
    );
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("sparse.safetensors");
    let sparse = fs::File::create(&path).expect("a file for the test");
    sparse.set_len(MAX_FILE + 1).expect("a sparse file");
    assert_damaged(Weights::open(&path), "file too long");
}

#[test]
fn entries_have_three_keys_and_one_type() {
    for pair in [
        r#""a":1"#,
        r#""a":[]"#,
        r#""a":{}"#,
        r#""a":{"dtype":"F32","shape":[1]}"#,
        r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}"#,
    ] {
        assert_damaged(with(pair, 4), "bad entry \"a\"");
    }
    for dtype in ["\"F16\"", "\"f32\"", "7"] {
        let pair = entry("[1]", "[0,4]").replace("\"F32\"", dtype);
        assert_damaged(with(&pair, 4), "tensor \"a\" is not F32");
    }
}

#[test]
fn areas_must_tile_the_data() {
    let two =
        |second| entry("[1]", "[0,4]") + "," + &entry("[1]", second).replace("\"a\"", "\"b\"");
    with(&two("[4,8]"), 8).expect("two tensors side by side");
    for second in ["[0,4]", "[5,9]", "[8,12]", "[2,6]"] {
        assert_damaged(
            with(&two(second), 8),
            "tensors overlap or leave holes before \"b\"",
        );
    }
    assert_damaged(with(&two("[4,8]"), 7), "tensors do not fill the file");
    assert_damaged(with(&two("[4,8]"), 9), "tensors do not fill the file");
}

#[test]
fn keys_that_are_equal_after_escapes_are_equal() {
    let tensor = entry("[0]", "[0,0]");
    let escaped = tensor.replace("\"a\"", r#""\u0061""#);
    assert_damaged(
        with(&format!("{tensor},{escaped}"), 0),
        "a key occurs twice: \"a\"",
    );
    let inside = tensor.replace("\"dtype\"", r#""dtyp\u0065":"F16","dtype""#);
    assert_damaged(with(&inside, 0), "a key occurs twice: \"dtype\"");
    let meta = format!("{{{META}}}").replace("\"base\"", r#""b\u0061se":"2","base""#);
    assert_damaged(
        Weights::parse(file(&meta, 0)),
        "a key occurs twice: \"base\"",
    );
    assert_damaged(with(META, 0), "a key occurs twice: \"__metadata__\"");
}

#[test]
fn texts_that_are_not_one_object_are_refused() {
    let deep = format!("{{\"a\":{}", "[".repeat(50_000));
    for (text, words) in [
        ("[]", "header is not an object"),
        ("7", "header is not an object"),
        ("", "header is not JSON"),
        ("{}", "no metadata"),
        ("{\"__metadata__\":null}", "metadata that is not text"),
        (
            "{\"__metadata__\":{\"note\":[]}}",
            "metadata that is not text: \"note\"",
        ),
        ("{\"a\":[[[0]]]}", "nested too deeply"),
        (&deep, "header is not JSON (nested too deeply)"),
        ("{\"a\":NaN}", "header is not JSON"),
        ("{\"\\ud800\":1}", "header is not JSON"),
        (&format!("{{{META}}}x"), "header is not JSON"),
        (&format!("{{{META}}}\0"), "header is not JSON"),
    ] {
        assert_damaged(Weights::parse(file(text, 0)), words);
    }
    let mut broken = file(&format!("{{{META}}}"), 0);
    broken[20] = 0xff;
    assert_damaged(Weights::parse(broken), "header is not JSON (not UTF-8)");
}

#[test]
fn a_header_may_be_one_mebibyte_long() {
    let text = format!("{{{META}}}");
    let padded = |length: u64| {
        let space = " ".repeat(length as usize - text.len());
        Weights::parse(file(&(text.clone() + &space), 0))
    };
    padded(MAX_HEADER).expect("as long as allowed");
    assert_damaged(padded(MAX_HEADER + 1), "header longer than allowed");
}
