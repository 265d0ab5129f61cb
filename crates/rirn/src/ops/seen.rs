// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Seen`]: what a step sees, and the frame that its answer is put onto. Values are centred where they
//! are read and the frame is added where the answer is written, so that whole frames are passed over
//! once each way.

use super::conv::own;
use super::passes;
use crate::error::Result;
use tch::{Kind, Tensor};

/// The padded window of a step, values around 0.5, and what is done with the answer.
pub(crate) struct Seen<'w> {
    window: &'w Tensor,
    kind: Kind,
    under: Option<Tensor>,
}

impl<'w> Seen<'w> {
    /// A window `[batch, 3·frames, height, width]` for a network that computes in `kind`, and the frame of
    /// it, if any, that the network's answer is a correction of.
    pub(crate) fn new(window: &'w Tensor, kind: Kind, under: Option<Tensor>) -> Self {
        Self {
            window,
            kind,
            under,
        }
    }

    /// The window around 0, so that zero padding means grey, in the network's kind: a map of its own.
    pub(crate) fn centred(&self) -> Result<Tensor> {
        Ok(passes::centred(self.window)?.f_to_kind(self.kind)?)
    }

    /// The window as it came, where own kernels can centre its values as they read them.
    pub(crate) fn uncentred(&self) -> Option<&Tensor> {
        let in_place = self.kind == Kind::Float && own::takes(self.window);
        let in_order = in_place.then(|| own::numbers_in_order(self.window))?;
        in_order.map(|_| self.window)
    }

    /// The frame that the answer is added to.
    pub(crate) fn under(&self) -> Option<&Tensor> {
        self.under.as_ref()
    }

    /// The frame that a network's answer makes, around 0.5 again, in the window's kind.
    pub(crate) fn finish(&self, answer: Tensor) -> Result<Tensor> {
        let mut answer = answer.f_to_kind(self.window.f_kind()?)?;
        // What centring took away comes back with the frame, or alone.
        match &self.under {
            Some(frame) => passes::add(answer, frame),
            None => Ok(answer.f_add_scalar_(0.5)?),
        }
    }
}
