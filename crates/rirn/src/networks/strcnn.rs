// SPDX-License-Identifier: MIT OR Apache-2.0
//! STRCNN without its dynamic temporal blending, cell `strcnn`: Kim, Lee, Schölkopf, Hirsch,
//! "Online Video Deblurring via Dynamic Temporal Blending Network", ICCV 2017; layers as in the
//! public version in zzh-tech/ESTRNN. c base channels, B blocks a stack. Sees five frames: two
//! past, two ahead.
//!
//! | tensor | layer |
//! |---|---|
//! | enc.0, enc.1 | conv 5 1 15→2c, ReLU; conv 3 2 2c→c, ReLU |
//! | body.0 … body.(B−1) | Res′(2c), on cat(enc, h̃ of the frame before); result f |
//! | tail.0 … tail.(B−1) | Res′(2c), on f̃; result y |
//! | hid.first | conv 3 1 2c→c, ReLU, on y; result h |
//! | dec.0, dec.1 | up4 2c→2c, ReLU; conv 3 1 2c→3; on y |
//!
//! Res′ is Res with one more ReLU on the sum. The feature slot sits where the blending sat.
//! Choice: batch normalisation of the public version is folded into weights and biases, which is
//! the same function when not training; h is made after the slot, as in the original.

use super::{Baseline, BaselineShape, Slots, Spec, State};
use crate::error::Result;
use crate::layers::{Builder, Conv, ConvTranspose, ResBlock};
use crate::ops::seen::Seen;
use crate::ops::{cat, spare};
use tch::Tensor;

/// Frames on either side of the current one.
const REACH: usize = 2;

/// The cell with its tensors.
pub(super) struct Strcnn {
    enc: [Conv; 2],
    body: Vec<ResBlock>,
    tail: Vec<ResBlock>,
    hid_first: Conv,
    dec_up: ConvTranspose,
    dec_last: Conv,
}

impl Strcnn {
    /// Channels and sizes for `base` channels.
    pub(super) fn shape(spec: &Spec) -> BaselineShape {
        let c = i64::from(spec.base);
        BaselineShape {
            hidden: c,
            feature: 2 * c,
            memory_cell: false,
            divisor: 2,
            look_behind: REACH,
            look_ahead: REACH,
        }
    }

    /// The cell of `spec`.
    pub(super) fn build(builder: &mut Builder, spec: &Spec) -> Result<Box<dyn Baseline>> {
        let c = i64::from(spec.base);
        Ok(Box::new(Self {
            enc: [
                builder.conv("enc.0", 5, 1, 15, 2 * c)?,
                builder.conv("enc.1", 3, 2, 2 * c, c)?,
            ],
            body: stack(builder, "body", spec.blocks, 2 * c)?,
            tail: stack(builder, "tail", spec.blocks, 2 * c)?,
            hid_first: builder.conv("hid.first", 3, 1, 2 * c, c)?,
            dec_up: builder.up("dec.0", 4, 2 * c, 2 * c)?,
            dec_last: builder.conv("dec.1", 3, 1, 2 * c, 3)?,
        }))
    }
}

fn stack(builder: &mut Builder, name: &str, blocks: u32, channels: i64) -> Result<Vec<ResBlock>> {
    (0..blocks)
        .map(|i| ResBlock::with_last_relu(builder, &format!("{name}.{i}"), channels))
        .collect()
}

impl Baseline for Strcnn {
    fn step(&self, seen: &Seen, past: &State, slots: &Slots) -> Result<(Tensor, State)> {
        let x = seen.centred()?;
        let wide = self.enc[0].relu(&x)?;
        spare::give_back(x);
        let e = self.enc[1].relu(&wide)?;
        spare::give_back(wide);
        let joined = cat(&[&e, past.get("h")?])?;
        spare::give_back(e);
        let f = ResBlock::chain(&self.body, joined)?;
        let f = slots.feature(f, past)?;
        let y = ResBlock::chain_from(&self.tail, &f)?;
        let h = slots.hidden(self.hid_first.relu(&y)?, past)?;
        let up = self.dec_up.relu(&y)?;
        // Without blocks in the tail it is the state f itself.
        if !self.tail.is_empty() {
            spare::give_back(y);
        }
        let out = seen.finish(self.dec_last.after(up)?)?;
        Ok((out, State::new(vec![("h", h), ("f", f)])))
    }
}
