// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`State`]: what a network remembers of the frames before. It moves by value through a step, so
//! that an old one cannot be used by mistake.

use super::StateProfile;
use crate::error::{Error, Result};
use crate::ops::{self, spare};
use tch::{Device, Kind, Tensor};

/// Named state tensors in canonical order: `h` hidden state, `c` memory cell, `f` feature.
#[derive(Debug, Default)]
pub struct State {
    tensors: Vec<(&'static str, Tensor)>,
}

impl State {
    /// Zeros for a frame whose padded size is `height` × `width`.
    pub(crate) fn zeros(
        profiles: &[StateProfile],
        [batch, height, width]: [i64; 3],
        placement: (Kind, Device),
    ) -> Result<Self> {
        let (kind, device) = placement;
        let tensors = profiles.iter().map(|profile| {
            let size = [
                batch,
                profile.channels,
                height / profile.divisor,
                width / profile.divisor,
            ];
            Ok((profile.name, ops::zeros(size, kind, device)?))
        });
        Ok(Self {
            tensors: tensors.collect::<Result<_>>()?,
        })
    }

    /// A state of these tensors, in canonical order.
    #[must_use]
    pub fn new(tensors: Vec<(&'static str, Tensor)>) -> Self {
        Self { tensors }
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// [`Error::Shape`] if the network has no such state.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        self.find(name)
            .ok_or_else(|| Error::Shape(format!("the network carries no state \"{name}\"")))
    }

    /// The tensor of this name, if the network has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Tensor> {
        self.iter()
            .find_map(|(found, tensor)| (found == name).then_some(tensor))
    }

    /// Takes the tensor of this name out.
    pub(crate) fn take(&mut self, name: &str) -> Result<Tensor> {
        match self.tensors.iter().position(|(found, _)| *found == name) {
            Some(index) => Ok(self.tensors.swap_remove(index).1),
            None => Err(Error::Shape(format!("the cell gave no state \"{name}\""))),
        }
    }

    /// Gives the memory of a state back that a step has used up, but for what `new` still uses.
    pub(crate) fn give_back(self, new: &Self) {
        for (_, tensor) in self.tensors {
            if !new
                .iter()
                .any(|(_, other)| spare::share_memory(other, &tensor))
            {
                spare::give_back(tensor);
            }
        }
    }

    /// The same tensors, not copies of them.
    #[must_use]
    pub fn shallow_clone(&self) -> Self {
        let tensors = self.iter();
        Self::new(tensors.map(|(name, t)| (name, t.shallow_clone())).collect())
    }

    /// Names and tensors in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (*name, tensor))
    }

    /// Largest magnitude in any of the tensors, 0 without any, not a number if one holds such.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub fn largest_magnitude(&self) -> Result<f64> {
        self.iter().try_fold(0.0, |largest: f64, (_, tensor)| {
            // Without a copy, whatever the order: not by `abs`, nor by `max`, which puts maps in order.
            let all: &[i64] = &[];
            let ends = [tensor.f_amin(all, false)?, tensor.f_amax(all, false)?];
            ends.iter().try_fold(largest, |largest, end| {
                let value = end.f_double_value(&[])?.abs();
                // LibTorch's ends hand a NaN on, Rust's `max` would lose it.
                Ok(if value.is_nan() || largest.is_nan() {
                    f64::NAN
                } else {
                    largest.max(value)
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn the_largest_magnitude_is_found_in_every_kind_sign_and_order() {
        for kind in [Kind::Float, Kind::Half, Kind::BFloat16] {
            let zeros = || Tensor::zeros([1, 5, 6, 4], (kind, Device::Cpu)).permute([0, 3, 1, 2]);
            let largest = |value: f64| {
                let map = zeros();
                let _ = map.narrow(1, 2, 1).narrow(3, 3, 1).fill_(value);
                let state = State::new(vec![("h", zeros()), ("c", map), ("f", zeros())]);
                state.largest_magnitude().expect("a number")
            };
            for value in [0.0, 2.5, -40.0, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(largest(value), value.abs(), "{kind:?}");
            }
            assert!(largest(f64::NAN).is_nan());
        }
        assert_eq!(State::default().largest_magnitude().ok(), Some(0.0));
    }
}
