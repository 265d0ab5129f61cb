// SPDX-License-Identifier: MIT OR Apache-2.0
//! IFI-RNN (C1H1), cell `ifi`: Nah, Son, Lee, "Recurrent Neural Networks with Intra-Frame
//! Iterations for Video Deblurring", CVPR 2019; layers as in the public version in
//! zzh-tech/ESTRNN, of which this is the second cell of C2. c base channels, B blocks.
//!
//! | tensor | layer |
//! |---|---|
//! | enc.0, enc.1, enc.2 | conv 5 1 3→c; conv 5 2 c→2c; conv 5 2 2c→3c; no activations |
//! | body.0 … body.(B−1) | Res(4c), on cat(enc, h̃ of the frame before); result f |
//! | hid.first, hid.res, hid.last | conv 3 1 4c→c; Res(c); conv 3 1 c→c; on f; result h |
//! | dec.0, dec.1, dec.2 | up3 4c→2c; up3 2c→c; conv 5 1 c→3; no activations; on f̃ |
//!
//! Choice: h comes from f, not from the refined f̃ (S1, S2 give f and h as outputs of one encoder,
//! before the modules). The refined h̃ acts from the next frame on.

use super::parts::{Decoder, Encoder, HiddenHead, body};
use super::{Baseline, BaselineShape, Slots, Spec, State};
use crate::error::Result;
use crate::layers::{Builder, ResBlock};
use crate::ops::seen::Seen;
use crate::ops::{cat, spare};
use tch::Tensor;

/// The cell with its tensors.
pub(super) struct IfiRnn {
    enc: Encoder,
    body: Vec<ResBlock>,
    hid: HiddenHead,
    dec: Decoder,
}

impl IfiRnn {
    /// Channels and sizes for `base` channels.
    pub(super) fn shape(spec: &Spec) -> BaselineShape {
        let c = i64::from(spec.base);
        BaselineShape::at_quarter(c, 4 * c)
    }

    /// The cell of `spec`.
    pub(super) fn build(builder: &mut Builder, spec: &Spec) -> Result<Box<dyn Baseline>> {
        let c = i64::from(spec.base);
        Ok(Box::new(Self {
            enc: Encoder::new(builder, c)?,
            body: body(builder, spec.blocks, 4 * c)?,
            hid: HiddenHead::new(builder, 4 * c, c)?,
            dec: Decoder::new(builder, 4 * c, c)?,
        }))
    }
}

impl Baseline for IfiRnn {
    fn step(&self, seen: &Seen, past: &State, slots: &Slots) -> Result<(Tensor, State)> {
        let e = self.enc.forward(seen)?;
        let joined = cat(&[&e, past.get("h")?])?;
        spare::give_back(e);
        let f = ResBlock::chain(&self.body, joined)?;
        let h = slots.hidden(self.hid.forward(&f)?, past)?;
        let f = slots.feature(f, past)?;
        let out = self.dec.forward(&f, seen)?;
        Ok((out, State::new(vec![("h", h), ("f", f)])))
    }
}
