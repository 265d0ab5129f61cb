// SPDX-License-Identifier: MIT OR Apache-2.0
//! LSTM, cell `lstm`: made from IFI-RNN, table S1. c base channels, B blocks (0 in the paper).
//!
//! | tensor | layer |
//! |---|---|
//! | enc.0, enc.1, enc.2 | as in IFI-RNN; result f, 3c channels, which is also the feature |
//! | cell.gates | conv 5 1 4c→4c on cat(f, h̃ of the frame before); four groups of c: forget, candidate, output, input |
//! | — | memory = σ(forget) ⊙ memory + σ(input) ⊙ tanh(candidate); h = σ(output) ⊙ tanh(memory) |
//! | body, dec | B × Res(4c) on cat(f̃, h̃), then as in IFI-RNN |
//!
//! Choice: S1's labels are garbled (forget sigmoid, input tanh, output sigmoid, reset sigmoid, in
//! this order); the standard LSTM is the only one with these four activations. The decoder takes
//! h̃ beside f̃, since f does not depend on it and the recurrence would have no effect without.
//! The memory cell begins as zeros and is not touched by the modules.

use super::parts::{Decoder, Encoder, body};
use super::{Baseline, BaselineShape, Slots, Spec, State};
use crate::error::Result;
use crate::layers::{Builder, Conv, ResBlock};
use crate::ops::seen::Seen;
use crate::ops::{cat, gates, spare};
use tch::Tensor;

/// The cell with its tensors.
pub(super) struct Lstm {
    enc: Encoder,
    gates: Conv,
    body: Vec<ResBlock>,
    dec: Decoder,
}

impl Lstm {
    /// Channels and sizes for `base` channels.
    pub(super) fn shape(spec: &Spec) -> BaselineShape {
        let c = i64::from(spec.base);
        BaselineShape {
            memory_cell: true,
            ..BaselineShape::at_quarter(c, 3 * c)
        }
    }

    /// The cell of `spec`.
    pub(super) fn build(builder: &mut Builder, spec: &Spec) -> Result<Box<dyn Baseline>> {
        let c = i64::from(spec.base);
        Ok(Box::new(Self {
            enc: Encoder::new(builder, c)?,
            gates: builder.conv("cell.gates", 5, 1, 4 * c, 4 * c)?,
            body: body(builder, spec.blocks, 4 * c)?,
            dec: Decoder::new(builder, 4 * c, c)?,
        }))
    }
}

impl Baseline for Lstm {
    fn step(&self, seen: &Seen, past: &State, slots: &Slots) -> Result<(Tensor, State)> {
        let f = self.enc.forward(seen)?;
        let gates = self.gates.forward([&f, past.get("h")?])?;
        let [memory, h] = gates::remember(&gates, past.get("c")?)?;
        spare::give_back(gates);
        let h = slots.hidden(h, past)?;
        let f = slots.feature(f, past)?;
        let y = ResBlock::chain(&self.body, cat(&[&f, &h])?)?;
        let states = vec![("h", h), ("c", memory), ("f", f)];
        let out = self.dec.forward(&y, seen)?;
        spare::give_back(y);
        Ok((out, State::new(states)))
    }
}
