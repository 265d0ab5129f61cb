// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names of networks, as text and as metadata; what is accepted comes back from its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn::Spec;
use rirn::networks::expected_tensors;
use rirn_fuzz as _;
use std::collections::BTreeMap;

fuzz_target!(|input: &str| {
    if let Ok(spec) = input.parse::<Spec>() {
        assert_eq!(spec.to_string().parse::<Spec>(), Ok(spec));
        assert!(spec.check().is_ok());
    }
    // A value a line, in the order of the keys.
    let pairs = Spec::KEYS.iter().zip(input.lines());
    let metadata: BTreeMap<_, _> = pairs.map(|(k, v)| (k.to_string(), v.to_owned())).collect();
    if let Ok(spec) = Spec::from_metadata(&metadata) {
        assert_eq!(spec.to_metadata(), metadata);
        let tensors = expected_tensors(&spec).unwrap_or_default();
        assert!(
            tensors
                .iter()
                .all(|(_, shape)| shape.iter().all(|size| *size > 0))
        );
    }
});
