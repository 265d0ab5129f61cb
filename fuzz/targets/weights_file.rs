// SPDX-License-Identifier: MIT OR Apache-2.0
//! A whole weights file: what is read from memory and from a file is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn::networks::expected_tensors;
use rirn::weights::Weights;
use rirn_fuzz::Scratch;
use std::sync::{LazyLock, Mutex};

static SCRATCH: LazyLock<Mutex<Scratch>> = LazyLock::new(Mutex::default);

fuzz_target!(|input: &[u8]| {
    let mut scratch = SCRATCH.lock().expect("one thread");
    scratch.fill(input);
    let from_file = Weights::open(&scratch.path);
    match (Weights::parse(input.to_vec()), from_file) {
        (Ok(parsed), Ok(opened)) => {
            assert!(parsed.has_equal_tensors(&opened));
            assert_eq!(parsed.notes(), opened.notes());
            if let Ok(expected) = expected_tensors(parsed.spec()) {
                assert_eq!(
                    parsed.verify(&expected).is_ok(),
                    opened.verify(&expected).is_ok()
                );
            }
        }
        (Err(parsed), Err(opened)) => assert_eq!(parsed.to_string(), opened.to_string()),
        (parsed, opened) => panic!("{parsed:?} is not {opened:?}"),
    }
});
