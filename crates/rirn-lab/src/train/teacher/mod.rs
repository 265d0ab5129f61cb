// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Teacher`]: an RDBN that learns to compute what a trained IFI-RNN does, as weights to begin with.
//!
//! From chance an RDBN learns next to nothing in its first hundreds of steps (docs/TRAINING.md). Here each part of it has a
//! target of its own: groups of its blocks stand for the residual blocks of the teacher, its state for what
//! matters of the teacher's, its feature for the teacher's feature, which has as many channels. After
//! Romero and others, "FitNets: Hints for Thin Deep Nets", ICLR 2015. The truth is not asked for; runs from
//! the weights that come of it ask for nothing else.

mod errors;
mod fit;
mod named;
#[cfg(test)]
mod tests;
mod watched;

use super::TrainError;
use super::recipe;
use super::variables::Variables;
use named::Named;
use rirn::networks::{Cell, SlotKind, Spec, State};
use tch::{Device, Kind, Tensor};
use watched::Watched;

/// A trained network, and how its parts lie in the pupil.
pub(super) struct Teacher {
    spec: Spec,
    pupil: Spec,
    variables: Variables,
    kind: Kind,
    /// An orthonormal basis of the teacher's hidden state; the last rows are what the pupil's state holds.
    basis: Tensor,
}

impl Teacher {
    /// The teacher of a recipe, if it has one.
    ///
    /// # Errors
    /// Says why the two networks do not go together; what the weights are refused for.
    pub(super) fn of(
        network: &recipe::NetworkTable,
        pupil: &Spec,
        (kind, device): (Kind, Device),
    ) -> Result<Option<Self>, TrainError> {
        let Some(name) = &network.teacher else {
            return Ok(None);
        };
        let wrong = |why: String| TrainError::Recipe {
            path: "[network]".to_owned(),
            why,
        };
        let weights = recipe::weights("teacher", name).map_err(wrong)?;
        let spec = *weights.spec();
        let unfit = |why| wrong(format!("teacher = \"{name}\": {why}"));
        check(&spec, pupil).map_err(unfit)?;
        let variables = Variables::from_weights(&weights, device)?;
        let basis = tch::no_grad(|| basis(&variables, &spec))?;
        Ok(Some(Self {
            spec,
            pupil: *pupil,
            variables,
            kind,
            basis: basis.f_to_device(device)?.f_to_kind(Kind::Float)?,
        }))
    }

    /// Sets what of a pupil that has learnt nothing yet can be computed from these frames, each
    /// `[batch, 3, height, width]`.
    pub(super) fn begin(&self, pupil: &Variables, frames: &[Tensor]) -> Result<(), TrainError> {
        let watched = self.watch(frames)?;
        let mut fitted = fit::ends(&self.variables, &watched, i64::from(self.pupil.base))?;
        fitted.extend(self.passed_on()?);
        for (name, tensor) in pupil.entries() {
            let mut tensor = tensor.f_detach()?;
            if let Some(values) = fitted.get(name) {
                tensor.f_copy_(values)?;
            } else if name.starts_with("enc.rdb") && name.contains(".fuse.") {
                // The encoder begins linear.
                let _ = tensor.f_zero_()?;
            }
        }
        Ok(())
    }

    /// The last block's output as the feature, in the teacher's basis.
    fn passed_on(&self) -> Result<fit::Fitted, TrainError> {
        let (base, options) = (i64::from(self.spec.base), (Kind::Float, Device::Cpu));
        let (channels, coded) = (4 * base, Tensor::f_eye(3 * base, options)?);
        let own = self.basis.f_tr()?.f_to_device(Device::Cpu)?;
        let turn = Tensor::f_block_diag(&[coded, own])?;
        let before = channels * (i64::from(self.pupil.blocks) - 1);
        let merge = turn.f_constant_pad_nd([before, 0])?;
        let last = Tensor::f_eye(channels, options)?;
        let last = last.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let zeros = || Tensor::f_zeros([channels], options);
        Ok(fit::Fitted::from([
            (
                "join.merge.weight".to_owned(),
                merge.f_unsqueeze(-1)?.f_unsqueeze(-1)?,
            ),
            ("join.merge.bias".to_owned(), zeros()?),
            (
                "join.last.weight".to_owned(),
                last.f_constant_pad_nd([1, 1, 1, 1])?,
            ),
            ("join.last.bias".to_owned(), zeros()?),
        ]))
    }

    fn watch(&self, frames: &[Tensor]) -> Result<Watched, TrainError> {
        tch::no_grad(|| {
            let named = Named::new(&self.variables, self.kind)?;
            Watched::new(&named, &self.spec, frames)
        })
    }

    /// How far a pupil is from its teacher on these frames: the loss, the nearness in dB, and the teacher's states.
    /// `apart`: each group of blocks gets what the teacher has before it, else what the one before gives.
    pub(super) fn lesson(
        &self,
        pupil: &Variables,
        frames: &[Tensor],
        apart: bool,
    ) -> Result<(Tensor, Tensor, State), TrainError> {
        let watched = self.watch(frames)?;
        let named = Named::new(pupil, self.kind)?;
        let errors = match apart {
            true => self.errors_apart(&named, &watched)?,
            false => self.errors_chained(&named, &watched)?,
        };
        let (mut loss, nearness) = errors::told(&errors)?;
        // What a stage leaves alone has a gradient of zeros.
        for (_, tensor) in pupil.entries() {
            loss = loss.f_add(&tensor.f_sum(Kind::Float)?.f_mul_scalar(0.0)?)?;
        }
        let [h, f] = watched.states;
        Ok((loss, nearness, State::new(vec![("h", h), ("f", f)])))
    }
}

/// # Errors
/// Says which pair is needed instead.
fn check(teacher: &Spec, pupil: &Spec) -> Result<(), String> {
    let has = |spec: &Spec, cell| {
        spec.cell == cell && spec.hidden == SlotKind::Irm && spec.feature == SlotKind::Atb
    };
    if !has(teacher, Cell::Ifi) || !has(pupil, Cell::Rdbn) {
        return Err("an ifi with irm and atb can teach an rdbn with irm and atb".to_owned());
    }
    if 4 * teacher.base != 5 * pupil.base {
        return Err(format!(
            "their features differ: 4 · {} and 5 · {} channels",
            teacher.base, pupil.base
        ));
    }
    if teacher.blocks == 0 || pupil.blocks < teacher.blocks {
        return Err(format!(
            "{} blocks cannot stand for {}",
            pupil.blocks, teacher.blocks
        ));
    }
    if teacher.skip != pupil.skip {
        return Err("one has a skip and the other has none".to_owned());
    }
    Ok(())
}

/// Directions in the teacher's hidden state as rows, `[base, base]`, by what the layers that hear it make of
/// them, the loudest last.
fn basis(teacher: &Variables, spec: &Spec) -> Result<Tensor, TrainError> {
    let teacher = Named::on_cpu(teacher, Kind::Double)?;
    let base = i64::from(spec.base);
    let gram = |name: &str, before: i64| {
        let heard = teacher.get(name)?.f_narrow(1, before, base)?;
        let rows = heard.f_transpose(0, 1)?.f_reshape([base, -1])?;
        Ok::<_, TrainError>(rows.f_matmul(&rows.f_tr()?)?)
    };
    let gram =
        gram("body.0.conv0.weight", 3 * base)?.f_add(&gram("hidden.irm.conv0.weight", base)?)?;
    let (_, vectors) = gram.f_linalg_eigh("L")?;
    Ok(vectors.f_tr()?)
}
