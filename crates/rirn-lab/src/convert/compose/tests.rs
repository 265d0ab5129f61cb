// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arithmetic against numbers worked out by hand, and the rule in maps against small files.

use super::super::tests::{RULE, expected, map, refused, source};
use super::super::{Map, Plan};
use super::*;

const BEFORE: &str = "before = { from = \"f\", columns = \"last\", transposed = 2 }\n";

const UP: Kernel = Kernel::Transposed { stride: 2 };

#[test]
fn a_weight_is_multiplied_along_its_inputs_and_the_last_columns_count() {
    // Two values between, one output, two taps: W[0] = (1, 2), W[1] = (3, 4), the same in
    // both layouts. Of the three columns the last two are our inputs.
    let own = [1.0, 2.0, 3.0, 4.0];
    let first = [9.0, 1.0, 10.0, 9.0, 100.0, 1000.0];
    let expected = [301.0, 402.0, 3010.0, 4020.0];
    assert_eq!(product(&own, &first, &[2, 1, 2], UP), expected);
    assert_eq!(product(&own, &first, &[1, 2, 2], Kernel::Plain), expected);
}

#[test]
fn layouts_differ_where_there_are_several_outputs() {
    // One input; [between, outputs] is (1, 2), (3, 4) transposed, (1, 3), (2, 4) plain.
    let own = [1.0, 2.0, 3.0, 4.0];
    let first = [1.0, 10.0];
    assert_eq!(product(&own, &first, &[1, 2], UP), [31.0, 42.0]);
    assert_eq!(product(&own, &first, &[2, 1], Kernel::Plain), [21.0, 43.0]);
}

#[test]
fn a_constant_before_a_layer_adds_to_its_bias() {
    // The taps of one output, from two inputs with the constants 1 and 10.
    let weight = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(
        shifted(&[0.5], &weight, &[1.0, 10.0], 1, Kernel::Plain),
        [73.5]
    );
    assert_eq!(
        shifted(&[0.5], &weight, &[1.0, 10.0], 1, UP),
        [0.5 + 73.0 / 4.0]
    );
    assert_eq!(shifted(&[], &weight, &[2.0], 2, UP), [1.5, 3.5]);
}

#[test]
fn a_convolution_before_a_layer_is_multiplied_in_if_the_file_has_it() {
    let own: [(&str, &[i64]); 2] = [("x.0.weight", &[2, 1, 1, 1]), ("x.0.bias", &[1])];
    let ours = expected(&[("a.0.bias", &[1]), ("a.0.weight", &[2, 1, 1, 1])]);
    let composing = map(&format!("{RULE}{BEFORE}"));
    let made = |more: &[(&str, &[i64])], map: &Map| {
        let file = source(&[&own[..], more].concat());
        let plan = Plan::new(&file, map, &ours).expect("all can be made");
        let tensors = plan.tensors(&file).expect("finite values");
        let changes: Vec<_> = plan.steps().iter().map(Step::change).collect();
        (tensors[0].2.clone(), tensors[1].2.clone(), changes)
    };
    let (composed, plain) = (Some("composed"), None);
    // Values count from 1: x.0.weight is (1, 2), the last two columns of f.weight (3, 4), (7, 8).
    let weight: (&str, &[i64]) = ("f.weight", &[2, 3, 1, 1]);
    let even: (&str, &[i64]) = ("f.weight", &[2, 4, 1, 1]);
    let bias: (&str, &[i64]) = ("f.bias", &[2]);
    // 1 + (1 * 1 + 2 * 2) / 4; 1 * 3 + 2 * 7 and 1 * 4 + 2 * 8.
    let both = (vec![2.25], vec![17.0, 20.0], vec![composed, composed]);
    assert_eq!(made(&[even, bias], &composing), both);
    let without_bias = (vec![1.0], vec![17.0, 20.0], vec![plain, composed]);
    assert_eq!(made(&[even], &composing), without_bias);
    assert_eq!(
        made(&[], &composing),
        (vec![1.0], vec![1.0, 2.0], vec![plain, plain])
    );
    let file = source(&[own[0], own[1], weight, bias]);
    let reason = refused(&file, &composing, &[("a.0.weight", own[0].1)]);
    assert_eq!(
        reason,
        "tensor \"f.weight\" has shape [2, 3, 1, 1], but \"a.0.weight\" needs [2, 2, 1, 1]"
    );
}

