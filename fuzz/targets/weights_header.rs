// SPDX-License-Identifier: MIT OR Apache-2.0
//! The header of a weights file: two bytes say how much data follow, the rest is the JSON text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn::networks::expected_tensors;
use rirn::weights::Weights;
use rirn_fuzz as _;

fuzz_target!(|input: &[u8]| {
    let Some((size, text)) = input.split_first_chunk::<2>() else {
        return;
    };
    let data = usize::from(u16::from_le_bytes(*size));
    let mut file = (text.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(text);
    file.resize(file.len() + data, 0);
    let Ok(weights) = Weights::parse(file) else {
        return;
    };
    // What is accepted fills the data exactly, and every tensor can be read.
    let mut bytes = 0;
    for (name, shape) in weights.shapes() {
        let (same, values) = weights.tensor(name).expect("a listed tensor");
        assert_eq!(same, shape);
        assert_eq!(values.len() as i64, shape.iter().product::<i64>());
        bytes += 4 * values.len();
    }
    assert_eq!(bytes, data);
    assert!(weights.check_finite().is_ok());
    if let Ok(expected) = expected_tensors(weights.spec()) {
        let _fits = weights.verify(&expected);
    }
});
