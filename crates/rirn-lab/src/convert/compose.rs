// SPDX-License-Identifier: MIT OR Apache-2.0
//! A 1×1 convolution multiplied into the layer behind it, for networks that lack the former.
//!
//! F[m, i] is the 1×1 convolution's weight from input i to output m, W[m, o, t] the layer's from
//! m to its output o at tap t: W'[i, o, t] = Σm F[m, i] · W[m, o, t], which is exact. The 1×1
//! convolution's bias is a constant on each m, and away from the border a constant behind the
//! layer as well: b'[o] = b[o] + Σm,t bias[m] · W[m, o, t]. A transposed convolution of stride s
//! has s² kinds of output pixels, and each tap reaches one of them: there the constant differs
//! from kind to kind, and b' gets the mean, a part in s² of that sum. At the border, where the
//! layer sees zeros instead of the constant, b' is too large or too small in both cases.
//! Computed in float64, rounded once.

use serde::Deserialize;

use super::Source;
use super::error::{ConvertError, shown};
use super::map::Found;
use super::pattern::Pattern;
use super::plan::{How, Planner, Step};

/// Most multiplications for one weight: some ten seconds. A network of base 64 takes a tenth.
const MAX_WORK: u64 = 1 << 33;

/// Largest stride of a transposed convolution.
const MAX_STRIDE: u32 = 16;

/// The 1×1 convolution as a map names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeforeText {
    from: String,
    #[serde(default)]
    columns: Columns,
    transposed: Option<u32>,
}

/// Which inputs of the 1×1 convolution are the inputs of our layer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Columns {
    /// It has no others.
    #[default]
    All,
    /// The last ones; there are as many others as they are, or a multiple.
    Last,
}

/// The rule read.
#[derive(Debug, Clone)]
pub(super) struct Before {
    pub(super) from: Pattern,
    columns: Columns,
    kernel: Kernel,
}

/// What kind of layer stands behind the 1×1 convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kernel {
    /// A convolution, its weight [outputs, inputs, …].
    Plain,
    /// A transposed convolution, its weight [inputs, outputs, …].
    Transposed { stride: u32 },
}

impl BeforeText {
    /// The rule of layer `to`.
    pub(super) fn parse(&self, to: &str) -> Result<Before, ConvertError> {
        let kernel = match self.transposed {
            None => Kernel::Plain,
            Some(stride @ 1..=MAX_STRIDE) => Kernel::Transposed { stride },
            Some(_) => {
                let to = shown(to);
                return Err(ConvertError::map(format!(
                    "\"transposed\" of layer \"{to}\" is no stride from 1 to {MAX_STRIDE}"
                )));
            }
        };
        Ok(Before {
            from: Pattern::parse(&self.from)?,
            columns: self.columns,
            kernel,
        })
    }
}

impl Kernel {
    /// The weight's dimension of inputs; that of outputs is the other one of the first two.
    fn axis(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Transposed { .. } => 0,
        }
    }

    /// Number of output pixels over which the taps are shared out.
    fn kinds(self) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Transposed { stride } => f64::from(stride).powi(2),
        }
    }

    /// Inputs, outputs and taps of a weight of this shape.
    fn sizes(self, shape: &[i64]) -> [usize; 3] {
        let size = |at: usize| shape[at] as usize;
        let taps = shape[2..].iter().product::<i64>() as usize;
        [size(self.axis()), size(1 - self.axis()), taps]
    }

    /// Where the taps from input `m` to output `o` begin in a weight of these sizes.
    fn begin(self, [inputs, outputs, taps]: [usize; 3], m: usize, o: usize) -> usize {
        match self {
            Self::Plain => (o * inputs + m) * taps,
            Self::Transposed { .. } => (m * outputs + o) * taps,
        }
    }
}

