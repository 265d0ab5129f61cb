// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Watched`]: all that a teacher computes on clips, frame after frame.

use super::named::Named;
use crate::train::TrainError;
use rirn::networks::Spec;
use tch::{Kind, Tensor};

/// Maps of all frames, one behind the other in the first dimension; states and feature before each
/// frame and after it. `[frames · batch, channels, height / 4, width / 4]` but for the frames themselves.
pub(super) struct Watched {
    /// The centred frames, `[frames · batch, 3, height, width]`.
    pub(super) x: Tensor,
    /// What the encoder makes of them.
    pub(super) e: Tensor,
    /// h̃ and f̃ of the frame before.
    pub(super) past: [Tensor; 2],
    /// What comes out of each residual block; the last one is the feature.
    pub(super) blocks: Vec<Tensor>,
    /// h̃ and f̃.
    pub(super) states: [Tensor; 2],
}

impl Watched {
    /// An IFI-RNN with IRM and ATB on the frames of clips, each `[batch, 3, height, width]` with sides
    /// that 4 divides, from no past.
    pub(super) fn new(teacher: &Named, spec: &Spec, frames: &[Tensor]) -> Result<Self, TrainError> {
        let kind = teacher.get("enc.0.weight")?.kind();
        let size = frames[0].size();
        let base = i64::from(spec.base);
        let zeros = |channels| {
            let shape = [size[0], channels, size[2] / 4, size[3] / 4];
            Tensor::f_zeros(shape, (kind, frames[0].device()))
        };
        let mut past = [zeros(base)?, zeros(4 * base)?];
        let mut seen = Vec::new();
        for frame in frames {
            let one = Self::step(teacher, spec, centred(frame, kind)?, past)?;
            past = [one.states[0].shallow_clone(), one.states[1].shallow_clone()];
            seen.push(one);
        }
        let all = |of: &dyn Fn(&Self) -> &Tensor| {
            Tensor::f_cat(&seen.iter().map(of).collect::<Vec<_>>(), 0)
        };
        let blocks = (0..seen[0].blocks.len()).map(|block| all(&|one| &one.blocks[block]));
        Ok(Self {
            x: all(&|one| &one.x)?,
            e: all(&|one| &one.e)?,
            past: [all(&|one| &one.past[0])?, all(&|one| &one.past[1])?],
            blocks: blocks.collect::<Result<_, tch::TchError>>()?,
            states: [all(&|one| &one.states[0])?, all(&|one| &one.states[1])?],
        })
    }

    /// One frame.
    fn step(
        teacher: &Named,
        spec: &Spec,
        x: Tensor,
        past: [Tensor; 2],
    ) -> Result<Self, TrainError> {
        let e = teacher.conv("enc.0", &x, 1)?;
        let e = teacher.conv("enc.1", &e, 2)?;
        let e = teacher.conv("enc.2", &e, 2)?;
        let mut y = Tensor::f_cat(&[&e, &past[0]], 1)?;
        let mut blocks = Vec::new();
        for block in 0..spec.blocks {
            y = teacher.res(&format!("body.{block}"), &y)?;
            blocks.push(y.shallow_clone());
        }
        let h = teacher.conv("hid.first", &y, 1)?;
        let h = teacher.conv("hid.last", &teacher.res("hid.res", &h)?, 1)?;
        let states = [
            teacher.irm(&h, &past[0], spec.irm_relu)?,
            teacher.atb(&y, &past[1])?,
        ];
        Ok(Self {
            x,
            e,
            past,
            blocks,
            states,
        })
    }
}

/// A frame in [0, 1] as networks take it, channels last.
fn centred(frame: &Tensor, kind: Kind) -> Result<Tensor, TrainError> {
    let x = frame.f_sub_scalar(0.5)?.f_to_kind(kind)?;
    let rows = x.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}
