// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a layer is cut into tiles. A tile of weights has 32 numbers of input for 16 channels of the
//! output. The numbers of a row of taps follow each other in a strip, pixel after pixel, so that
//! they are counted as one run, and only its end is filled up with zeros.

use super::plain::to_bf16;
use crate::ops::conv::job::{Misfit, check_weights};
use crate::ops::conv::memory::Lines;

/// Pixels or channels along an edge of a tile.
pub(super) const EDGE: usize = 16;
/// Numbers of bfloat16 in a row of a tile: those of the input that one step multiplies.
pub(super) const DEPTH: usize = 32;
/// Values of float32 that the bytes of a tile have room for.
pub(super) const TILE: usize = EDGE * EDGE;

/// Values of float32 of a layer's weights that stay in the level-1 cache beside strips and sums.
const NEAR: usize = 6 * 1024;

/// Output channels whose sums are computed together: one tile or two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    /// Its first output channel.
    pub(super) channel: usize,
    /// Tiles side by side.
    pub(super) tiles: usize,
    /// Where its weights begin, in values of float32.
    pub(super) weights: usize,
}

/// The sizes of a layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
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
    pub(super) fn new(inputs: &[usize], out: usize, (kernel, stride): (usize, usize)) -> Self {
        let mut layer = Self {
            inputs: inputs.to_vec(),
            out,
            kernel,
            stride,
            panels: Vec::new(),
        };
        let (mut channel, mut weights) = (0, 0);
        while channel < out {
            let tiles = if out - channel > EDGE { 2 } else { 1 };
            layer.panels.push(Panel {
                channel,
                tiles,
                weights,
            });
            channel += tiles * EDGE;
            weights += kernel * layer.tap_row(tiles);
        }
        layer
    }

    /// Channels of all sources.
    pub(super) fn channels(&self) -> usize {
        self.inputs.iter().sum()
    }

    /// Numbers of a row of taps.
    pub(super) fn run(&self) -> usize {
        self.kernel * self.channels()
    }

    /// Steps that multiply a row of taps.
    pub(super) fn steps(&self) -> usize {
        self.run().div_ceil(DEPTH)
    }

    /// Values of float32 that the weights of a row of taps take for so many tiles side by side.
    pub(super) fn tap_row(&self, tiles: usize) -> usize {
        self.steps() * tiles * TILE
    }

    /// Values of float32 that all weights take.
    pub(super) fn values(&self) -> usize {
        let last = self.panels.last();
        last.map_or(0, |p| p.weights + self.kernel * self.tap_row(p.tiles))
    }

    /// The weights `[out, in, kernel, kernel]` in the order in which tiles are read: `[panel][row of
    /// taps][step][tile][pair of numbers][channel][number of the pair]`.
    pub(super) fn pack(&self, weights: &[f32], to_bf16: impl Fn(f32) -> u16) -> Lines {
        let mut packed = Lines::zeros(self.values());
        for panel in &self.panels {
            for row in 0..self.kernel {
                let from = panel.weights + row * self.tap_row(panel.tiles);
                for pair in 0..self.run().div_ceil(2) {
                    let (step, pair_of_step) = (pair / EDGE, pair % EDGE);
                    for column in 0..(panel.tiles * EDGE).min(self.out - panel.channel) {
                        let number = |place: usize| {
                            self.weight(weights, panel.channel + column, row, place)
                                .map_or(0, |w| u32::from(to_bf16(w)))
                        };
                        let bits = number(2 * pair) | number(2 * pair + 1) << 16;
                        let tile = step * panel.tiles + column / EDGE;
                        let place = (tile * EDGE + pair_of_step) * EDGE + column % EDGE;
                        packed.set(from + place, f32::from_bits(bits));
                    }
                }
            }
        }
        packed
    }

    /// The weight of a channel of the output for the number `place` of a row of taps.
    fn weight(&self, weights: &[f32], out: usize, row: usize, place: usize) -> Option<f32> {
        let (tap, channel) = (place / self.channels(), place % self.channels());
        let at = ((out * self.channels() + channel) * self.kernel + row) * self.kernel + tap;
        (tap < self.kernel).then(|| weights[at])
    }

    /// The bias, with zeros for channels that fill up the last tile.
    pub(super) fn pad(&self, bias: &[f32]) -> Lines {
        let mut padded = Lines::zeros(self.out.next_multiple_of(EDGE));
        for (i, &number) in bias.iter().enumerate() {
            padded.set(i, number);
        }
        padded
    }
}

/// A layer with its weights as tiles, and its bias to whole tiles.
pub(super) struct Stage {
    pub(super) layer: Layer,
    pub(super) weights: Lines,
    pub(super) bias: Lines,
}

impl Stage {
    /// As [`Tiles::new`](super::Tiles::new) says.
    pub(super) fn new(
        weights: &[f32],
        bias: &[f32],
        inputs: &[usize],
        (kernel, stride): (usize, usize),
    ) -> Result<Self, Misfit> {
        if kernel % 2 == 0 || !(1..=2).contains(&stride) {
            return Err(Misfit("a kernel or a stride that has no form in tiles"));
        }
        check_weights(weights, bias, inputs, kernel)?;
        let layer = Layer::new(inputs, bias.len(), (kernel, stride));
        Ok(Self {
            weights: layer.pack(weights, to_bf16),
            bias: layer.pad(bias),
            layer,
        })
    }

    /// The blocks of a row and the panels of each in the order in which they are computed: all panels
    /// of a block where the weights stay in the level-1 cache, else all blocks of a panel.
    #[inline(always)]
    pub(super) fn order(&self, blocks: usize) -> impl Iterator<Item = (usize, usize)> {
        let panels = self.layer.panels.len();
        let stays = self.layer.values() <= NEAR;
        let inner = if stays { panels } else { blocks };
        (0..blocks * panels).map(move |i| {
            let (outer, inner) = (i / inner, i % inner);
            if stays {
                (outer, inner)
            } else {
                (inner, outer)
            }
        })
    }
}
