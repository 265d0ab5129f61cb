// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a frame's time goes: convolutions of the same sizes together, beside what the multipliers of the
//! machine can do.

use rirn::engine::LayerTime;
use serde::Serialize;
use std::time::Duration;

/// The convolutions of a frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layers {
    /// Name of the weights.
    pub name: String,
    /// Width and height of the frame in pixels.
    pub size: (usize, usize),
    /// Multiply-adds of float32 in a second that all threads together can do, in 10⁹.
    pub peak_giga_a_second: f64,
    /// Time of the whole step in milliseconds.
    pub frame_ms: f64,
    /// Those that take longest first.
    pub rows: Vec<LayerRow>,
}

/// Convolutions with the same sizes and form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerRow {
    /// Edge of the kernel and its step.
    pub kernel: (i64, i64),
    /// Channels in and out.
    pub channels: (i64, i64),
    /// Width and height of the output.
    pub size: (i64, i64),
    /// What computed them: `winograd`, `direct`, `tiles`, `pair of tiles` or `libtorch`.
    pub form: String,
    /// How many there are.
    pub count: usize,
    /// Time of all of them in milliseconds.
    pub ms: f64,
    /// Multiply-adds in a second, as the plain form counts them, in 10⁹.
    pub giga_a_second: f64,
    /// Share of the peak that its products come to; none for tiles, which have another peak.
    pub of_peak: Option<f64>,
}

impl Layers {
    pub(super) fn new(
        name: &str,
        size: (usize, usize),
        (step, times): (Duration, &[LayerTime]),
        peak: f64,
    ) -> Self {
        let mut groups: Vec<(LayerTime, usize, Duration)> = Vec::new();
        for time in times {
            let like = |other: &LayerTime| {
                LayerTime {
                    taken: other.taken,
                    ..time.clone()
                } == *other
            };
            match groups.iter_mut().find(|(first, ..)| like(first)) {
                Some((_, count, taken)) => {
                    *count += 1;
                    *taken += time.taken;
                }
                None => groups.push((time.clone(), 1, time.taken)),
            }
        }
        groups.sort_by_key(|(.., taken)| std::cmp::Reverse(*taken));
        let row = |(layer, count, taken): &(LayerTime, usize, Duration)| {
            LayerRow::new(layer, *count, taken.as_secs_f64(), peak)
        };
        Self {
            name: name.to_owned(),
            size,
            peak_giga_a_second: peak / 1e9,
            frame_ms: 1e3 * step.as_secs_f64(),
            rows: groups.iter().map(row).collect(),
        }
    }

    /// Share of the frame's time that a row takes.
    #[must_use]
    pub fn share(&self, row: &LayerRow) -> f64 {
        row.ms / self.frame_ms
    }
}

impl LayerRow {
    fn new(layer: &LayerTime, count: usize, seconds: f64, peak: f64) -> Self {
        let a_second = layer.multiply_adds() as f64 * count as f64 / seconds;
        Self {
            kernel: (layer.kernel, layer.stride),
            channels: (layer.input, layer.output),
            size: (layer.width, layer.height),
            form: layer.form.to_owned(),
            count,
            ms: 1e3 * seconds,
            giga_a_second: a_second / 1e9,
            of_peak: (!layer.form.contains("tiles")).then(|| a_second * layer.products() / peak),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_layers_are_counted_together_and_measured_against_the_peak() {
        let layer = |kernel, form, ms| LayerTime {
            kernel,
            stride: 1,
            input: 10,
            output: 20,
            height: 5,
            width: 8,
            form,
            taken: Duration::from_millis(ms),
        };
        let times = [
            layer(3, "winograd", 1),
            layer(1, "direct", 5),
            layer(3, "winograd", 3),
            layer(3, "pair of tiles", 2),
        ];
        let layers = Layers::new("x", (32, 20), (Duration::from_millis(20), &times), 1e8);
        let found: Vec<_> = layers
            .rows
            .iter()
            .map(|r| (&*r.form, r.count, r.ms))
            .collect();
        assert_eq!(
            found,
            [
                ("direct", 1, 5.0),
                ("winograd", 2, 4.0),
                ("pair of tiles", 1, 2.0)
            ]
        );
        // 9 x 10 x 20 x 5 x 8 multiply-adds, twice in 4 ms, of which a quarter are products.
        let row = &layers.rows[1];
        assert!((row.giga_a_second - 0.036).abs() < 1e-12);
        assert!((row.of_peak.expect("a share") - 0.09).abs() < 1e-12);
        assert_eq!(layers.rows[2].of_peak, None);
        assert!((layers.share(row) - 0.2).abs() < 1e-12);
    }
}
