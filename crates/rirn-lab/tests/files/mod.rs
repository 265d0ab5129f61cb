// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights files for tests: networks of zeros.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rirn::Spec;
use rirn::networks::expected_tensors;

/// A path below the repository's `tests/data`.
pub(crate) fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data")
        .join(path)
}

/// The network of this short name at the paper's size.
pub(crate) fn spec(label: &str) -> Spec {
    label.parse().expect("a network")
}

/// A network of a few kilobytes.
pub(crate) fn small() -> Spec {
    let mut spec = spec("ifi-irm-atb");
    (spec.base, spec.blocks) = (1, 1);
    spec
}

/// Writes a weights file in which all values are zero.
pub(crate) fn write(path: &Path, spec: &Spec, notes: &BTreeMap<String, String>) {
    let tensors: Vec<_> = expected_tensors(spec)
        .expect("the network is built in")
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product::<i64>();
            (
                name,
                shape,
                vec![0.0; usize::try_from(count).expect("a size")],
            )
        })
        .collect();
    rirn::weights::save(path, spec, notes, &tensors).expect("the file can be written");
}