#[test]
fn a_layer_that_does_not_fit_the_convolution_before_it_is_refused_with_shapes() {
    let ours: (&str, &[i64]) = ("a.0.weight", &[2, 1, 3, 3]);
    let told = format!("{RULE}{BEFORE}misfit = \"told\"\n");
    let all = told.replace("last", "all");
    let shapes = |own: &[i64], before: &[i64], rules: &str| {
        let file = source(&[("x.0.weight", own), ("f.weight", before)]);
        refused(&file, &map(rules), &[ours])
    };
    for (own, before, rules, reason) in [
        (
            &[6, 1, 3, 3][..],
            &[5, 6, 1, 1][..],
            &told,
            "x.0.weight\" has shape [6, 1, 3, 3], but \"a.0.weight\" needs [5, 1, 3, 3]; told",
        ),
        (
            &[5, 2, 3, 3],
            &[5, 6, 1, 1],
            &told,
            "needs [5, 1, 3, 3]; told",
        ),
        (&[5, 1, 3], &[5, 6, 1, 1], &told, "needs [5, 1, 3, 3]; told"),
        (
            &[5, 1, 3, 3],
            &[5, 6, 3, 3],
            &told,
            "needs [5, 6, 1, 1]; told",
        ),
        (&[5, 1, 3, 3], &[5, 6], &told, "needs [5, 6, 1, 1]; told"),
        (
            &[5, 1, 3, 3],
            &[5, 1, 1, 1],
            &told,
            "needs [5, 2, 1, 1]; told",
        ),
        (
            &[5, 1, 3, 3],
            &[5, 6, 1, 1],
            &all,
            "needs [5, 2, 1, 1]; told",
        ),
        (
            &[0, 1, 3, 3],
            &[0, 6, 1, 1],
            &told,
            "needs [1, 6, 1, 1]; told",
        ),
        (&[5, 1, 3, 3], &[], &told, "needs [1, 2, 1, 1]; told"),
    ] {
        let told = shapes(own, before, rules);
        assert!(told.ends_with(reason), "{told} is not {reason}");
    }
}

#[test]
fn a_bias_that_does_not_fit_the_convolution_before_its_layer_is_refused_with_shapes() {
    let bias: (&str, &[i64]) = ("a.0.bias", &[1]);
    let rules = map(&format!("{RULE}{BEFORE}"));
    for (weight, own, before, reason) in [
        (
            &[5, 1, 3, 3][..],
            &[1][..],
            &[4][..],
            "x.0.weight\" has shape [5, 1, 3, 3], but \"a.0.bias\" needs [4, 1, 3, 3]",
        ),
        (&[5], &[1], &[5], "needs [5, 1]"),
        (
            &[5, 1, 3, 3],
            &[2],
            &[5],
            "x.0.bias\" has shape [2], but \"a.0.bias\" needs [1]",
        ),
        (&[5, 1, 3, 3], &[1], &[5, 1], "needs [5]"),
    ] {
        let file = source(&[
            ("x.0.weight", weight),
            ("x.0.bias", own),
            ("f.bias", before),
        ]);
        let told = refused(&file, &rules, &[bias]);
        assert!(told.ends_with(reason), "{told} is not {reason}");
    }
}

#[test]
fn half_of_a_convolution_is_not_taken_for_none_and_only_convolutions_have_one_before() {
    let rules = map(&format!("{RULE}{BEFORE}"));
    let ours: (&str, &[i64]) = ("a.0.weight", &[2, 1, 3, 3]);
    let file = source(&[("x.0.weight", ours.1), ("f.bias", &[2])]);
    let reason = refused(&file, &rules, &[ours]);
    assert!(reason.ends_with("the file has no \"f.weight\""), "{reason}");
    let file = source(&[("x.0.weight", &[2]), ("f.weight", &[2, 2, 1, 1])]);
    let reason = refused(&file, &rules, &[("a.0.weight", &[2])]);
    assert!(reason.ends_with("for convolutions only"), "{reason}");
}

#[test]
fn faulty_rules_are_refused_by_what_is_wrong() {
    for (rule, reason) in [
        (format!("{BEFORE}swap = true"), "does not go with"),
        (format!("{BEFORE}norm = \"n\""), "does not go with"),
        (BEFORE.replace('2', "0"), "no stride"),
        (BEFORE.replace('2', "17"), "no stride"),
        (BEFORE.replace("last", "first"), "unknown variant `first`"),
        (
            BEFORE.replace("columns", "colums"),
            "unknown field `colums`",
        ),
    ] {
        let map = Map::parse(&format!("about = \"\"\n{RULE}{rule}"));
        let error = map.expect_err(&rule).to_string();
        assert!(error.contains(reason), "{error}");
    }
}
