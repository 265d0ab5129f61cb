// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Plan`]: which tensors of a file become which of ours, before any value is read.
//!
//! Every tensor of our network must be made, with its shape, and every tensor of the file used
//! or dropped by the map: weights that are silently lost or invented would give a network that
//! runs and is wrong.

use std::collections::BTreeSet;

use super::compose::Kernel;
use super::error::{ConvertError, shown};
use super::map::{Found, Map};
use super::{Source, Tensors};
use super::{colours, fold};

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    /// In the order of our network.
    steps: Vec<Step>,
    /// Whether colours are turned round at the end.
    blue_first: bool,
    /// Tensors of the file that are dropped, and why.
    dropped: Vec<(String, String)>,
}

/// How one tensor of ours is made.
#[derive(Debug)]
pub struct Step {
    /// Its name.
    pub to: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// The tensors it is made from.
    pub from: Vec<String>,
    pub(super) how: How,
}

/// The way from the file's tensors to ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum How {
    /// The values as they are.
    Copy,
    /// The first two dimensions exchanged.
    Swap,
    /// A weight with the normalisation behind it; swapped afterwards or not.
    FoldWeight { eps: f64, axis: usize, swap: bool },
    /// A bias with the normalisation behind it.
    FoldBias { eps: f64 },
    /// A weight with the 1×1 convolution before it.
    ComposeWeight(Kernel),
    /// A bias with what that convolution's bias adds to it.
    ComposeBias(Kernel),
    /// Zeros, for a bias that is not there.
    Zero,
}

impl Step {
    /// Whether it is more than a copy: `folded`, `composed`, `swapped` or `zero`.
    #[must_use]
    pub fn change(&self) -> Option<&'static str> {
        match self.how {
            How::Copy => None,
            How::Swap => Some("swapped"),
            How::FoldWeight { .. } | How::FoldBias { .. } => Some("folded"),
            How::ComposeWeight(_) | How::ComposeBias(_) => Some("composed"),
            How::Zero => Some("zero"),
        }
    }
}

impl Plan {
    /// Plans to make the `expected` tensors from those of `source`.
    ///
    /// # Errors
    /// [`ConvertError::Missing`] or [`ConvertError::Misshapen`] for the first tensor of ours that
    /// cannot be made, then [`ConvertError::Unused`] for the first of the file's that is left
    /// over; [`ConvertError::Map`]; [`ConvertError::TooLarge`] if the file holds fewer values
    /// than ours need together.
    pub fn new(
        source: &Source,
        map: &Map,
        expected: &[(String, Vec<i64>)],
    ) -> Result<Self, ConvertError> {
        let planner = Planner { source, map };
        let steps = expected
            .iter()
            .map(|(name, shape)| planner.step(name, shape));
        let steps: Vec<Step> = steps.collect::<Result<_, _>>()?;
        let used: BTreeSet<&str> = steps.iter().flat_map(|s| &s.from).map(|n| &**n).collect();
        let mut dropped = Vec::new();
        for name in source.names().filter(|name| !used.contains(name)) {
            let why = map.drops(name).ok_or_else(|| ConvertError::Unused {
                name: shown(name),
                shape: source.shape(name).unwrap_or_default().to_vec(),
            })?;
            dropped.push((shown(name), why.to_owned()));
        }
        // Else a small file could stand for large tensors, by having all share one storage.
        let sizes = steps.iter().filter(|step| step.how != How::Zero);
        let values: i64 = sizes.map(|step| step.shape.iter().product::<i64>()).sum();
        let what = "the number of values that are to be read";
        ConvertError::limit(what, values as u64, source.room())?;
        let blue_first = map.blue_first();
        Ok(Self {
            steps,
            blue_first,
            dropped,
        })
    }

    /// What becomes of each tensor of our network.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The file's tensors that are dropped, each with the reason.
    #[must_use]
    pub fn dropped(&self) -> &[(String, String)] {
        &self.dropped
    }

    /// Makes the tensors: name, shape and values, as [`rirn::weights::save`] takes them.
    ///
    /// # Errors
    /// [`ConvertError::Tensor`] for values that are not finite, no floats, or a variance that is
    /// negative; [`ConvertError::Damaged`] for a broken archive.
    pub fn tensors(&self, source: &Source) -> Result<Tensors, ConvertError> {
        let made = |step: &Step| {
            let values = fold::values(step, source)?;
            Ok((step.to.clone(), step.shape.clone(), values))
        };
        let mut tensors: Tensors = self
            .steps
            .iter()
            .map(made)
            .collect::<Result<_, ConvertError>>()?;
        if self.blue_first {
            colours::turn_round(&mut tensors);
        }
        Ok(tensors)
    }
}

