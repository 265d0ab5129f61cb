// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arithmetic of a conversion: copies, exchanged dimensions, and batch normalisation folded
//! into the layer before it.
//!
//! With g = gamma / sqrt(variance + eps): weight becomes g * weight for each output, bias becomes
//! g * (bias - mean) + beta. This is the same function as long as nobody trains. It is computed
//! in float64 and rounded once.

use super::error::ConvertError;
use super::plan::{How, Step};
use super::{Source, compose};

/// The tensors of a normalisation, as PyTorch names them.
pub(super) const NORM: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

/// The values of one tensor of ours.
pub(super) fn values(step: &Step, source: &Source) -> Result<Vec<f32>, ConvertError> {
    let own = |at: usize| source.values(step.from.get(at).map_or("", String::as_str));
    match step.how {
        How::Copy => own(0),
        How::Swap => Ok(swapped(&own(0)?, &step.shape)),
        How::Zero => Ok(vec![0.0; count(&step.shape)]),
        How::ComposeWeight(kernel) => compose::weight(step, source, kernel),
        How::ComposeBias(kernel) => compose::bias(step, source, kernel),
        How::FoldWeight { eps, axis, swap } => {
            let norm = Norm::read(step, source, eps)?;
            let mut weight = own(0)?;
            let mut shape = step.shape.clone();
            if swap {
                shape.swap(0, 1);
            }
            norm.scale(&mut weight, &shape, axis);
            Ok(if swap {
                swapped(&weight, &step.shape)
            } else {
                weight
            })
        }
        How::FoldBias { eps } => {
            let norm = Norm::read(step, source, eps)?;
            // A layer before a normalisation often has no bias, since the mean takes it away.
            let bias = match step.from.len() > NORM.len() {
                true => own(0)?,
                false => vec![0.0; norm.gain.len()],
            };
            Ok(norm.shift(&bias))
        }
    }
}

fn count(shape: &[i64]) -> usize {
    shape.iter().product::<i64>() as usize
}

/// `values` with the first two dimensions exchanged; `shape` is the one afterwards.
fn swapped(values: &[f32], shape: &[i64]) -> Vec<f32> {
    let (rows, columns) = (shape[0] as usize, shape[1] as usize);
    let inner = count(&shape[2..]);
    let piece = |(row, column)| {
        let begin = (column * rows + row) * inner;
        &values[begin..begin + inner]
    };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    places.flat_map(piece).copied().collect()
}

/// A normalisation, one entry for each output of the layer before it.
struct Norm {
    gain: Vec<f64>,
    beta: Vec<f32>,
    mean: Vec<f32>,
}

impl Norm {
    /// Its four tensors are the last ones that the step names, in the order of [`NORM`].
    fn read(step: &Step, source: &Source, eps: f64) -> Result<Self, ConvertError> {
        let names = &step.from[step.from.len() - NORM.len()..];
        let mut parts = names.iter().map(|name| source.values(name));
        let mut next = || parts.next().unwrap_or(Ok(Vec::new()));
        let (gamma, beta, mean, variance) = (next()?, next()?, next()?, next()?);
        let gain = |(gamma, variance): (f32, f32)| {
            let spread = f64::from(variance) + eps;
            (spread > 0.0).then(|| f64::from(gamma) / spread.sqrt())
        };
        let gain: Option<Vec<f64>> = gamma.into_iter().zip(variance).map(gain).collect();
        let negative = || ConvertError::tensor(&names[3], "holds a variance below zero");
        Ok(Self {
            gain: gain.ok_or_else(negative)?,
            beta,
            mean,
        })
    }

    fn scale(&self, weight: &mut [f32], shape: &[i64], axis: usize) {
        let inner = count(&shape[axis + 1..]);
        let outputs = self.gain.len();
        for (place, value) in weight.iter_mut().enumerate() {
            let gain = self.gain[place / inner % outputs];
            *value = (gain * f64::from(*value)) as f32;
        }
    }

    fn shift(&self, bias: &[f32]) -> Vec<f32> {
        let norm = self.gain.iter().zip(&self.mean).zip(&self.beta);
        let shift = |(bias, ((gain, mean), beta)): (&f32, ((&f64, &f32), &f32))| {
            (gain * (f64::from(*bias) - f64::from(*mean)) + f64::from(*beta)) as f32
        };
        bias.iter().zip(norm).map(shift).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanged_dimensions_keep_the_kernels() {
        // [2, 3, 2] to [3, 2, 2].
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let expected = [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11_u8].map(f32::from);
        assert_eq!(swapped(&values, &[3, 2, 2]), expected);
        assert_eq!(swapped(&expected, &[2, 3, 2]), values);
    }

    #[test]
    fn a_folded_layer_gives_what_layer_and_normalisation_give() {
        let norm = Norm {
            gain: vec![2.0, 0.5],
            beta: vec![1.0, -1.0],
            mean: vec![3.0, 4.0],
        };
        let mut weight = vec![1.0, 2.0, 3.0, 4.0];
        norm.scale(&mut weight, &[2, 2], 0);
        assert_eq!(weight, [2.0, 4.0, 1.5, 2.0]);
        norm.scale(&mut weight, &[2, 2], 1);
        assert_eq!(weight, [4.0, 2.0, 3.0, 1.0]);
        assert_eq!(norm.shift(&[5.0, 6.0]), [5.0, 0.0]);
    }
}
