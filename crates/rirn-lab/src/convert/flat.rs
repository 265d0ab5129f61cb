// SPDX-License-Identifier: MIT OR Apache-2.0
//! Safetensors files of other programs: any names, any metadata, more kinds of numbers.
//!
//! The reader of our own weights files is stricter than such a file needs to be, and the
//! safetensors crate wants the whole file in memory and allows a header of 100 MB, so the header
//! is read here, with limits.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::archive::Region;
use super::dtype::Dtype;
use super::error::{ConvertError, shown};
use super::tensor::SourceTensor;

/// Bytes before the header: its length.
const PREFIX: u64 = 8;

/// Longest header, as in our own weights files.
const MAX_HEADER: u64 = 1 << 20;

/// One tensor in the header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<i64>,
    data_offsets: [u64; 2],
}

/// The header: tensors, while metadata are skipped.
struct Header(BTreeMap<String, Entry>);

/// The tensors of a safetensors file.
pub(super) fn read(file: &File, size: u64) -> Result<BTreeMap<String, SourceTensor>, ConvertError> {
    let length = Region::bare(0, PREFIX).read(file, 0, PREFIX)?;
    let length = length
        .iter()
        .rev()
        .fold(0, |n, byte| n << 8 | u64::from(*byte));
    ConvertError::limit(
        "the header, in bytes,",
        length,
        MAX_HEADER.min(size - PREFIX),
    )?;
    let text = Region::bare(PREFIX, length).read(file, 0, length)?;
    let header: Header = serde_json::from_slice(&text)
        .map_err(|error| ConvertError::damaged(format!("header: {}", shown(&error.to_string()))))?;
    let begin = PREFIX + length;
    let place = |(name, entry): (String, Entry)| {
        let tensor = tensor(&entry, begin, size);
        let named = tensor.map(|tensor| (name.clone(), tensor));
        named.map_err(|reason| ConvertError::tensor(&name, reason))
    };
    let tensors = header.0.into_iter().map(place);
    let tensors: BTreeMap<_, _> = tensors.collect::<Result<_, ConvertError>>()?;
    if tensors.is_empty() {
        let reason = "the file is sound, but has no tensors".to_owned();
        return Err(ConvertError::NoTensors { reason });
    }
    Ok(tensors)
}

fn tensor(entry: &Entry, begin: u64, size: u64) -> Result<SourceTensor, String> {
    let [from, to] = entry.data_offsets;
    if from > to || to > size - begin {
        return Err(format!("its data {from} to {to} are not in the file"));
    }
    let dtype = Dtype::of_word(&entry.dtype);
    let dtype = dtype.ok_or_else(|| format!("has unknown kind \"{}\"", shown(&entry.dtype)))?;
    let product = |n: u64, size: &i64| n.checked_mul(u64::try_from(*size).ok()?);
    let bytes = entry.shape.iter().try_fold(dtype.size(), product);
    if bytes != Some(to - from) {
        let shape = &entry.shape;
        return Err(format!("has shape {shape:?}, but {} bytes", to - from));
    }
    // Row-major: a dimension's stride is the product of the sizes after it.
    let mut strides = vec![1; entry.shape.len()];
    for place in (1..entry.shape.len()).rev() {
        strides[place - 1] = i64::saturating_mul(strides[place], entry.shape[place]);
    }
    let region = Region::bare(begin + from, to - from);
    SourceTensor::new(&entry.shape, &strides, 0, dtype, region)
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique)
    }
}

/// Reads an object in which no name may be twice: one of the two would be lost unseen.
struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let entry = map.next_value()?;
            if tensors.insert(name.clone(), entry).is_some() {
                return Err(serde::de::Error::custom(format!("{name} is there twice")));
            }
        }
        Ok(Header(tensors))
    }
}
