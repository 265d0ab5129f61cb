// SPDX-License-Identifier: MIT OR Apache-2.0
//! Truncated, changed and made-up files: refused or read, never a panic.

use proptest::prelude::*;

use super::*;

#[test]
fn every_truncation_is_refused() {
    let whole = good();
    for length in 0..whole.len() {
        assert!(
            Weights::parse(whole[..length].to_vec()).is_err(),
            "first {length} bytes"
        );
    }
}

#[test]
fn mutations_are_refused_or_read_but_never_panic() {
    let (whole, mut seed) = (good(), 1u64);
    let mut random = |below: usize| {
        // SplitMix64.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % below
    };
    let mut refused = 0;
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        for _ in 0..=random(4) {
            // Most changes in the header, where they matter.
            let place = if random(8) > 0 {
                random(4200)
            } else {
                random(bytes.len())
            };
            bytes[place] = [random(256) as u8, b'9', b'"', b'['][random(4)];
        }
        match Weights::parse(bytes) {
            Ok(weights) => weights.shapes().for_each(|(name, _)| {
                let (shape, values) = weights.tensor(name).expect("it is in the list");
                assert_eq!(shape.iter().product::<i64>(), values.len() as i64);
            }),
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().contains(char::is_control), "{error}");
            }
        }
    }
    assert!((500..2000).contains(&refused), "{refused} refused of 2000");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    })]

    #[test]
    fn no_header_text_panics(text in r#"[\[\]{}",:\\ a0-9.eE+-]{0,60}"#, data in 0usize..9) {
        if let Err(error) = Weights::parse(file(&text, data)) {
            prop_assert!(!error.to_string().contains(char::is_control));
        }
        let _ = with(&text, data);
    }

    #[test]
    fn an_entry_passes_only_if_it_is_exact(
        shape in proptest::collection::vec(0u64..6, 0..6), begin in 0u64..3, extra in 0u64..3,
    ) {
        let bytes = shape.iter().product::<u64>() * 4;
        let end = begin + bytes + extra;
        let text = entry(&format!("{shape:?}"), &format!("[{begin},{end}]"));
        let fits = begin == 0 && extra == 0 && shape.len() <= 4;
        prop_assert_eq!(with(&text, end as usize).is_ok(), fits);
    }

    #[test]
    fn any_name_is_kept_and_shown_safely(name in "\\PC{0,90}|.{0,90}|[\\x00-\\x1f\"\\\\]{0,9}") {
        prop_assume!(name != "__metadata__");
        let key = serde_json::Value::from(name.as_str()).to_string();
        let weights = with(&entry("[0]", "[0,0]").replace("\"a\"", &key), 0);
        let weights = weights.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(weights.tensor(&name).is_some());
        let message = weights.check_tensors(&[]).expect_err("unknown").to_string();
        prop_assert!(!message.contains(char::is_control) && message.chars().count() < 200);
    }
}
