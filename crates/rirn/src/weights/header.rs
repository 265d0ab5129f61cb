// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON header of a safetensors file, read strictly: checks 1 to 6 of the weights format.
//!
//! Own code instead of the safetensors crate's reader, which accepts headers of 100 MB, lets the
//! last of two equal keys win and knows other element types. Nothing is allocated for tensor
//! data here.

use std::collections::BTreeMap;

use super::json::{Node, json};
use super::{MAX_FILE, MAX_HEADER};
use crate::error::WeightsError;

/// Bytes before the header: its length.
pub(super) const PREFIX: u64 = 8;

/// The keys of an entry, none more and none less.
const ENTRY_KEYS: [&str; 3] = ["dtype", "shape", "data_offsets"];

/// Most dimensions of a tensor.
const MAX_RANK: usize = 4;

/// Shape of a tensor, and where its values are in the data area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) shape: Vec<i64>,
    pub(super) begin: usize,
    pub(super) end: usize,
}

/// A header whose entries fill the data area exactly.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) entries: BTreeMap<String, Entry>,
}

/// Check 1, as far as the size goes.
pub(super) fn check_size(file: u64) -> Result<(), WeightsError> {
    match file {
        n if n < PREFIX => Err(WeightsError::damaged("file too short")),
        n if n > MAX_FILE => Err(WeightsError::damaged("file too long, more than 256 MiB")),
        _ => Ok(()),
    }
}

/// Check 2: the header's length from the first bytes of a file of `file` bytes.
pub(super) fn length(prefix: [u8; PREFIX as usize], file: u64) -> Result<u64, WeightsError> {
    match u64::from_le_bytes(prefix) {
        n if n > MAX_HEADER => Err(WeightsError::damaged("header longer than allowed")),
        n if n > file.saturating_sub(PREFIX) => {
            Err(WeightsError::damaged("header longer than the file"))
        }
        n => Ok(n),
    }
}

impl Header {
    /// Checks 3 to 6 on a header that is followed by `data` bytes.
    pub(super) fn parse(text: &[u8], data: u64) -> Result<Self, WeightsError> {
        let mut pairs = match json(text)? {
            Node::Object(pairs) => pairs,
            _ => return Err(WeightsError::damaged("header is not an object")),
        };
        check_keys(&pairs)?;
        let place = pairs.iter().position(|(key, _)| key == "__metadata__");
        let place = place.ok_or_else(|| WeightsError::damaged("no metadata in the header"))?;
        let metadata = texts(pairs.remove(place).1)?;
        let mut entries = BTreeMap::new();
        for (name, node) in pairs {
            let entry = entry(&name, node)?;
            entries.insert(name, entry);
        }
        check_areas(&entries, data)?;
        Ok(Self { metadata, entries })
    }
}

/// No key twice, in whatever spelling: the reader has resolved escapes.
fn check_keys(pairs: &[(String, Node)]) -> Result<(), WeightsError> {
    let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        let key = WeightsError::quoted(twice[0]);
        return Err(WeightsError::damaged(format!("a key occurs twice: {key}")));
    }
    let mut inner = pairs.iter().filter_map(|(_, node)| match node {
        Node::Object(pairs) => Some(pairs),
        _ => None,
    });
    // Lists are not entered: a list with an object in it is refused as bad numbers.
    inner.try_for_each(|pairs| check_keys(pairs))
}

/// Check 4: metadata are an object of texts.
fn texts(node: Node) -> Result<BTreeMap<String, String>, WeightsError> {
    let refuse = |key: &str| WeightsError::damaged(format!("metadata that is not text{key}"));
    let Node::Object(pairs) = node else {
        return Err(refuse(""));
    };
    let text = |(key, node): (String, Node)| match node {
        Node::Text(text) => Ok((key, text)),
        _ => Err(refuse(&format!(": {}", WeightsError::quoted(&key)))),
    };
    pairs.into_iter().map(text).collect()
}

/// Check 5: one tensor's entry.
fn entry(name: &str, node: Node) -> Result<Entry, WeightsError> {
    let shown = WeightsError::quoted(name);
    let bad =
        || WeightsError::damaged(format!("bad entry {shown}, not dtype, shape, data_offsets"));
    let Node::Object(pairs) = node else {
        return Err(bad());
    };
    let mut fields: BTreeMap<String, Node> = pairs.into_iter().collect();
    let [Some(dtype), Some(shape), Some(offsets)] = ENTRY_KEYS.map(|key| fields.remove(key)) else {
        return Err(bad());
    };
    if !fields.is_empty() {
        return Err(bad());
    }
    if !matches!(dtype, Node::Text(dtype) if dtype == "F32") {
        return Err(WeightsError::damaged(format!("tensor {shown} is not F32")));
    }
    let (Some(shape), Some(offsets)) = (numbers(shape), numbers(offsets)) else {
        return Err(WeightsError::damaged(format!("bad numbers in {shown}")));
    };
    match (&offsets[..], bytes(&shape)) {
        (&[begin, end], Some(bytes)) if end.checked_sub(begin) == Some(bytes) => Ok(Entry {
            shape: shape.into_iter().map(i64::from).collect(),
            begin: begin as usize,
            end: end as usize,
        }),
        _ => Err(WeightsError::damaged(format!(
            "shape and offsets of {shown} disagree"
        ))),
    }
}

/// A list of whole numbers, each no larger than the largest file.
fn numbers(node: Node) -> Option<Vec<u32>> {
    let Node::List(nodes) = node else { return None };
    let whole = |node| match node {
        Node::Whole(n) if n <= MAX_FILE => u32::try_from(n).ok(),
        _ => None,
    };
    nodes.into_iter().map(whole).collect()
}

/// Bytes of a float32 tensor; nothing if it has too many dimensions or elements.
fn bytes(shape: &[u32]) -> Option<u32> {
    let elements = shape
        .iter()
        .try_fold(1u32, |product, n| product.checked_mul(*n));
    elements?.checked_mul(4).filter(|_| shape.len() <= MAX_RANK)
}

/// Check 6: the areas follow each other from the first byte of data to the last.
fn check_areas(entries: &BTreeMap<String, Entry>, data: u64) -> Result<(), WeightsError> {
    let mut areas: Vec<_> = entries
        .iter()
        .map(|(name, e)| (e.begin, e.end, name))
        .collect();
    areas.sort_unstable();
    let mut reached = 0;
    for (begin, end, name) in areas {
        if begin != reached {
            let name = WeightsError::quoted(name);
            let reason = format!("tensors overlap or leave holes before {name}");
            return Err(WeightsError::damaged(reason));
        }
        reached = end;
    }
    if reached as u64 != data {
        let reason = format!("tensors do not fill the file: {reached} bytes of {data}");
        return Err(WeightsError::damaged(reason));
    }
    Ok(())
}
