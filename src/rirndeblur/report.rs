// SPDX-License-Identifier: MIT OR Apache-2.0
//! What comes of an event or a frame: what leaves the line, what is to be told, why the stream
//! cannot go on.

use super::failure;
use super::line::Finished;
use rirn::Error;
use rirn::engine::StepNote;

/// A fall-back of the network, on frames of a size in pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) note: StepNote,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The cause in LibTorch's words, where there is one.
    pub(crate) cause: Option<String>,
}

impl Warning {
    /// What the application is told; nothing where it has been told before.
    pub(crate) fn text(&self) -> Option<String> {
        let text = match self.note {
            StepNote::Tiled { size } => {
                let (width, height) = (self.width, self.height);
                return Some(format!(
                    "Not enough memory for {width}x{height}; working in tiles of {size}."
                ));
            }
            StepNote::Exhausted => "Not enough memory even in tiles; frames pass unchanged.",
            StepNote::Widened => {
                "The network left the range of half precision; continuing in float32."
            }
            StepNote::NotFinite => "The network gave no valid picture; frame passed unchanged.",
            StepNote::Diverged => "The network's memory grew out of bounds and was cleared.",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// What came of an event or a frame.
#[derive(Default)]
pub(crate) struct Report {
    /// What goes out, in order, also where the stream cannot go on behind it.
    pub(crate) finished: Vec<Finished>,
    pub(crate) warnings: Vec<Warning>,
    /// Why the stream cannot go on.
    pub(crate) stopped: Option<Stopped>,
}

/// Why the stream cannot go on.
pub(crate) enum Stopped {
    /// A flush or a stop: no error.
    Flushing,
    /// To be posted.
    Failed(gst::ErrorMessage),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        match error {
            Error::Interrupted => Self::Flushing,
            other => Self::Failed(failure::of_engine(&other)),
        }
    }
}
