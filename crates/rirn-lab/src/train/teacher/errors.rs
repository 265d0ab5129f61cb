// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far a pupil's maps are from those of its teacher, as shares of the latter's variance.

use super::Teacher;
use super::named::Named;
use super::watched::Watched;
use crate::train::TrainError;
use tch::{Kind, Tensor};

/// Below so small a share an error hardly counts.
const FLOOR: f64 = 1e-4;

/// What lies on the way counts less than what comes of it.
const ON_THE_WAY: f64 = 0.25;

/// A share, and how much it counts.
pub(super) struct Off {
    share: Tensor,
    weight: f64,
}

impl Off {
    /// `[n, channels, height, width]` both; the share is of the variance of `over`.
    fn new(
        found: &Tensor,
        wanted: &Tensor,
        over: &Tensor,
        weight: f64,
    ) -> Result<Self, TrainError> {
        let wide = |map: &Tensor| map.f_to_kind(Kind::Float);
        let sum = |map: Tensor| map.f_square()?.f_mean(Kind::Float);
        let over = wide(over)?;
        let mean = over.f_mean_dim(&[0_i64, 2, 3][..], true, Kind::Float)?;
        // Where nothing varies, as in a clip of one colour, the share is small and not infinite.
        let variance = sum(over.f_sub(&mean)?)?.f_add_scalar(1e-6)?;
        Ok(Self {
            share: sum(wide(found)?.f_sub(&wide(wanted)?)?)?.f_div(&variance)?,
            weight,
        })
    }
}

/// The weighted logarithms' sum, and the mean of all shares as a level in dB below the teacher's.
pub(super) fn told(all: &[Off]) -> Result<(Tensor, Tensor), TrainError> {
    let logs = all.iter().map(|off| {
        let log = off.share.f_add_scalar(FLOOR)?.f_log()?;
        Ok(log.f_mul_scalar(off.weight)?)
    });
    let logs: Vec<Tensor> = logs.collect::<Result<_, TrainError>>()?;
    let shares = all.iter().map(|off| off.share.f_detach());
    let shares: Vec<Tensor> = shares.collect::<Result<_, tch::TchError>>()?;
    let mean = Tensor::f_stack(&shares, 0)?.f_mean(Kind::Float)?;
    let nearness = mean.f_log10()?.f_mul_scalar(-10.0)?;
    Ok((Tensor::f_stack(&logs, 0)?.f_sum(Kind::Float)?, nearness))
}

impl Teacher {
    /// The last block of the pupil that stands for each block of the teacher, as even as they go.
    fn ends(&self) -> Vec<u32> {
        let (few, many) = (self.spec.blocks, self.pupil.blocks);
        (1..=few).map(|place| place * many / few - 1).collect()
    }

    /// Every group of blocks, and the state, for itself.
    pub(super) fn errors_apart(
        &self,
        pupil: &Named,
        watched: &Watched,
    ) -> Result<Vec<Off>, TrainError> {
        let mut errors = Vec::new();
        let (mut before, mut block) = (self.first(watched)?, 0);
        for (end, after) in self.ends().into_iter().zip(&watched.blocks) {
            let wanted = self.turned(after)?;
            let change = wanted.f_sub(&before)?;
            let mut y = before;
            while block <= end {
                y = pupil.rdb(&format!("body.{block}"), &y)?;
                block += 1;
            }
            errors.push(Off::new(&y, &wanted, &change, 1.0)?);
            before = wanted;
        }
        if let Some(f) = watched.blocks.last() {
            errors.push(self.error_of_state(pupil, watched, f)?);
        }
        Ok(errors)
    }

    /// All blocks in a row, and what comes of them.
    pub(super) fn errors_chained(
        &self,
        pupil: &Named,
        watched: &Watched,
    ) -> Result<Vec<Off>, TrainError> {
        let (mut y, mut errors, mut outputs) = (self.first(watched)?, Vec::new(), Vec::new());
        let ends = self.ends();
        for block in 0..self.pupil.blocks {
            y = pupil.rdb(&format!("body.{block}"), &y)?;
            outputs.push(y.shallow_clone());
            let place = ends.iter().position(|end| *end == block);
            if let Some(place) = place.filter(|place| place + 1 < ends.len()) {
                let wanted = self.turned(&watched.blocks[place])?;
                errors.push(Off::new(&y, &wanted, &wanted, ON_THE_WAY)?);
            }
        }
        let f = pupil.conv("join.merge", &Tensor::f_cat(&outputs, 1)?, 1)?;
        let f = pupil.conv("join.last", &f, 1)?;
        if let Some(wanted) = watched.blocks.last() {
            errors.push(Off::new(&f, wanted, wanted, 1.0)?);
        }
        errors.push(self.error_of_state(pupil, watched, &f)?);
        let ([_, past], [_, wanted]) = (&watched.past, &watched.states);
        errors.push(Off::new(&pupil.atb(&f, past)?, wanted, wanted, 1.0)?);
        Ok(errors)
    }

    /// The pupil's state from a feature, with the teacher's past.
    fn error_of_state(
        &self,
        pupil: &Named,
        watched: &Watched,
        f: &Tensor,
    ) -> Result<Off, TrainError> {
        let h = pupil.conv("hid.first", f, 1)?;
        let h = pupil.conv("hid.last", &pupil.rdb("hid.rdb", &h)?, 1)?;
        let held = |state: &Tensor| {
            let turned = self.in_basis(state)?;
            let (all, own) = (i64::from(self.spec.base), i64::from(self.pupil.base));
            Ok::<_, TrainError>(turned.f_narrow(1, all - own, own)?)
        };
        let h = pupil.irm(&h, &held(&watched.past[0])?, self.pupil.irm_relu)?;
        let wanted = held(&watched.states[0])?;
        Off::new(&h, &wanted, &wanted, 1.0)
    }

    /// What the pupil's first block gets: the teacher's code and state, without what the pupil has no room for.
    fn first(&self, watched: &Watched) -> Result<Tensor, TrainError> {
        let missing = i64::from(self.spec.base - self.pupil.base);
        let h = self.in_basis(&watched.past[0])?;
        let nothing = h.f_narrow(1, 0, missing)?.f_zeros_like()?;
        let h = h.f_narrow(1, missing, i64::from(self.pupil.base))?;
        Ok(Tensor::f_cat(&[&watched.e, &nothing, &h], 1)?)
    }

    /// A map of the body as the pupil has it: the channels where the state came in are those of the basis.
    pub(super) fn turned(&self, map: &Tensor) -> Result<Tensor, TrainError> {
        let coded = 3 * i64::from(self.spec.base);
        let own = map.f_narrow(1, coded, i64::from(self.spec.base))?;
        Ok(Tensor::f_cat(
            &[map.f_narrow(1, 0, coded)?, self.in_basis(&own)?],
            1,
        )?)
    }

    /// A hidden state in the basis.
    fn in_basis(&self, state: &Tensor) -> Result<Tensor, TrainError> {
        let weight = self.basis.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let weight = weight.f_to_kind(state.kind())?;
        Ok(state.f_conv2d(&weight, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1)?)
    }
}
