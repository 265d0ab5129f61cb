// SPDX-License-Identifier: MIT OR Apache-2.0
//! Data sets, and the clips that networks are trained on.
//!
//! | part | what |
//! |---|---|
//! | [`sequences`] | GOPRO, REDS, DVD, BSD or own folders as [`Sequence`]s, checked before anything starts |
//! | [`Mixture`] | clips of real pairs, photographs and videos by a table of settings |
//! | [`preview`] | a contact sheet of such clips, to look at |
//!
//! How blur comes into photographs and videos is in `crate::blur`. Flips and time reversal are made
//! where the clips are used, not here. Nothing is written to disk.

mod cache;
mod clip;
mod error;
mod finish;
mod folder;
mod layout;
mod mixture;
mod order;
mod pairs;
mod photos;
mod preview;
mod sequence;
mod settings;
mod video;
mod videos;

pub use cache::{Picture, PictureCache};
pub use clip::{Clip, ClipSource};
pub use error::DataError;
pub use image::RgbImage;
pub use layout::{BlurKind, Choice, Split, sequences};
pub use mixture::Mixture;
pub(crate) use order::to_and_fro;
pub use pairs::Pairs;
pub use photos::Photos;
pub use preview::preview;
pub use sequence::Sequence;
pub(crate) use settings::is_nothing;
pub use settings::{MixtureSettings, Shares};
pub use video::Decoder;
pub use videos::Videos;

#[cfg(test)]
mod tests;
