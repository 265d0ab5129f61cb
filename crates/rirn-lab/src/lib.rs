// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tools around the deblurring networks of [`rirn`]. The programs in `examples/` are thin faces
//! over this crate; the GStreamer plugin does not know it.
//!
//! | module | what |
//! |---|---|
//! | [`ablation`] | the paper's tables S5 and S6 made anew |
//! | [`mod@bench`] | time a frame through the engine |
//! | [`blur`] | motion blur made from sharp pictures |
//! | [`convert`] | checkpoints of other programs to weights files |
//! | [`data`] | data sets, and the clips that networks are trained on |
//! | [`eval`] | PSNR, SSIM, flicker; weights run over sequences; experiments |
//! | [`inspect`] | what a weights file is: network, cost, delay, notes, layer table |
//! | [`published`] | the paper's tables S5 and S6 as numbers |
//! | [`report`] | an evaluation as Markdown, CSV, page and video |
//! | [`train`] | from a recipe and pictures to a weights file |
//! | [`visible`] | text of unknown origin, made fit for a terminal |
//! | [`mod@error`] | [`Error`] |
//!
//! Like `rirn`, the crate neither prints nor logs: it gives values and texts.
//!
//! ```
//! use rirn_lab::inspect::Card;
//!
//! # fn main() -> rirn_lab::Result<()> {
//! let card = Card::built_in("lite")?;
//! assert_eq!(card.parameters, 206_339);
//! assert!(card.to_string().contains("IFI-RNN + IRM + ATB"));
//! # Ok(())
//! # }
//! ```

pub mod ablation;
pub mod bench;
pub mod blur;
pub mod convert;
pub mod data;
pub mod error;
pub mod eval;
pub mod inspect;
pub mod published;
mod random;
pub mod report;
pub mod train;
pub mod visible;

pub use error::{Error, Result};
