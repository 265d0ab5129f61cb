// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an evaluation looks like to a reader.
//!
//! | module | what |
//! |---|---|
//! | [`table`] | tables as Markdown, every frame's score as CSV |
//! | [`chart`] | line charts as SVG |
//! | [`mod@page`] | one HTML page with tables, charts and pictures to compare |
//! | [`mod@video`] | pictures side by side as a video |
//! | [`mod@error`] | [`ReportError`] |
//!
//! Nothing here computes a score; the numbers are those of [`crate::eval::scores`]. Names of
//! sequences, files and networks may come from anywhere: no text here lets them act as markup.

pub mod chart;
pub mod error;
pub mod page;
pub mod table;
pub mod video;

#[cfg(test)]
mod tests;

pub use error::ReportError;
pub use page::{Figure, Panel, page};
pub use table::{csv, markdown};
pub use video::side_by_side;
