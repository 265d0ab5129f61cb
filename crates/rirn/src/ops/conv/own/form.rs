// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms in which a layer can run, each with its weights as its kernels read them.

use super::map::Map;
use super::team::with_team;
use super::{Layer, index, refused, steps_along};
use crate::error::Result;
use crate::ops::conv::direct::Direct;
use crate::ops::conv::job::{Job, Misfit, Sink};
use crate::ops::conv::tiles::{Tiles, Unit};
use crate::ops::conv::winograd::Winograd;
use crate::ops::products::Products;
use std::fmt;
use tch::Tensor;

/// Name of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Winograd's: four times fewer products for 3×3, twice for 5×5.
    Winograd,
    Direct,
    /// Products of bfloat16 in matrix tiles.
    Tiles,
}

impl Name {
    /// The forms that a layer with such a kernel and stride may take; the first one is the one to take
    /// without looking at the clock.
    pub(super) fn candidates(kernel: usize, stride: usize, products: Products) -> &'static [Self] {
        match (products, kernel, stride) {
            // Nobody waits for plain Rust to be the faster one.
            (Products::Bfloat16(Unit::Plain), ..) => &[Self::Tiles],
            (Products::Float32, 3 | 5, 1) => &[Self::Winograd],
            (Products::Float32, ..) => &[Self::Direct],
            (Products::Bfloat16(_), 3 | 5, 1) => &[Self::Tiles, Self::Winograd],
            (Products::Bfloat16(_), ..) => &[Self::Tiles, Self::Direct],
        }
    }

    /// As users know it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Winograd => "winograd",
            Self::Direct => "direct",
            Self::Tiles => "tiles",
        }
    }
}

/// Weights and bias of a layer, and what it is, apart from them.
pub(super) struct Plain<'a> {
    pub(super) weights: Vec<f32>,
    pub(super) biases: Vec<f32>,
    /// Channels of each tensor of the input.
    pub(super) inputs: &'a [usize],
    pub(super) kernel: usize,
    pub(super) stride: usize,
}

impl<'a> Plain<'a> {
    /// Those of a layer whose input has such channels.
    pub(super) fn of(layer: Layer<'_>, inputs: &'a [usize]) -> Result<Self> {
        Ok(Self {
            weights: numbers(layer.weight)?,
            biases: numbers(layer.bias)?,
            inputs,
            kernel: index(layer.weight.size()[2]),
            stride: index(layer.stride),
        })
    }

    fn tiles(&self, unit: Unit) -> Result<Tiles, Misfit> {
        let form = (self.kernel, self.stride);
        Tiles::new(unit, &self.weights, &self.biases, self.inputs, form)
    }
}

/// The numbers of a float32 tensor in the order of its shape.
fn numbers(x: &Tensor) -> Result<Vec<f32>> {
    Ok(Vec::try_from(x.f_contiguous()?.f_view([-1])?)?)
}

/// A call of a layer.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) parts: &'a [Map<'a>],
    pub(super) residual: Option<&'a Map<'a>>,
    pub(super) relu: bool,
    /// Channels of the output, and the step of the kernel.
    pub(super) out: i64,
    pub(super) stride: i64,
}

/// A layer in one form.
pub(super) enum Form {
    Winograd(Winograd),
    Direct(Direct),
    Tiles(Tiles),
}

impl Form {
    /// Packs the weights of a layer.
    pub(super) fn new(name: Name, layer: &Plain<'_>, products: Products) -> Result<Self> {
        let (weights, biases, inputs) = (&layer.weights, &layer.biases, layer.inputs);
        let form = match (name, products) {
            (Name::Tiles, Products::Bfloat16(unit)) => layer.tiles(unit).map(Self::Tiles),
            (Name::Winograd, _) => {
                Winograd::new(layer.kernel, weights, biases, inputs).map(Self::Winograd)
            }
            _ => Direct::new(weights, biases, inputs, layer.kernel, layer.stride).map(Self::Direct),
        };
        form.map_err(|misfit| refused(misfit, layer))
    }

