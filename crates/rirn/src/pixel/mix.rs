// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of the network's correction goes into the output, and where.

/// How much larger than it is [`Split::Difference`] shows the correction.
const MAGNIFIED: f64 = 4.0;

/// What is shown besides the corrected picture, for comparing before and after.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Split {
    /// The correction goes everywhere.
    #[default]
    None,
    /// Columns left of `position * width`, rounded, stay untouched; `position` in `[0, 1]`.
    Vertical(f32),
    /// Rows above `position * height`, rounded, stay untouched; `position` in `[0, 1]`.
    Horizontal(f32),
    /// Not the picture, but the correction itself, everywhere: four times as large and added to
    /// mid-grey. Mid-grey is what nothing was done to.
    Difference,
}

/// Strength, place and view of the correction.
///
/// Values outside `[0, 1]` act as the nearer end of it, NaN as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// Share of the correction: 0 leaves the input as it is, 1 is what the network says.
    pub strength: f32,
    /// Part that stays untouched, or the view of the correction itself.
    pub split: Split,
}

impl Default for Mix {
    /// The whole correction everywhere.
    fn default() -> Self {
        Self {
            strength: 1.0,
            split: Split::None,
        }
    }
}

impl Mix {
    /// Strength within `[0, 1]`, magnified for the view of the correction itself.
    pub(crate) fn gain(&self) -> f64 {
        let magnified = if self.shows_difference() {
            MAGNIFIED
        } else {
            1.0
        };
        magnified * within_unit(self.strength)
    }

    /// The correction is added to mid-grey, not to the picture.
    pub(crate) fn shows_difference(&self) -> bool {
        self.split == Split::Difference
    }

    /// First column that takes the correction; `width` for none.
    pub(crate) fn first_column(&self, width: usize) -> usize {
        match self.split {
            Split::Vertical(position) => share(position, width),
            Split::None | Split::Horizontal(_) | Split::Difference => 0,
        }
    }

    /// First row that takes the correction; `height` for none.
    pub(crate) fn first_row(&self, height: usize) -> usize {
        match self.split {
            Split::Horizontal(position) => share(position, height),
            Split::None | Split::Vertical(_) | Split::Difference => 0,
        }
    }
}

/// `position * length`, rounded, halves up.
fn share(position: f32, length: usize) -> usize {
    // In f64, so that the product of any position and size is rounded only here.
    (within_unit(position) * length as f64).round() as usize
}

fn within_unit(value: f32) -> f64 {
    if value.is_nan() {
        0.0
    } else {
        f64::from(value.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Mix, Split};

    #[test]
    fn the_cut_is_rounded_and_stays_within_the_picture() {
        let columns = |p| {
            Mix {
                strength: 1.0,
                split: Split::Vertical(p),
            }
            .first_column(5)
        };
        assert_eq!([0.0, 0.29, 0.3, 0.5, 1.0].map(columns), [0, 1, 2, 3, 5]);
        assert_eq!(
            [-1.0, 7.0, f32::INFINITY, f32::NAN].map(columns),
            [0, 5, 5, 0]
        );
    }

    #[test]
    fn strength_stays_within_its_range() {
        let gain = |strength, split| Mix { strength, split }.gain();
        let strengths = [-0.5, 0.25, 3.0, f32::NAN];
        let plain = strengths.map(|strength| gain(strength, Split::None));
        assert_eq!(plain, [0.0, 0.25, 1.0, 0.0]);
        let magnified = strengths.map(|strength| gain(strength, Split::Difference));
        assert_eq!(magnified, [0.0, 1.0, 4.0, 0.0]);
    }
}