impl Planner<'_> {
    /// Plans a weight or bias with the 1×1 convolution before its layer multiplied in; nothing if
    /// the map names none or the file has none.
    pub(super) fn composed(
        &self,
        to: &str,
        shape: &[i64],
        found: &Found,
    ) -> Result<Option<Step>, ConvertError> {
        let (Some(rule), Some(name)) = (&found.layer.before, &found.before) else {
            return Ok(None);
        };
        let [weight, bias] = ["weight", "bias"].map(|part| format!("{name}.{part}"));
        let [own, own_bias] = ["weight", "bias"].map(|part| format!("{}.{part}", found.from));
        let has = |name: &str| self.source.shape(name).is_some();
        let (how, from) = match to.rsplit('.').next() {
            Some("weight") if has(&weight) || has(&bias) => {
                (How::ComposeWeight(rule.kernel), vec![own, weight])
            }
            Some("bias") if has(&bias) && found.layer.zero_bias && !has(&own_bias) => {
                (How::ComposeBias(rule.kernel), vec![own, bias])
            }
            Some("bias") if has(&bias) => {
                (How::ComposeBias(rule.kernel), vec![own_bias, own, bias])
            }
            _ => return Ok(None),
        };
        let step = Step {
            to: to.to_owned(),
            shape: shape.to_vec(),
            from,
            how,
        };
        self.check_present(&step)?;
        self.check_composed(&step, rule, &found.layer.misfit)?;
        Ok(Some(step))
    }

    fn check_present(&self, step: &Step) -> Result<(), ConvertError> {
        let mut names = step.from.iter();
        match names.find(|name| self.source.shape(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(ConvertError::Missing {
                name: step.to.clone(),
                shape: step.shape.clone(),
                reason: format!("the file has no \"{}\"", shown(name)),
            }),
        }
    }

    /// Compares all shapes that make a step before a value is read.
    fn check_composed(&self, step: &Step, rule: &Before, hint: &str) -> Result<(), ConvertError> {
        match (step.how, &step.shape[..], &step.from[..]) {
            (How::ComposeWeight(_), [_, _, ..], [own, weight]) => {
                self.check_weights(step, [own, weight], rule, hint)
            }
            (How::ComposeBias(_), [_], [own_bias @ .., own, bias]) => {
                self.check_biases(step, [own, bias], rule.kernel.axis(), hint)?;
                let mut own_bias = own_bias.iter();
                own_bias.try_for_each(|name| self.same_shape(name, &step.to, &step.shape, hint))
            }
            _ => Err(ConvertError::map("\"before\" is for convolutions only")),
        }
    }

    fn check_weights(
        &self,
        step: &Step,
        [own, weight]: [&str; 2],
        rule: &Before,
        hint: &str,
    ) -> Result<(), ConvertError> {
        let axis = rule.kernel.axis();
        let found = self.source.shape(weight).unwrap_or_default();
        let between = found.first().map_or(1, |size| *size.max(&1));
        let inputs = step.shape[axis].max(1);
        let mut expected = vec![1; step.shape.len()];
        (expected[0], expected[1]) = (between, inputs);
        if let (Columns::Last, Some(all)) = (rule.columns, found.get(1)) {
            expected[1] = inputs.max(all / inputs * inputs);
        }
        self.same_shape(weight, &step.to, &expected, hint)?;
        expected.clone_from(&step.shape);
        expected[axis] = between;
        self.same_shape(own, &step.to, &expected, hint)?;
        // Each value of the layer's weight meets each of our inputs. Both numbers are those of
        // values in files, so that the product does not overflow.
        let work = expected.iter().product::<i64>() as u64 * inputs as u64;
        ConvertError::limit("the number of multiplications", work, MAX_WORK)
    }

    fn check_biases(
        &self,
        step: &Step,
        [own, bias]: [&str; 2],
        axis: usize,
        hint: &str,
    ) -> Result<(), ConvertError> {
        let found = self.source.shape(bias).unwrap_or_default();
        let between = found.first().map_or(1, |size| *size.max(&1));
        self.same_shape(bias, &step.to, &[between], hint)?;
        let mut expected = self.source.shape(own).unwrap_or_default().to_vec();
        expected.resize(expected.len().max(2), 1);
        (expected[axis], expected[1 - axis]) = (between, step.shape[0]);
        self.same_shape(own, &step.to, &expected, hint)
    }
}

/// The weight that does what both convolutions do; the step has been checked.
pub(super) fn weight(
    step: &Step,
    source: &Source,
    kernel: Kernel,
) -> Result<Vec<f32>, ConvertError> {
    let own = source.values(&step.from[0])?;
    let first = source.values(&step.from[1])?;
    Ok(product(&own, &first, &step.shape, kernel))
}

/// `first`, [between, columns], multiplied into `own`; `shape` is that of the product. Of more
/// columns than it has inputs, the last ones are taken.
fn product(own: &[f32], first: &[f32], shape: &[i64], kernel: Kernel) -> Vec<f32> {
    let sizes @ [inputs, outputs, taps] = kernel.sizes(shape);
    let between = own.len() / (outputs * taps);
    let columns = first.len() / between;
    let mut result = vec![0.0; inputs * outputs * taps];
    let mut sums = vec![0.0; taps];
    for (i, o) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
        sums.fill(0.0);
        for m in 0..between {
            let factor = f64::from(first[m * columns + columns - inputs + i]);
            let begin = kernel.begin([between, outputs, taps], m, o);
            for (sum, value) in sums.iter_mut().zip(&own[begin..begin + taps]) {
                *sum += factor * f64::from(*value);
            }
        }
        let begin = kernel.begin(sizes, i, o);
        let places = result[begin..begin + taps].iter_mut();
        places.zip(&sums).for_each(|(to, sum)| *to = *sum as f32);
    }
    result
}

/// The bias with what the 1×1 convolution's bias adds to it; the step has been checked.
pub(super) fn bias(step: &Step, source: &Source, kernel: Kernel) -> Result<Vec<f32>, ConvertError> {
    let values = |name: &String| source.values(name);
    let mut parts = step.from.iter().rev().map(values);
    let mut next = || parts.next().unwrap_or(Ok(Vec::new()));
    let (first, weight, own) = (next()?, next()?, next()?);
    Ok(shifted(
        &own,
        &weight,
        &first,
        step.shape[0] as usize,
        kernel,
    ))
}

/// `own`, or zeros if it is empty, and the mean of what the constants `first` become.
fn shifted(own: &[f32], weight: &[f32], first: &[f32], outputs: usize, kernel: Kernel) -> Vec<f32> {
    let between = first.len();
    let taps = weight.len() / (between * outputs);
    let shift = |o: usize| {
        let constant = |m: usize| {
            let begin = kernel.begin([between, outputs, taps], m, o);
            let taps = weight[begin..begin + taps].iter().copied().map(f64::from);
            f64::from(first[m]) * taps.sum::<f64>()
        };
        let sum: f64 = (0..between).map(constant).sum();
        let own = own.get(o).copied().map_or(0.0, f64::from);
        (own + sum / kernel.kinds()) as f32
    };
    (0..outputs).map(shift).collect()
}

#[cfg(test)]
mod tests;
