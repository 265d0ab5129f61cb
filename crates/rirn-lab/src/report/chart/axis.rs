// SPDX-License-Identifier: MIT OR Apache-2.0
//! An axis of a chart: from values to places, and ticks at round values.

use crate::report::table::decimals;

/// A range of values laid over a stretch of the drawing.
pub(super) struct Axis {
    /// The least and the greatest value.
    pub(super) least: f64,
    pub(super) most: f64,
    /// The values at both ends of the stretch.
    low: f64,
    high: f64,
    begin: f64,
    end: f64,
    step: f64,
}

impl Axis {
    /// The axis that holds all `values`, which must be finite, between the places `begin` and
    /// `end`, with about `count` ticks; none without a value.
    pub(super) fn new(
        values: impl Iterator<Item = f64>,
        begin: f64,
        end: f64,
        count: u32,
    ) -> Option<Self> {
        let range = |range: Option<(f64, f64)>, value: f64| {
            let (least, most) = range.unwrap_or((value, value));
            Some((least.min(value), most.max(value)))
        };
        let (least, most) = values.fold(None, range)?;
        // Halves, as the difference of two huge values is not finite. A single value gets room.
        let spread = (most / 2.0 - least / 2.0) * 2.0;
        let room = if spread > 0.0 && spread.is_finite() {
            spread * 0.04
        } else {
            (least.abs() * 0.01).max(0.5)
        };
        let (low, high) = (least - room, most + room);
        let step = round_step((high / f64::from(count)) - (low / f64::from(count)));
        Some(Self {
            least,
            most,
            low,
            high,
            begin,
            end,
            step,
        })
    }

    /// Where `value` stands in the drawing.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        let share = if share.is_finite() { share } else { 0.5 };
        self.begin + share * (self.end - self.begin)
    }

    /// Round values inside the range, with how they are printed.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let first = (self.low / self.step).ceil();
        let value = |index: u32| (first + f64::from(index)) * self.step;
        let inside = (0..20).map(value).take_while(|&value| value <= self.high);
        inside
            .map(|value| (value, self.printed(value, self.places())))
            .collect()
    }

    /// A value with two more decimals than the ticks have, none behind a whole number.
    pub(super) fn exactly(&self, value: f64) -> String {
        let places = if value == value.round() {
            0
        } else {
            self.places() + 2
        };
        self.printed(value, places)
    }

    fn printed(&self, value: f64, places: usize) -> String {
        if self.high.abs().max(self.low.abs()) >= 1e7 || self.step < 1e-6 {
            return format!("{value:.2e}");
        }
        decimals(value, places).unwrap_or_default()
    }

    fn places(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 6.0) as usize
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    // A little less will do: rounding must not double the step.
    let is_enough = |factor: &f64| factor * power >= rough * 0.999_999;
    let factor = factors.into_iter().find(is_enough);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn labels(values: &[f64], count: u32) -> Vec<String> {
        let axis = Axis::new(values.iter().copied(), 0.0, 100.0, count).unwrap();
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(labels(&[0.0, 23.0], 7), ["0", "5", "10", "15", "20"]);
        assert_eq!(labels(&[26.31, 27.05], 5), ["26.4", "26.6", "26.8", "27.0"]);
        assert_eq!(
            labels(&[-0.01, 0.01], 5),
            ["-0.010", "-0.005", "0.000", "0.005", "0.010"]
        );
        assert_eq!(labels(&[5.0], 5), ["4.6", "4.8", "5.0", "5.2", "5.4"]);
    }

    #[test]
    fn places_run_from_begin_to_end() {
        let axis = Axis::new([10.0, 20.0].into_iter(), 200.0, 0.0, 5).unwrap();
        assert!((axis.place(15.0) - 100.0).abs() < 1e-9);
        assert!(axis.place(20.0) < axis.place(10.0));
        assert!(axis.place(20.0) > 0.0 && axis.place(10.0) < 200.0);
    }

    #[test]
    fn extreme_values_give_few_ticks_at_finite_places() {
        for values in [
            [-f64::MAX, f64::MAX],
            [0.0, f64::MIN_POSITIVE],
            [1e300, 1e300],
        ] {
            let axis = Axis::new(values.into_iter(), 0.0, 100.0, 5).unwrap();
            assert!(axis.ticks().len() <= 20);
            assert!(
                axis.ticks()
                    .iter()
                    .all(|(value, _)| axis.place(*value).is_finite())
            );
            assert!(values.iter().all(|&value| axis.place(value).is_finite()));
        }
    }
}
