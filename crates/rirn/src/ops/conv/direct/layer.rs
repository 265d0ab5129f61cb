// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the weights of a layer lie in memory: `[panel][tap][input channel][vector of the
//! panel][lane]`, in the order in which they are read. A panel is one or two vectors of output
//! channels whose sums are computed together; the last vector may be partly empty.

/// Output channels whose sums are computed together.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Its first output channel.
    pub(super) channel: usize,
    /// Vectors in it.
    pub(super) vectors: usize,
    /// Where its weights begin.
    pub(super) weights: usize,
    /// Rows of the kernel whose weights stay in the level-1 cache together.
    pub(super) rows: usize,
}

/// Numbers of weights that stay in the level-1 cache, beside input and sums.
const NEAR: usize = 4096;

/// The sizes of a layer for one kind of vector.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// Numbers in a vector.
    pub(super) lanes: usize,
    /// Channels of each source.
    pub(super) inputs: Vec<usize>,
    /// Channels of the output.
    pub(super) out: usize,
    /// Side of the kernel, which is odd.
    pub(super) kernel: usize,
    /// Pixels of the input from one pixel of the output to the next.
    pub(super) stride: usize,
    /// The output channels.
    pub(super) panels: Vec<Panel>,
}

impl Layer {
    /// Input channels of all sources.
    pub(super) fn input_channels(&self) -> usize {
        self.inputs.iter().sum()
    }

    /// Numbers of the packed weights.
    pub(super) fn weights(&self) -> usize {
        let last = self.panels.last();
        last.map_or(0, |p| p.weights + self.panel_weights(p.vectors))
    }

    /// Numbers of the packed weights of a panel of so many vectors.
    fn panel_weights(&self, vectors: usize) -> usize {
        self.kernel * self.kernel * self.input_channels() * vectors * self.lanes
    }

    /// Cuts the output channels into panels of two vectors, the first one of three where their
    /// number is odd: a single vector would leave half of the time to loads.
    pub(super) fn with_panels(mut self) -> Self {
        let mut channel = 0;
        while channel < self.out {
            let vectors = match (self.out - channel).div_ceil(self.lanes) {
                rest if rest % 2 == 1 => rest.min(3),
                _ => 2,
            };
            let rows = NEAR * self.kernel / self.panel_weights(vectors);
            self.panels.push(Panel {
                channel,
                vectors,
                weights: self.weights(),
                rows: rows.clamp(1, self.kernel),
            });
            channel += vectors * self.lanes;
        }
        self
    }
}
