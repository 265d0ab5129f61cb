// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state contract of `docs/ELEMENT.md`, row by row: what is remembered shows in the output,
//! and `stats` tells how often and why it was forgotten.

mod caps;
mod holes;
mod jumps;
mod seek;
mod switches;
