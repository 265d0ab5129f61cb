// SPDX-License-Identifier: MIT OR Apache-2.0
//! How good weights are: metrics, protocols, and weights run over sequences through the engine
//! that the GStreamer element runs, frame by frame.
//!
//! Everything is measured on the frame that a user gets: RGB, clamped, times 255, rounded half
//! up. [`evaluate`] scores the blurred input and every [`Candidate`] on all sequences of a
//! [`Bench`] and then runs the [`Experiment`]s; the result is the plain data of [`scores`]. What
//! happens meanwhile is told by [`Event`]s; nothing is printed. Frames are read one at a time, so
//! that memory does not grow with the length of a sequence.
//!
//! Not here: reading of data sets ([`crate::data`]), tables and pages ([`crate::report`]).

mod bench;
mod candidate;
mod error;
mod experiments;
mod flicker;
mod protocol;
mod psnr;
mod run;
pub mod scores;
mod ssim;
mod stream;
mod title;

pub use bench::{Bench, Event, Shown, Step};
pub use candidate::{Candidate, distinct};
pub use error::EvalError;
pub use experiments::{Experiment, LongRun, Outcome, Pipeline};
pub use flicker::Flicker;
pub use protocol::Protocol;
pub use psnr::{IDENTICAL, psnr};
pub use run::{BLURRED, evaluate};
pub use ssim::{WINDOW, ssim};
pub use stream::{Feed, Mishaps, Played, Stream};
pub use title::{partial, title};