    /// Packs the weights of two layers that follow each other; only as tiles.
    pub(super) fn pair([first, second]: [&Plain<'_>; 2], unit: Unit) -> Result<Self> {
        let both = first
            .tiles(unit)
            .and_then(|it| it.then(second.tiles(unit)?));
        both.map(Self::Tiles)
            .map_err(|misfit| refused(misfit, format_args!("{first}, then {second}")))
    }

    pub(super) fn name(&self) -> Name {
        match self {
            Self::Winograd(_) => Name::Winograd,
            Self::Direct(_) => Name::Direct,
            Self::Tiles(_) => Name::Tiles,
        }
    }

    /// Runs a call, or its first `rows` rows as if the maps had no more, into `data`.
    pub(super) fn run(&self, call: Call<'_>, rows: usize, data: &mut [f32]) -> Result<()> {
        let sources: Vec<_> = call.parts.iter().map(|map| map.source).collect();
        let first = call
            .parts
            .first()
            .ok_or_else(|| refused(Misfit("no input"), call))?;
        let numbers = data.len();
        let job = Job {
            height: index(first.height).min(rows),
            width: index(first.width),
            sources: &sources,
            residual: call.residual.map(|map| map.source),
            relu: call.relu,
            output: Sink {
                data,
                stride: index(call.out),
            },
        };
        with_team(|team| match self {
            Self::Winograd(layer) => layer.run(job, &mut team.scratch, &team.pool),
            Self::Direct(layer) => layer.run(job, &team.pool),
            Self::Tiles(layer) => layer.run(job, &mut team.scratch, &team.pool),
        })
        .map_err(|misfit| refused(misfit, format_args!("{call}, into {numbers} numbers")))
    }
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kernel, stride) = (self.kernel, self.stride);
        let (inputs, out) = (self.inputs, self.biases.len());
        let weights = self.weights.len();
        write!(
            f,
            "{kernel}x{kernel} stride {stride}, {inputs:?} to {out} channels by {weights} weights"
        )
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stride {} to {} channels", self.stride, self.out)?;
        for map in self.parts {
            write!(f, ", from {map}")?;
        }
        match self.residual {
            Some(map) => write!(f, ", residual {map}"),
            None => Ok(()),
        }
    }
}

impl Call<'_> {
    /// Rows of the output and pixels in each.
    pub(super) fn output_size(&self) -> Option<[i64; 2]> {
        let first = self.parts.first()?;
        Some([first.height, first.width].map(|side| steps_along(side, self.stride)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Form, Map, Name, Plain};
    use crate::ops::conv::job::Source;
    use crate::ops::products::Products;

    #[test]
    fn a_refusal_names_the_sizes() {
        let layer = Plain {
            weights: vec![0.5; 9 * 4 * 4],
            biases: vec![0.0; 4],
            inputs: &[4],
            kernel: 3,
            stride: 1,
        };
        let form = Form::new(Name::Direct, &layer, Products::Float32).expect("a form");
        let numbers = [1.0; 4 * 5 * 6];
        let map = |count: usize| Map {
            source: Source {
                data: &numbers[..count],
                stride: 4,
            },
            height: 5,
            width: 6,
        };
        let (parts, residual) = ([map(120)], map(119));
        let call = Call {
            parts: &parts,
            residual: Some(&residual),
            relu: false,
            out: 4,
            stride: 1,
        };
        let refused = form.run(call, usize::MAX, &mut [0.0; 120]);
        assert_eq!(
            refused.expect_err("a short residual").to_string(),
            "the residual is shorter than its size says: stride 1 to 4 channels, from 6x5 pixels in \
             120 numbers, residual 6x5 pixels in 119 numbers, into 120 numbers"
        );
        let wrong = Plain {
            weights: vec![0.5; 9],
            ..layer
        };
        let refused = Form::new(Name::Winograd, &wrong, Products::Float32).err();
        assert_eq!(
            refused.expect("too few weights").to_string(),
            "another number of weights than the channels ask for: 3x3 stride 1, [4] to 4 channels by \
             9 weights"
        );
    }
}
