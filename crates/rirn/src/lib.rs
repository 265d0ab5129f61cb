// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recurrent networks that remove motion blur from video, and the engine that runs them frame by
//! frame on LibTorch.
//!
//! The networks are those of Park, Nah, Lee, "Recurrence-in-Recurrence Networks for Video
//! Deblurring", BMVC 2022: a recurrent baseline with an add-on module (inner recurrence, IRM, or
//! adaptive temporal blending, ATB) on its hidden state and on its feature. This crate knows
//! pictures, weights files and tensors; it knows neither GStreamer nor training, and it never logs
//! or prints: what a user should know comes back as a value.
//!
//! Floors, each using only what stands below it:
//!
//! | floor | module |
//! |---|---|
//! | 6 | [`engine`]: [`Engine`], [`Deblurrer`], device, precision, worker |
//! | 5 | [`weights`]: strict reading and writing of weights files |
//! | 4 | [`networks`]: baselines, IRM, ATB, [`Spec`] |
//! | 3 | [`layers`]: convolution layers and their builder |
//! | 2 | `ops`: convolution, padding, joining |
//! | 1 | [`pixel`]: video pictures to frames and back |
//! | 0 | [`mod@error`], [`frame`], `cancel` |
//!
//! ```
//! use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt, weights::Weights};
//! use std::sync::Arc;
//!
//! # fn main() -> rirn::Result<()> {
//! let engine = Engine::open(Weights::built_in("lite")?, &EngineConfig::default())?;
//! let mut deblurrer = Deblurrer::new(Arc::new(engine));
//! let never = Interrupt::new();
//! for _ in 0..3 {
//!     let blurred = Frame::new(48, 64);
//!     let output = deblurrer.push(Arc::new(blurred), &never)?.expect("lite looks not ahead");
//!     let sharp = output.sharp.expect("the picture is finite");
//!     assert_eq!((sharp.height(), sharp.width()), (48, 64));
//! }
//! # Ok(())
//! # }
//! ```

mod cancel;
pub mod engine;
pub mod error;
pub mod frame;
pub mod layers;
pub mod networks;
mod ops;
pub mod pixel;
#[cfg(feature = "testing")]
pub mod testing;
pub mod weights;

pub use engine::{Deblurrer, Engine, EngineConfig, Interrupt};
pub use error::{Error, Result};
pub use frame::Frame;
pub use networks::Spec;
