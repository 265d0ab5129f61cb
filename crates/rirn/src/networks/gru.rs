// SPDX-License-Identifier: MIT OR Apache-2.0
//! GRU, cell `gru`: made from IFI-RNN, table S2. c base channels, B blocks (0 in the paper).
//!
//! | tensor | layer |
//! |---|---|
//! | enc.0, enc.1, enc.2 | as in IFI-RNN; result e, 3c channels |
//! | cell.gates | conv 5 1 4c→4c on cat(e, h̃ of the frame before), σ; channels 0..3c update u, last c reset r |
//! | cell.cand | conv 5 1 4c→3c on cat(e, r ⊙ h̃ of the frame before), tanh; result k |
//! | — | f = (1 − u) ⊙ e + u ⊙ k |
//! | hid.first, hid.res, hid.last | conv 3 1 3c→c; Res(c); conv 3 1 c→c; on f; result h |
//! | body, dec | B × Res(4c) on cat(f̃, h̃), then as in IFI-RNN |
//!
//! Choice: u has 3c channels, so that it mixes the two tensors of 3c channels; the decoder takes
//! cat(f̃, h̃), 4c channels, as in IFI-RNN and as the LSTM has to.

use super::parts::{Decoder, Encoder, HiddenHead, body};
use super::{Baseline, BaselineShape, Slots, Spec, State};
use crate::error::Result;
use crate::layers::{Builder, Conv, ResBlock};
use crate::ops::seen::Seen;
use crate::ops::{cat, gates, spare};
use tch::Tensor;

/// The cell with its tensors.
pub(super) struct Gru {
    enc: Encoder,
    gates: Conv,
    cand: Conv,
    hid: HiddenHead,
    body: Vec<ResBlock>,
    dec: Decoder,
}

impl Gru {
    /// Channels and sizes for `base` channels.
    pub(super) fn shape(spec: &Spec) -> BaselineShape {
        let c = i64::from(spec.base);
        BaselineShape::at_quarter(c, 3 * c)
    }

    /// The cell of `spec`.
    pub(super) fn build(builder: &mut Builder, spec: &Spec) -> Result<Box<dyn Baseline>> {
        let c = i64::from(spec.base);
        Ok(Box::new(Self {
            enc: Encoder::new(builder, c)?,
            gates: builder.conv("cell.gates", 5, 1, 4 * c, 4 * c)?,
            cand: builder.conv("cell.cand", 5, 1, 4 * c, 3 * c)?,
            hid: HiddenHead::new(builder, 3 * c, c)?,
            body: body(builder, spec.blocks, 4 * c)?,
            dec: Decoder::new(builder, 4 * c, c)?,
        }))
    }
}

impl Baseline for Gru {
    fn step(&self, seen: &Seen, past: &State, slots: &Slots) -> Result<(Tensor, State)> {
        let h_prev = past.get("h")?;
        let e = self.enc.forward(seen)?;
        let (gates, kept) = gates::reset(self.gates.forward([&e, h_prev])?, h_prev)?;
        let cand = self.cand.forward([&e, &kept])?;
        let f = gates::update(&e, &gates, cand)?;
        [e, gates, kept].into_iter().for_each(spare::give_back);
        let h = slots.hidden(self.hid.forward(&f)?, past)?;
        let f = slots.feature(f, past)?;
        let y = ResBlock::chain(&self.body, cat(&[&f, &h])?)?;
        let out = self.dec.forward(&y, seen)?;
        spare::give_back(y);
        Ok((out, State::new(vec![("h", h), ("f", f)])))
    }
}
