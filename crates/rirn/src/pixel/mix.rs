// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of the network's correction goes into the output, and where.

/// Part of the picture that stays as it came, for comparing before and after.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Split {
    /// The correction goes everywhere.
    #[default]
    None,
    /// Columns left of `position * width`, rounded, stay untouched; `position` in `[0, 1]`.
    Vertical(f32),
    /// Rows above `position * height`, rounded, stay untouched; `position` in `[0, 1]`.
    Horizontal(f32),
}

/// Strength and place of the correction.
///
/// Values outside `[0, 1]` act as the nearer end of it, NaN as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// Share of the correction: 0 leaves the input as it is, 1 is what the network says.
    pub strength: f32,
    /// Part that stays untouched.
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
    /// Strength within `[0, 1]`.
    pub(crate) fn gain(&self) -> f64 {
        within_unit(self.strength)
    }

    /// First column that takes the correction; `width` for none.
    pub(crate) fn first_column(&self, width: usize) -> usize {
        match self.split {
            Split::Vertical(position) => share(position, width),
            Split::None | Split::Horizontal(_) => 0,
        }
    }

    /// First row that takes the correction; `height` for none.
    pub(crate) fn first_row(&self, height: usize) -> usize {
        match self.split {
            Split::Horizontal(position) => share(position, height),
            Split::None | Split::Vertical(_) => 0,
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
        let gain = |strength| {
            Mix {
                strength,
                split: Split::None,
            }
            .gain()
        };
        assert_eq!([-0.5, 0.25, 3.0, f32::NAN].map(gain), [0.0, 0.25, 1.0, 0.0]);
    }
}
