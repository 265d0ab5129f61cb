// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checkpoints of other programs: archives, pickles and tensors that nobody vouches for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn_fuzz::Scratch;
use rirn_lab::convert::Source;
use std::sync::{LazyLock, Mutex};

static SCRATCH: LazyLock<Mutex<Scratch>> = LazyLock::new(Mutex::default);

fuzz_target!(|input: &[u8]| {
    let mut scratch = SCRATCH.lock().expect("one thread");
    scratch.fill(input);
    let source = match Source::open(&scratch.path) {
        Ok(source) => source,
        Err(error) => {
            // What is said of a hostile file is fit to be shown.
            let text = error.to_string();
            assert!(
                text.len() < 4096 && !text.chars().any(char::is_control),
                "{text:?}"
            );
            return;
        }
    };
    for name in source.names() {
        let shape = source.shape(name).expect("a listed tensor");
        if let Ok(values) = source.values(name) {
            assert_eq!(values.len() as i64, shape.iter().product::<i64>());
        }
    }
});
