// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a map reads the sizes of a network from the shapes and names in a file.

use serde::Deserialize;

use super::Source;
use super::error::{ConvertError, shown};
use super::pattern::{Numbers, Pattern};

/// The base channel count: the size of one dimension of a tensor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Base {
    tensor: String,
    axis: usize,
}

/// The number of blocks: stated, or how many tensors there are, numbered from 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Blocks {
    Fixed(u32),
    Counted { tensor: String },
}

impl Base {
    pub(super) fn read(&self, source: &Source) -> Result<u32, ConvertError> {
        let shape = source.shape(&self.tensor);
        let size = shape.and_then(|shape| shape.get(self.axis).copied());
        let missing = || ConvertError::NoTensors {
            reason: format!(
                "the file has no tensor \"{}\" from which the base channel count is read; it is \
                 not of the kind this map is for",
                shown(&self.tensor)
            ),
        };
        let size = size.ok_or_else(missing)?;
        // What does not fit is out of range in any case, and is then said to be so.
        Ok(u32::try_from(size).unwrap_or(u32::MAX))
    }
}

impl Blocks {
    pub(super) fn read(&self, source: &Source) -> Result<u32, ConvertError> {
        let tensor = match self {
            Self::Fixed(count) => return Ok(*count),
            Self::Counted { tensor } => Pattern::parse(tensor)?,
        };
        let found = source.names().filter_map(|name| tensor.matches(name));
        let numbers = found.flat_map(Numbers::into_values);
        let mut numbers: Vec<u32> = numbers.filter_map(|n| n.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        // A gap ends the count; what is behind it is then reported as unused.
        let counted = (0..).zip(numbers).take_while(|(at, number)| at == number);
        Ok(counted.count() as u32)
    }
}
