// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms in which a layer can run, each with its weights as its kernels read them.

use super::map::Map;
use super::team::with_team;
use super::{index, refused, steps_along};
use crate::error::Result;
use crate::ops::conv::direct::Direct;
use crate::ops::conv::job::{Job, Misfit, Sink};
use crate::ops::conv::tiles::{Tiles, Unit};
use crate::ops::conv::winograd::Winograd;
use crate::ops::products::Products;

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
    pub(super) weights: &'a [f32],
    pub(super) biases: &'a [f32],
    /// Channels of each tensor of the input.
    pub(super) inputs: &'a [usize],
    pub(super) kernel: usize,
    pub(super) stride: usize,
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
        let Plain {
            weights,
            biases,
            inputs,
            kernel,
            stride,
        } = *layer;
        let form = match (name, products) {
            (Name::Tiles, Products::Bfloat16(unit)) => {
                Tiles::new(unit, weights, biases, inputs, (kernel, stride)).map(Self::Tiles)
            }
            (Name::Winograd, _) => {
                Winograd::new(kernel, weights, biases, inputs).map(Self::Winograd)
            }
            _ => Direct::new(weights, biases, inputs, kernel, stride).map(Self::Direct),
        };
        form.map_err(refused)
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
            .ok_or_else(|| refused(Misfit("no input")))?;
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
        .map_err(refused)
    }
}

impl Call<'_> {
    /// Rows of the output and pixels in each.
    pub(super) fn output_size(&self) -> Option<[i64; 2]> {
        let first = self.parts.first()?;
        Some([first.height, first.width].map(|side| steps_along(side, self.stride)))
    }
}
