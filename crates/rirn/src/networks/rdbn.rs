// SPDX-License-Identifier: MIT OR Apache-2.0
//! RDBN, cell `rdbn`: the recurrent cell of ESTRNN without its fusion of neighbouring frames;
//! Zhong, Gao, Zheng, Zheng, "Efficient Spatio-Temporal Recurrent Neural Network for Video
//! Deblurring", ECCV 2020, B15C80; layers as in the authors' public version. c base channels
//! (16 there: "C80" is 5c), B blocks.
//!
//! | tensor | layer |
//! |---|---|
//! | enc.first | conv 5 1 3→c |
//! | enc.rdb0, enc.down0 | RDB(c, c); conv 5 2 c→2c |
//! | enc.rdb1, enc.down1 | RDB(2c, 3c/2 rounded down); conv 5 2 2c→4c |
//! | body.0 … body.(B−1) | RDB(5c, 2c), on cat(enc, h̃ of the frame before); every output is kept |
//! | join.merge, join.last | conv 1 1 5cB→5c on all outputs, first to last; conv 3 1 5c→5c; result f |
//! | hid.first, hid.rdb, hid.last | conv 3 1 5c→c; RDB(c, c); conv 3 1 c→c; on f; result h |
//! | dec.0, dec.1, dec.2 | up3 5c→2c; up3 2c→c; conv 5 1 c→3; on f̃ |
//!
//! Only the dense layers have activations: exact GELU, the default of the public version.

use super::parts::Decoder;
use super::{Baseline, BaselineShape, Slots, Spec, State};
use crate::error::Result;
use crate::layers::{Builder, Conv, DenseBlock};
use crate::ops::seen::Seen;
use crate::ops::{cat, spare};
use tch::Tensor;

/// The cell with its tensors.
pub(super) struct Rdbn {
    enc_first: Conv,
    enc: [(DenseBlock, Conv); 2],
    body: Vec<DenseBlock>,
    join: [Conv; 2],
    hid_first: Conv,
    hid_rdb: DenseBlock,
    hid_last: Conv,
    dec: Decoder,
}

impl Rdbn {
    /// Channels and sizes for `base` channels.
    pub(super) fn shape(spec: &Spec) -> BaselineShape {
        let c = i64::from(spec.base);
        BaselineShape::at_quarter(c, 5 * c)
    }

    /// The cell of `spec`.
    pub(super) fn build(builder: &mut Builder, spec: &Spec) -> Result<Box<dyn Baseline>> {
        let (c, blocks) = (i64::from(spec.base), i64::from(spec.blocks));
        Ok(Box::new(Self {
            enc_first: builder.conv("enc.first", 5, 1, 3, c)?,
            enc: [
                (
                    DenseBlock::new(builder, "enc.rdb0", c, c)?,
                    builder.conv("enc.down0", 5, 2, c, 2 * c)?,
                ),
                (
                    DenseBlock::new(builder, "enc.rdb1", 2 * c, 3 * c / 2)?,
                    builder.conv("enc.down1", 5, 2, 2 * c, 4 * c)?,
                ),
            ],
            body: (0..spec.blocks)
                .map(|i| DenseBlock::new(builder, &format!("body.{i}"), 5 * c, 2 * c))
                .collect::<Result<_>>()?,
            join: [
                builder.conv("join.merge", 1, 1, blocks * 5 * c, 5 * c)?,
                builder.conv("join.last", 3, 1, 5 * c, 5 * c)?,
            ],
            hid_first: builder.conv("hid.first", 3, 1, 5 * c, c)?,
            hid_rdb: DenseBlock::new(builder, "hid.rdb", c, c)?,
            hid_last: builder.conv("hid.last", 3, 1, c, c)?,
            dec: Decoder::new(builder, 5 * c, c)?,
        }))
    }

    fn encode(&self, x: &Tensor) -> Result<Tensor> {
        let first = self.enc_first.forward(x)?;
        self.enc
            .iter()
            .try_fold(first, |y, (dense, down)| down.after(dense.after(y)?))
    }

    fn feature(&self, mut y: Tensor) -> Result<Tensor> {
        let mut outputs = Vec::with_capacity(self.body.len());
        for block in &self.body {
            y = block.forward(&y)?;
            outputs.push(y.shallow_clone());
        }
        drop(y);
        let [merge, last] = &self.join;
        let merged = merge.forward(&outputs.iter().collect::<Vec<_>>()[..])?;
        outputs.into_iter().for_each(spare::give_back);
        last.after(merged)
    }

    fn hidden(&self, f: &Tensor) -> Result<Tensor> {
        self.hid_last
            .after(self.hid_rdb.after(self.hid_first.forward(f)?)?)
    }
}

impl Baseline for Rdbn {
    fn step(&self, seen: &Seen, past: &State, slots: &Slots) -> Result<(Tensor, State)> {
        let x = seen.centred()?;
        let f = self.feature(cat(&[&self.encode(&x)?, past.get("h")?])?)?;
        spare::give_back(x);
        let h = slots.hidden(self.hidden(&f)?, past)?;
        let f = slots.feature(f, past)?;
        Ok((
            self.dec.forward(&f, seen)?,
            State::new(vec![("h", h), ("f", f)]),
        ))
    }
}
