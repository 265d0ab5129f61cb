// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights of other programs become ours.
//!
//! A [`Source`] is a file with named tensors: what `torch.save` wrote, read as data and never
//! run, or a safetensors file under other names. A [`Map`] tells which of them become which of
//! ours. A [`Plan`] is the two brought together and checked by names and shapes; it tells what
//! is taken, folded and dropped, and makes the tensors. Files may be hostile: all sizes are
//! checked before anything is allocated, and what is refused is named.
//!
//! Most public networks are not exactly ours (`docs/NETWORKS.md`): [`Map::notes`] says in what a
//! converted network differs from the one its weights were trained for.

mod archive;
mod checkpoint;
mod colours;
mod compose;
mod dtype;
mod error;
mod flat;
mod fold;
mod map;
mod pattern;
mod pickle;
mod plan;
mod sizes;
mod tensor;

pub use checkpoint::Source;
pub use error::ConvertError;
pub use map::Map;
pub use plan::{Plan, Step};

use rirn::networks::{Spec, expected_tensors};

/// Largest file, and largest sum of unpacked sizes in it, in bytes: that of our weights files.
const MAX_FILE: u64 = 1 << 28;

/// The maps that come with the program.
const BUILT_IN: [(&str, &str); 6] = [
    (
        "estrnn-estrnn",
        include_str!("../../maps/estrnn-estrnn.toml"),
    ),
    (
        "estrnn-ifirnn",
        include_str!("../../maps/estrnn-ifirnn.toml"),
    ),
    (
        "estrnn-strcnn",
        include_str!("../../maps/estrnn-strcnn.toml"),
    ),
    (
        "simdeblur-estrnn",
        include_str!("../../maps/simdeblur-estrnn.toml"),
    ),
    (
        "simdeblur-ifirnn",
        include_str!("../../maps/simdeblur-ifirnn.toml"),
    ),
    (
        "simdeblur-strcnn",
        include_str!("../../maps/simdeblur-strcnn.toml"),
    ),
];

/// Tensors by name, shape and values in row-major order, as [`rirn::weights::save`] takes them.
pub type Tensors = Vec<(String, Vec<i64>, Vec<f32>)>;

/// The tensors of the network `spec`, made from those of `source` as `map` says.
///
/// # Errors
/// As [`Plan::new`] and [`Plan::tensors`]; [`ConvertError::Network`] if the cell is not built in.
pub fn convert(source: &Source, map: &Map, spec: &Spec) -> Result<Tensors, ConvertError> {
    Plan::new(source, map, &expected_tensors(spec)?)?.tensors(source)
}

#[cfg(test)]
mod tests;