pub(super) struct Planner<'p> {
    pub(super) source: &'p Source,
    map: &'p Map,
}

impl Planner<'_> {
    fn step(&self, to: &str, shape: &[i64]) -> Result<Step, ConvertError> {
        let missing = |reason: String| ConvertError::Missing {
            name: to.to_owned(),
            shape: shape.to_vec(),
            reason,
        };
        let (layer, part) = to.rsplit_once('.').unwrap_or((to, ""));
        let found = self.map.layer(layer)?;
        let found = found.ok_or_else(|| missing("the map has no rule for it".to_owned()))?;
        if let Some(step) = self.composed(to, shape, &found)? {
            return Ok(step);
        }
        let from = format!("{}.{part}", found.from);
        let absent = self.source.shape(&from).is_none();
        let may_lack = part == "bias" && (found.layer.zero_bias || found.norm.is_some());
        if absent && !may_lack {
            return Err(missing(format!("the file has no \"{}\"", shown(&from))));
        }
        let how = how(&found, part, absent);
        let mut step = Step {
            to: to.to_owned(),
            shape: shape.to_vec(),
            from: if absent { Vec::new() } else { vec![from] },
            how,
        };
        self.check_shape(&step, &found)?;
        if let Some(norm) = &found.norm {
            self.add_norm(&mut step, norm, &found)?;
        }
        Ok(step)
    }

    fn check_shape(&self, step: &Step, found: &Found) -> Result<(), ConvertError> {
        let mut expected = step.shape.clone();
        if matches!(step.how, How::Swap | How::FoldWeight { swap: true, .. }) {
            expected.swap(0, 1);
        }
        match step.from.first() {
            Some(from) => self.same_shape(from, &step.to, &expected, &found.layer.misfit),
            None => Ok(()),
        }
    }

    /// Adds the four tensors of a normalisation, one value for each output of the layer.
    fn add_norm(&self, step: &mut Step, norm: &str, found: &Found) -> Result<(), ConvertError> {
        let axis = match step.how {
            // The axis is the file's, so it is looked up in the file's shape.
            How::FoldWeight { axis, .. } => axis,
            _ => 0,
        };
        let own = step.from.first().and_then(|from| self.source.shape(from));
        let outputs = own.unwrap_or(&step.shape).get(axis).copied();
        let reason = "\"norm_axis\" is no dimension of the weight";
        let outputs = outputs.ok_or_else(|| ConvertError::map(reason))?;
        for part in fold::NORM {
            let name = format!("{norm}.{part}");
            if self.source.shape(&name).is_none() {
                return Err(ConvertError::Missing {
                    name: step.to.clone(),
                    shape: step.shape.clone(),
                    reason: format!("the file has no \"{}\"", shown(&name)),
                });
            }
            self.same_shape(&name, &step.to, &[outputs], &found.layer.misfit)?;
            step.from.push(name);
        }
        Ok(())
    }

    /// Refuses the file's tensor `from` if it has not the shape that `to` needs.
    pub(super) fn same_shape(
        &self,
        from: &str,
        to: &str,
        expected: &[i64],
        misfit: &str,
    ) -> Result<(), ConvertError> {
        let found = self.source.shape(from).unwrap_or_default();
        if found == expected {
            return Ok(());
        }
        let hint = match misfit {
            "" => String::new(),
            text => format!("; {text}"),
        };
        Err(ConvertError::Misshapen {
            from: shown(from),
            to: to.to_owned(),
            found: found.to_vec(),
            expected: expected.to_vec(),
            hint,
        })
    }
}

/// How a part of a layer is made.
fn how(found: &Found, part: &str, absent: bool) -> How {
    let (eps, axis, swap) = (found.layer.eps, found.layer.norm_axis, found.layer.swap);
    match (found.norm.is_some(), part) {
        (true, "weight") => How::FoldWeight { eps, axis, swap },
        (true, _) => How::FoldBias { eps },
        (false, "weight") if swap => How::Swap,
        (false, _) if absent => How::Zero,
        (false, _) => How::Copy,
    }
}
