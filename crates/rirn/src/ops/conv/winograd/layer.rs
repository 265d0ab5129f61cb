// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the numbers of a layer lie in memory. Channels come in vectors, tiles in blocks. The
//! transformed input of a block is `[vector of input channels][36 points][tile][lane]`; a source's
//! last vector may be partly empty. The output channels are cut into panels of one or two
//! vectors; the products of a panel lie like the input. So the steps between points and between
//! tiles are constants for the compiler. Weights are `[panel][point][input channel][vector of the
//! panel][lane]`.

/// Numbers of a transformed tile of one channel.
pub(super) const POINTS: usize = 36;
/// Edge of the square of the input that a tile is computed from.
pub(super) const WINDOW: usize = 6;
/// Most vectors of output channels in a panel.
pub(super) const WIDEST: usize = 2;

/// Output channels whose products are computed together.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Its place among the panels.
    pub(super) index: usize,
    /// Its first output channel.
    pub(super) channel: usize,
    /// Vectors in it.
    pub(super) vectors: usize,
    /// Where its weights begin.
    pub(super) weights: usize,
}

/// The sizes of a layer for one kind of vector.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// Numbers in a vector.
    pub(super) lanes: usize,
    /// Channels of each source.
    pub(super) inputs: Vec<usize>,
    /// Channels of the output.
    pub(super) out: usize,
    /// How many channels each vector of the input holds.
    pub(super) counts: Vec<usize>,
    /// The output channels.
    pub(super) panels: Vec<Panel>,
    /// Tiles in a block.
    pub(super) tiles: usize,
    /// Edge of a tile of the output.
    pub(super) edge: usize,
    /// Pixels by which a tile's input begins before the tile.
    pub(super) before: usize,
}

impl Layer {
    /// For square kernels of `taps` to a side.
    pub(super) fn new(
        taps: usize,
        inputs: &[usize],
        out: usize,
        (lanes, tiles): (usize, usize),
    ) -> Self {
        let mut counts = Vec::new();
        for &channels in inputs {
            counts.extend(
                (0..channels)
                    .step_by(lanes)
                    .map(|c| lanes.min(channels - c)),
            );
        }
        Self {
            inputs: inputs.to_vec(),
            lanes,
            out,
            counts,
            panels: panels(inputs.iter().sum(), out, lanes),
            tiles,
            edge: WINDOW + 1 - taps,
            before: taps / 2,
        }
    }

    /// Input channels of all sources.
    pub(super) fn input_channels(&self) -> usize {
        self.inputs.iter().sum()
    }

    /// Numbers of a strip of half-transformed columns, of the transformed input and of the
    /// products.
    pub(super) fn scratch(&self) -> [usize; 3] {
        let columns = self.tiles * self.edge + WINDOW - self.edge;
        let vectors = |n: usize| n * POINTS * self.tiles;
        [
            columns * WINDOW,
            vectors(self.counts.len()),
            vectors(WIDEST),
        ]
        .map(|n| n * self.lanes)
    }

    /// Numbers of the packed weights.
    pub(super) fn weights(&self) -> usize {
        let vectors: usize = self.panels.iter().map(|p| p.vectors).sum();
        POINTS * self.input_channels() * vectors * self.lanes
    }
}

/// Cuts `out` channels into panels that differ by one vector at most, the wider ones first.
fn panels(input: usize, out: usize, lanes: usize) -> Vec<Panel> {
    let vectors = out.div_ceil(lanes);
    let count = vectors.div_ceil(WIDEST);
    let mut panels = Vec::with_capacity(count);
    let mut done = 0;
    for i in 0..count {
        let width = vectors / count + usize::from(i < vectors % count);
        panels.push(Panel {
            index: i,
            channel: done * lanes,
            vectors: width,
            weights: POINTS * input * done * lanes,
        });
        done += width;
    }
    panels
}
