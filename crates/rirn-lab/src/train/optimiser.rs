// SPDX-License-Identifier: MIT OR Apache-2.0
//! Optimisers: Muon, Adam, AdamW.
//!
//! Muon (Jordan 2024, "Muon: an optimizer for hidden layers in neural networks") replaces the
//! momentum of a weight, seen as a matrix with one row for each output, by the nearest matrix
//! with orthonormal rows or columns, found by five Newton–Schulz steps; the size of the change is
//! the one that Liu et al. 2025 ("Muon is scalable for LLM training") match to Adam's. Biases are
//! left to Adam. From chance it leaves the neighbourhood of the identity, where Adam stays.

use super::TrainError;
use super::numbers::{Number, Numbers};
use super::recipe::{self, Rule};
use super::variables::Variables;
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// Momentum of Muon, with Nesterov's look ahead.
const MOMENTUM: f64 = 0.95;

/// Decay of Adam's two averages.
pub(super) const BETAS: (f64, f64) = (0.9, 0.99);

/// The optimiser with what it remembers of each variable.
#[derive(Debug)]
pub(super) struct Optimiser {
    rule: Rule,
    decay: f64,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    /// Share of the learning rate.
    share: f64,
    /// Mean of gradients.
    first: Tensor,
    /// Mean of squared gradients; none under Muon.
    second: Option<Tensor>,
}

impl Optimiser {
    /// For these variables, with no past.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub(super) fn new(
        settings: &recipe::Optimiser,
        variables: &Variables,
    ) -> Result<Self, TrainError> {
        let slot = |(name, tensor): &(String, Tensor)| {
            let recurrent = ["hidden.", "feature.", "hid."];
            let recurrent = recurrent.iter().any(|part| name.starts_with(part));
            let zeros = || tensor.f_detach()?.f_zeros_like();
            let muon = settings.kind == Rule::Muon && is_weight(tensor);
            Ok(Slot {
                share: if recurrent { settings.recurrent } else { 1.0 },
                first: zeros()?,
                second: if muon { None } else { Some(zeros()?) },
            })
        };
        let slots = variables.entries().iter().map(slot);
        Ok(Self {
            rule: settings.kind,
            decay: settings.decay,
            slots: slots.collect::<Result<_, TrainError>>()?,
        })
    }

    /// Changes the variables by their gradients, in the same order. What it remembers stays in the same
    /// tensors, so that a recording of it can be repeated.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub(super) fn step(
        &self,
        variables: &Variables,
        gradients: &[Tensor],
        numbers: &Numbers,
    ) -> Result<(), TrainError> {
        let changes = self.changes(gradients, numbers)?;
        let rate = numbers.get(Number::Rate)?;
        let slots = self.slots.iter().zip(variables.entries());
        for ((slot, (_, variable)), change) in slots.zip(changes) {
            let rate = rate.f_mul_scalar(slot.share)?;
            let mut value = variable.f_detach()?;
            if is_weight(variable) && self.rule != Rule::Adam && self.decay > 0.0 {
                let less = value.f_mul(&rate.f_mul_scalar(self.decay)?)?;
                value = value.f_sub_(&less)?;
            }
            let _ = value.f_addcmul_(&change, &rate.f_neg()?)?;
        }
        Ok(())
    }

    /// What a rate of 1 would take off each variable.
    fn changes(&self, gradients: &[Tensor], numbers: &Numbers) -> Result<Vec<Tensor>, TrainError> {
        let held = numbers.get(Number::Held)?;
        let mut changes = Vec::with_capacity(gradients.len());
        // Matrices of one size go together: a GPU takes as long for one small one as for many.
        let mut alike = BTreeMap::<[i64; 2], Vec<usize>>::new();
        for (place, (slot, gradient)) in self.slots.iter().zip(gradients).enumerate() {
            let gradient = gradient.f_mul(&held)?;
            changes.push(match &slot.second {
                None => {
                    let rows = gradient.size()[0];
                    let columns = gradient.numel() as i64 / rows;
                    alike.entry([rows, columns]).or_default().push(place);
                    ahead(&slot.first, &gradient)?
                }
                Some(second) => adam(&slot.first, second, &gradient, numbers)?,
            });
        }
        for ([rows, columns], places) in alike {
            let matrices = places
                .iter()
                .map(|place| Ok(changes[*place].f_reshape([rows, columns])?));
            let matrices: Vec<Tensor> = matrices.collect::<Result<_, TrainError>>()?;
            let found = orthogonal(&Tensor::f_stack(&matrices, 0)?)?;
            let found = found.f_mul_scalar(size(rows as f64, columns as f64))?;
            for (index, place) in places.into_iter().enumerate() {
                let shape = gradients[place].size();
                changes[place] = found.f_get(index as i64)?.f_reshape(&shape)?;
            }
        }
        Ok(changes)
    }

    /// What is remembered, for a checkpoint: a name for each variable's first and second mean.
    pub(super) fn state(&self, variables: &Variables) -> Vec<(String, Tensor)> {
        let mut state = Vec::new();
        for (slot, (name, _)) in self.slots.iter().zip(variables.entries()) {
            state.push((format!("first/{name}"), slot.first.shallow_clone()));
            if let Some(second) = &slot.second {
                state.push((format!("second/{name}"), second.shallow_clone()));
            }
        }
        state
    }
}

