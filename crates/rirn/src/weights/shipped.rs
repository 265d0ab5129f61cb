// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights that are part of the library, so that an element without properties works.
//!
//! What each was trained on and how it scores: `models/README.md`.

/// Name and file of all built-in weights; the first is the default.
const SHIPPED: [(&str, &[u8]); 2] = [
    (
        "lite",
        include_bytes!("../../../../models/lite.safetensors"),
    ),
    (
        "standard",
        include_bytes!(concat!(env!("OUT_DIR"), "/standard.safetensors")),
    ),
];

/// The bytes of the built-in weights of this name.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static [u8]> {
    let row = SHIPPED.iter().find(|(known, _)| *known == name);
    row.map(|(_, bytes)| *bytes)
}

/// The names of all built-in weights, the default first.
#[must_use]
pub fn names() -> [&'static str; SHIPPED.len()] {
    SHIPPED.map(|(name, _)| name)
}
