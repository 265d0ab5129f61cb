// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Layer`]: one line of the layer table, after the paper's tables S1 to S4.

use rirn::layers::{LayerKind, LayerRow};
use serde::Serialize;

/// One convolution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layer {
    /// Name of its tensors without `.weight` and `.bias`.
    pub name: String,
    /// `conv`, or `transposed` for one that doubles both sides.
    pub kind: &'static str,
    /// Edge of the square kernel in pixels.
    pub kernel: i64,
    /// Step of the kernel in pixels; of a transposed convolution, that on its output.
    pub stride: i64,
    /// Channels in.
    pub input: i64,
    /// Channels out.
    pub output: i64,
    /// Frame size over the size of the map that goes in.
    pub input_divisor: i64,
    /// Frame size over the size of the map that comes out.
    pub output_divisor: i64,
    /// Number of weights and biases.
    pub parameters: i64,
    /// Multiply-adds of a frame of 1280×720 pixels.
    #[serde(rename = "multiply_adds_1280x720")]
    pub multiply_adds: i64,
    /// Share of the network's multiply-adds, 0 to 1.
    pub share: f64,
}

impl Layer {
    /// The line of `row`, in a network that takes `total` multiply-adds for a frame of
    /// `height` × `width` pixels.
    pub(super) fn new(row: &LayerRow, (height, width): (i64, i64), total: i64) -> Self {
        let multiply_adds = row.multiply_adds(height, width);
        // The row knows the grid on which each weight is used once.
        let (kind, input_divisor, output_divisor) = match row.kind {
            LayerKind::Conv => ("conv", row.divisor / row.stride, row.divisor),
            LayerKind::ConvTranspose => ("transposed", row.divisor, row.divisor / row.stride),
        };
        Self {
            name: row.name.clone(),
            kind,
            kernel: row.kernel,
            stride: row.stride,
            input: row.input,
            output: row.output,
            input_divisor,
            output_divisor,
            parameters: row.parameters(),
            multiply_adds,
            share: multiply_adds as f64 / total as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::inspect::Card;

    #[test]
    fn layers_stand_on_the_grids_of_the_papers_tables() {
        let card = Card::built_in("lite").expect("lite");
        let layer = |name: &str| {
            let found = card
                .layers
                .iter()
                .find(|layer| layer.name == name)
                .expect(name);
            let sizes = (found.kernel, found.stride, found.input, found.output);
            (found.kind, sizes, found.input_divisor, found.output_divisor)
        };
        assert_eq!(layer("enc.0"), ("conv", (5, 1, 3, 8), 1, 1));
        assert_eq!(layer("enc.1"), ("conv", (5, 2, 8, 16), 1, 2));
        assert_eq!(layer("enc.2"), ("conv", (5, 2, 16, 24), 2, 4));
        assert_eq!(layer("dec.0"), ("transposed", (3, 2, 32, 16), 4, 2));
        assert_eq!(layer("dec.1"), ("transposed", (3, 2, 16, 8), 2, 1));
        assert_eq!(
            layer("feature.atb.cur.gate"),
            ("conv", (1, 1, 32, 32), 4, 4)
        );
    }
}
