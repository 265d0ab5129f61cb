// SPDX-License-Identifier: MIT OR Apache-2.0
//! The maps of one call. A map is a slice that begins at its first channel of its first pixel;
//! `stride` numbers further comes the next pixel, and rows follow without a gap. So a range of
//! channels of a wider map is a map too. Sizes are checked once, before a kernel sees a pointer.

use std::fmt;

/// A map to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The numbers, from the first channel of the first pixel on.
    pub(crate) data: &'a [f32],
    /// Numbers from one pixel to the next.
    pub(crate) stride: usize,
}

/// A map to write. Numbers between its channels are left as they are.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    /// The numbers, from the first channel of the first pixel on.
    pub(crate) data: &'a mut [f32],
    /// Numbers from one pixel to the next.
    pub(crate) stride: usize,
}

/// One call: `output = activation(convolution(sources) + bias + residual)`. Residual and output have
/// a row for every `stride`-th row of the sources, the first one counted, and so pixels in a row.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// Rows of every source.
    pub(crate) height: usize,
    /// Pixels in a row of every source.
    pub(crate) width: usize,
    /// The input, in the order in which the weights count its channels.
    pub(crate) sources: &'a [Source<'a>],
    /// A map with the channels of the output that is added to it.
    pub(crate) residual: Option<Source<'a>>,
    /// Whether negative numbers become zero, after the residual. What is not a number stays so.
    pub(crate) relu: bool,
    /// Where the result goes.
    pub(crate) output: Sink<'a>,
}

/// A call or a layer whose sizes do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) &'static str);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Misfit {}

impl Job<'_> {
    /// Whether every map is as large as `height`, `width`, its stride and its channels say, for a
    /// convolution that makes a pixel of every `stride`-th one in both directions.
    pub(crate) fn check(&self, inputs: &[usize], out: usize, stride: usize) -> Result<(), Misfit> {
        if self.height == 0 || self.width == 0 {
            return Err(Misfit("a map has no pixels"));
        }
        if self.sources.len() != inputs.len() {
            return Err(Misfit("another number of sources than the layer has"));
        }
        let mut sources = self.sources.iter().zip(inputs);
        if !sources.all(|(s, &channels)| self.holds(s.data.len(), s.stride, channels, 1)) {
            return Err(Misfit("a source is shorter than its size says"));
        }
        if !self.holds(self.output.data.len(), self.output.stride, out, stride) {
            return Err(Misfit("the output is shorter than its size says"));
        }
        let mut residual = self.residual.iter();
        if !residual.all(|r| self.holds(r.data.len(), r.stride, out, stride)) {
            return Err(Misfit("the residual is shorter than its size says"));
        }
        Ok(())
    }

    /// Whether `len` numbers reach from the beginning of a map to behind its last one. The map has
    /// every `sparse`-th pixel in both directions, and `stride` numbers from one to the next.
    fn holds(&self, len: usize, stride: usize, channels: usize, sparse: usize) -> bool {
        let reach = || {
            let pixels = (self.height.div_ceil(sparse)).checked_mul(self.width.div_ceil(sparse))?;
            (pixels - 1).checked_mul(stride)?.checked_add(channels)
        };
        stride >= channels && reach().is_some_and(|n| n <= len)
    }
}

/// Whether a layer has `[out, in, kernel, kernel]` weights, where `in` counts the channels of all `inputs`
/// and `out` the biases.
pub(crate) fn check_weights(
    weights: &[f32],
    bias: &[f32],
    inputs: &[usize],
    kernel: usize,
) -> Result<(), Misfit> {
    let numbers = inputs
        .iter()
        .try_fold(0_usize, |sum, &n| sum.checked_add(n))
        .and_then(|n| n.checked_mul(kernel.checked_mul(kernel)?))
        .and_then(|n| n.checked_mul(bias.len()));
    if inputs.contains(&0) || weights.is_empty() || numbers != Some(weights.len()) {
        return Err(Misfit(
            "another number of weights than the channels ask for",
        ));
    }
    Ok(())
}