fn is_weight(tensor: &Tensor) -> bool {
    tensor.dim() > 1
}

/// The momentum with the gradient in it, and where it is going.
fn ahead(momentum: &Tensor, gradient: &Tensor) -> Result<Tensor, TrainError> {
    let momentum = momentum.shallow_clone().f_lerp_(gradient, 1.0 - MOMENTUM)?;
    Ok(gradient.f_lerp(&momentum, MOMENTUM)?)
}

/// What an orthonormal matrix is multiplied with to be a change of Adam's size.
fn size(rows: f64, columns: f64) -> f64 {
    0.2 * rows.max(columns).sqrt() * (rows / columns).max(1.0).sqrt()
}

/// The nearest matrices with orthonormal rows (or columns, if there are more rows), nearly:
/// singular values end between 0.7 and 1.2, which is as good and cheaper. `[count, rows, columns]`.
fn orthogonal(matrices: &Tensor) -> Result<Tensor, TrainError> {
    let (_, rows, columns) = matrices.size3()?;
    let turned = |x: &Tensor| x.f_transpose(1, 2);
    let x = matrices.f_to_kind(Kind::Float)?;
    let mut x = if rows > columns { turned(&x)? } else { x };
    let norms = x.f_norm_scalaropt_dim(2, [1, 2], true)?;
    x = x.f_div(&norms.f_add_scalar(1e-7)?)?;
    for _ in 0..5 {
        // Coefficients of the quintic by Jordan.
        let a = x.f_bmm(&turned(&x)?)?;
        let b = a.f_baddbmm(&a, &a, -4.7750, 2.0315)?;
        x = x.f_baddbmm(&b, &x, 3.4445, 1.0)?;
    }
    Ok(if rows > columns { turned(&x)? } else { x })
}

fn adam(
    first: &Tensor,
    second: &Tensor,
    gradient: &Tensor,
    numbers: &Numbers,
) -> Result<Tensor, TrainError> {
    let first = first.shallow_clone().f_lerp_(gradient, 1.0 - BETAS.0)?;
    let second = second
        .shallow_clone()
        .f_lerp_(&gradient.f_square()?, 1.0 - BETAS.1)?;
    let mut first = first.f_mul(&numbers.get(Number::First)?)?;
    let second = second.f_mul(&numbers.get(Number::Second)?)?;
    Ok(first.f_div_(&second.f_sqrt()?.f_add_scalar(1e-10)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::normals;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn singular_values_come_near_one_and_directions_stay() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        for shape in [[2, 8, 36], [3, 40, 3]] {
            let tensor = normals(&mut random, &shape).expect("numbers");
            let all = orthogonal(&tensor).expect("matrices");
            assert_eq!(all.size(), shape);
            for index in 0..shape[0] {
                let (found, tensor) = (all.get(index), tensor.get(index));
                let (_, values, _) = found.svd(true, true);
                assert!(values.min().double_value(&[]) > 0.6, "{shape:?}");
                assert!(values.max().double_value(&[]) < 1.3, "{shape:?}");
                let (u, _, v) = tensor.svd(true, true);
                let nearest = u.mm(&v.tr());
                let along = (&found * nearest).sum(Kind::Float).double_value(&[]);
                let most = values.sum(Kind::Float).double_value(&[]);
                assert!((along - most).abs() < 1e-3 * most, "{along} of {most}");
            }
        }
    }

    #[test]
    fn the_first_step_of_adam_is_the_sign_of_the_gradient() {
        let zeros = || Tensor::zeros([3], (Kind::Float, tch::Device::Cpu));
        let gradient = Tensor::from_slice(&[4.0_f32, -0.1, 1e-3]);
        let numbers = Numbers::new(tch::Device::Cpu).expect("numbers");
        numbers.set(1, 1.0, 1.0, 0.0).expect("numbers");
        let change = adam(&zeros(), &zeros(), &gradient, &numbers).expect("a step");
        let off = change - Tensor::from_slice(&[1.0_f32, -1.0, 1.0]);
        assert!(off.abs().max().double_value(&[]) < 1e-4);
    }
}
