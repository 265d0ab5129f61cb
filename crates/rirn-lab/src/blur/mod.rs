// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blur as a camera makes it, computed from sharp pictures.
//!
//! Light is averaged over an exposure: over a camera path above photographs ([`Synthesis`]) or over
//! the frames of a sharp video ([`average`], [`motion`]). What a camera adds afterwards follows:
//! noise ([`Noise`]) and compression ([`jpeg`], [`H264`]). The rules are those of the evaluation
//! document's "Blur synthesis"; the truth is always the moment in the middle of the exposure.
//!
//! Pictures come and go as bytes. The module opens no files and does not know data sets; that is
//! `data`. It makes neither flips nor crops of real pairs.

mod compress;
mod detail;
mod light;
mod matte;
mod motion;
mod noise;
mod path;
mod program;
mod scene;
mod synthesis;
mod texture;

pub use compress::{CompressError, H264, jpeg};
pub use detail::DetailMap;
pub use light::{Averaging, Light, average};
pub use motion::{Grey, motion};
pub use noise::Noise;
pub use path::{CameraPath, Pose};
pub use program::{ProgramError, Stop, is_installed, with_output};
pub use synthesis::{Exposed, Synthesis};
pub use texture::reduce;

#[cfg(test)]
mod tests;
