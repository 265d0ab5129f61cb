// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`SourceTensor`]: a view into bytes of a file, checked before a byte is read.

use std::fs::File;

use super::archive::Region;
use super::dtype::Dtype;
use super::error::ConvertError;

/// How much more than a tensor's values may lie between its first and its last, in values.
const MAX_GAPS: u64 = 1 << 20;

/// Where a tensor's values lie.
#[derive(Debug, Clone)]
pub(super) struct SourceTensor {
    /// Sizes.
    pub(super) shape: Vec<i64>,
    pub(super) dtype: Dtype,
    /// Distances of neighbours, in values.
    pub(super) strides: Vec<u64>,
    /// First value, counted from the begin of the region.
    pub(super) offset: u64,
    pub(super) region: Region,
}

impl SourceTensor {
    /// A tensor within its region, or the reason why it is not.
    pub(super) fn new(
        shape: &[i64],
        strides: &[i64],
        offset: i64,
        dtype: Dtype,
        region: Region,
    ) -> Result<Self, String> {
        let whole = |list: &[i64]| list.iter().map(|n| u64::try_from(*n).ok()).collect();
        let sizes: Option<Vec<u64>> = whole(shape);
        let (sizes, strides, offset) = match (sizes, whole(strides), u64::try_from(offset)) {
            (Some(sizes), Some(strides), Ok(offset)) => (sizes, strides, offset),
            _ => return Err("has a negative size, stride or offset".to_owned()),
        };
        let tensor = Self {
            shape: shape.to_vec(),
            dtype,
            strides,
            offset,
            region,
        };
        let span = tensor.span(&sizes);
        let count = sizes.iter().try_fold(1_u64, |n, size| n.checked_mul(*size));
        let (Some(span), Some(count)) = (span, count) else {
            return Err("declares more values than can be counted".to_owned());
        };
        let room = region.size / dtype.size();
        match offset.checked_add(span) {
            Some(end) if end <= room => {}
            _ => {
                let reach = offset.saturating_add(span);
                let reason = format!("reaches to value {reach}, but its storage has {room}");
                return Err(reason);
            }
        }
        if count > span {
            return Err("uses values of its storage more than once".to_owned());
        }
        if span - count > MAX_GAPS {
            return Err("is spread too widely over its storage".to_owned());
        }
        Ok(tensor)
    }

    /// Values from the first to the last one, 0 for none.
    fn span(&self, sizes: &[u64]) -> Option<u64> {
        if sizes.contains(&0) {
            return Some(0);
        }
        let steps = sizes.iter().zip(&self.strides);
        let reach = |sum: u64, (size, stride): (&u64, &u64)| {
            // A dimension of one value has no neighbours, whatever stride stands there.
            sum.checked_add((size - 1).checked_mul(*stride)?)
        };
        steps.into_iter().try_fold(1, reach)
    }

    /// All values; [`SourceTensor::new`] has shown that they are in the region.
    pub(super) fn read(&self, file: &File) -> Result<Vec<f32>, ConvertError> {
        let sizes: Vec<u64> = self.shape.iter().map(|size| *size as u64).collect();
        let (width, span) = (self.dtype.size(), self.span(&sizes).unwrap_or(0));
        let bytes = self.region.read(file, self.offset * width, span * width)?;
        let count: u64 = sizes.iter().product();
        let mut values = Vec::with_capacity(count as usize);
        let mut index = vec![0; sizes.len()];
        for _ in 0..count {
            let place: u64 = index.iter().zip(&self.strides).map(|(i, s)| i * s).sum();
            let begin = (place * width) as usize;
            let value = self.dtype.value(&bytes[begin..begin + width as usize]);
            values.push(value.unwrap_or(f32::NAN));
            advance(&mut index, &sizes);
        }
        Ok(values)
    }
}

/// The next index in row-major order.
fn advance(index: &mut [u64], sizes: &[u64]) {
    for (place, size) in index.iter_mut().zip(sizes).rev() {
        *place += 1;
        if *place < *size {
            return;
        }
        *place = 0;
    }
}
