// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Builder`]: makes layers from a [`Source`] of tensors and keeps their table.

use super::{Conv, ConvTranspose};
use crate::error::Result;
use tch::Tensor;

/// Where a network gets its tensors from while it is built.
pub trait Source {
    /// The tensor of this name and shape, on the device and in the kind that the network shall
    /// compute with.
    ///
    /// # Errors
    /// Whatever keeps the source from giving it.
    fn tensor(&mut self, name: &str, shape: &[i64]) -> Result<Tensor>;
}

/// A source without tensors: it writes down names and shapes and gives undefined tensors, so that
/// a file can be compared with its network before anything is allocated.
#[derive(Debug, Default)]
pub struct Outline {
    /// Names and shapes, in the order in which the network asks for them.
    pub tensors: Vec<(String, Vec<i64>)>,
}

impl Source for Outline {
    fn tensor(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        self.tensors.push((name.to_owned(), shape.to_owned()));
        Ok(Tensor::new())
    }
}

/// Kind of a layer in a [`LayerRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerKind {
    /// Convolution with zero padding of half the kernel.
    Conv,
    /// Transposed convolution of stride 2 that doubles both sides.
    ConvTranspose,
}

/// One convolution of a network, as in the paper's tables S1 to S4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// Name of its tensors without `.weight` and `.bias`.
    pub name: String,
    /// Plain or transposed.
    pub kind: LayerKind,
    /// Edge of the square kernel in pixels.
    pub kernel: i64,
    /// Step of the kernel in pixels.
    pub stride: i64,
    /// Channels in.
    pub input: i64,
    /// Channels out.
    pub output: i64,
    /// Frame size over the size of the grid on which every weight is used once: the output of a
    /// convolution, the input of a transposed one.
    pub divisor: i64,
}

impl LayerRow {
    /// Number of weights and biases.
    #[must_use]
    pub fn parameters(&self) -> i64 {
        self.weights() + self.output
    }

    /// Multiply-adds of one frame whose padded size is `height` × `width`: padding taps included,
    /// biases not.
    #[must_use]
    pub fn multiply_adds(&self, height: i64, width: i64) -> i64 {
        self.weights() * (height / self.divisor) * (width / self.divisor)
    }

    /// Values that go in and come out, for each pixel of the frame.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn values_at_once(&self) -> f64 {
        let map = |channels: i64, divisor: f64| channels as f64 / (divisor * divisor);
        let (grid, step) = (self.divisor as f64, self.stride as f64);
        match self.kind {
            LayerKind::Conv => map(self.input, grid / step) + map(self.output, grid),
            LayerKind::ConvTranspose => map(self.input, grid) + map(self.output, grid / step),
        }
    }

    /// The same in the own form: a transposed layer makes its pixels first and then brings them to
    /// their places.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn own_values_at_once(&self) -> f64 {
        let twice = match self.kind {
            LayerKind::Conv => 0.0,
            LayerKind::ConvTranspose => {
                let grid = self.divisor as f64 / self.stride as f64;
                self.output as f64 / (grid * grid)
            }
        };
        self.values_at_once() + twice
    }

    /// Values that an own kernel keeps of the weights: Winograd's form has 36 in place of 9 or 25,
    /// and a transposed layer is one of 3×3 taps to four times as many channels.
    pub(crate) fn packed(&self) -> u64 {
        let pairs = (self.input * self.output).unsigned_abs();
        match (self.kind, self.kernel, self.stride) {
            (LayerKind::ConvTranspose, ..) => 4 * 36 * pairs,
            (LayerKind::Conv, 3 | 5, 1) => 36 * pairs,
            _ => self.weights().unsigned_abs(),
        }
    }

    fn weights(&self) -> i64 {
        self.input * self.output * self.kernel * self.kernel
    }
}

/// Makes the layers of one network. It follows the size of the map: a convolution of stride 2
/// halves it, a transposed one doubles it; `at` sets it where a branch begins.
pub struct Builder<'s> {
    source: &'s mut dyn Source,
    divisor: i64,
    rows: Vec<LayerRow>,
}

impl<'s> Builder<'s> {
    /// A builder that begins at the frame's own size.
    pub fn new(source: &'s mut dyn Source) -> Self {
        Self {
            source,
            divisor: 1,
            rows: Vec::new(),
        }
    }

    /// The table of everything built.
    #[must_use]
    pub fn into_rows(self) -> Vec<LayerRow> {
        self.rows
    }

    /// What follows works on maps of the frame's size over `divisor`.
    pub(crate) fn at(&mut self, divisor: i64) -> &mut Self {
        self.divisor = divisor;
        self
    }

    /// `conv kernel stride input→output` of the layer tables.
    pub(crate) fn conv(
        &mut self,
        name: &str,
        kernel: i64,
        stride: i64,
        input: i64,
        output: i64,
    ) -> Result<Conv> {
        self.divisor *= stride;
        let weight = self.weight(name, &[output, input, kernel, kernel])?;
        let bias = self.bias(name, output)?;
        self.rows.push(LayerRow {
            name: name.to_owned(),
            kind: LayerKind::Conv,
            kernel,
            stride,
            input,
            output,
            divisor: self.divisor,
        });
        Ok(Conv::new(weight, bias, stride))
    }

    /// `up3`, `up4` of the layer tables: transposed convolution that doubles both sides.
    pub(crate) fn up(
        &mut self,
        name: &str,
        kernel: i64,
        input: i64,
        output: i64,
    ) -> Result<ConvTranspose> {
        let weight = self.weight(name, &[input, output, kernel, kernel])?;
        let bias = self.bias(name, output)?;
        self.rows.push(LayerRow {
            name: name.to_owned(),
            kind: LayerKind::ConvTranspose,
            kernel,
            stride: 2,
            input,
            output,
            divisor: self.divisor,
        });
        self.divisor /= 2;
        Ok(ConvTranspose::new(weight, bias))
    }

    fn weight(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        self.source.tensor(&format!("{name}.weight"), shape)
    }

    fn bias(&mut self, name: &str, output: i64) -> Result<Tensor> {
        self.source.tensor(&format!("{name}.bias"), &[output])
    }
}
