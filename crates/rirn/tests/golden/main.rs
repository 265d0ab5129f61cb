// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks against the golden files of `tests/data/golden`, discovered from the folder, within
//! the numerical contract of `docs/NETWORKS.md`.

mod cuda;
mod file;
mod long;
mod oracle;
mod used;
