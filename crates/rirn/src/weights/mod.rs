// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 5: weights files, version 1 of the format in `docs/WEIGHTS.md`.
//!
//! A weights file is a safetensors file of float32 tensors whose metadata describe the network.
//! It may come from anywhere, so it passes nine checks before anything is built from it. While
//! opening: size (1), header length (2), header (3), metadata (4), entries (5) and data areas (6)
//! in `header.rs`, then format, version and network (7) here. By [`Weights::verify`]: names and
//! shapes (8), and that every value is finite (9). This floor knows no tensor library; it hands
//! out shapes and numbers.

mod file;
mod header;
mod installed;
mod json;
mod save;
mod shipped;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::Path;

use crate::error::SpecError;
pub use crate::error::WeightsError;
use crate::networks::Spec;
use file::{open_regular, read};
use header::{Entry, Header, PREFIX};
pub use installed::{Installed, Place, data_folders};
pub use save::{is_same_file, replace, save};
pub use shipped::{names, shipped};

/// The metadata's `format`.
const FORMAT: &str = "rirn";

/// The metadata's `version`.
const VERSION: &str = "1";

/// Largest weights file, in bytes.
pub const MAX_FILE: u64 = 1 << 28;

/// Longest header, in bytes; that of the largest network is a fiftieth of it.
const MAX_HEADER: u64 = 1 << 20;

/// A weights file in memory, sound as a file and with a network described that can exist.
///
/// Whether the tensors are that network's, [`Weights::verify`] tells.
pub struct Weights {
    label: String,
    spec: Spec,
    notes: BTreeMap<String, String>,
    entries: BTreeMap<String, Entry>,
    bytes: Cow<'static, [u8]>,
    /// Where in `bytes` the data area begins.
    start: usize,
}

impl Weights {
    /// Reads a weights file; tensor data only after the header has passed every check.
    ///
    /// # Errors
    /// [`WeightsError::NotFound`] and [`WeightsError::Unreadable`] (also for what is not a
    /// regular file) before anything is read; otherwise as [`Weights::parse`].
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let (mut file, size) = open_regular(path)?;
        header::check_size(size)?;
        let mut prefix = [0; PREFIX as usize];
        file.read_exact(&mut prefix)
            .map_err(|error| WeightsError::reading(&error))?;
        let length = header::length(prefix, size)?;
        let text = read(&mut file, length)?;
        let header = Header::parse(&text, size - PREFIX - length)?;
        let label = path.file_name().unwrap_or_default().to_string_lossy();
        let mut weights = Self::describe(header)?.labelled(&label);
        weights.bytes = read(&mut file, size - PREFIX - length)?.into();
        Ok(weights)
    }

    /// Reads a weights file that is in memory already.
    ///
    /// # Errors
    /// [`WeightsError::Damaged`] if the bytes are no sound file of float32 tensors,
    /// [`WeightsError::Foreign`] if it is one of another program, [`WeightsError::Version`] if
    /// it is newer than this program, [`WeightsError::Spec`] if it describes no network.
    pub fn parse(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, WeightsError> {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        header::check_size(size)?;
        let (prefix, rest) = bytes.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let length = header::length(*prefix, size)?;
        let (text, data) = rest.split_at(length as usize);
        let mut weights = Self::describe(Header::parse(text, data.len() as u64)?)?;
        weights.start = bytes.len() - data.len();
        weights.bytes = bytes;
        Ok(weights)
    }

    /// Reads the built-in weights of this name.
    ///
    /// # Errors
    /// [`WeightsError::UnknownName`] if there are none.
    pub fn built_in(name: &str) -> Result<Self, WeightsError> {
        let bytes = shipped(name).ok_or_else(|| WeightsError::unknown_name(name, &names()))?;
        Ok(Self::parse(bytes)?.labelled(name))
    }

    /// Check 7: format, then version, then the network. Data are not there yet.
    fn describe(header: Header) -> Result<Self, WeightsError> {
        let mut notes = header.metadata;
        match notes.get("format").map(String::as_str) {
            Some(FORMAT) => {}
            other => return Err(WeightsError::foreign(other)),
        }
        match notes.get("version").map(String::as_str) {
            Some(VERSION) => {}
            Some(other) => return Err(WeightsError::version(other)),
            None => return Err(SpecError::Missing { key: "version" }.into()),
        }
        let spec = Spec::from_metadata(&notes)?;
        let reserved =
            |key: &str| Spec::KEYS.contains(&key) || ["format", "version"].contains(&key);
        notes.retain(|key, _| !reserved(key));
        Ok(Self {
            label: String::new(),
            spec,
            notes,
            entries: header.entries,
            bytes: Cow::Borrowed(&[]),
            start: 0,
        })
    }

    fn labelled(mut self, label: &str) -> Self {
        self.label = label.to_string();
        self
    }

    /// What a log may call these weights: the file's name or the built-in name, as it was given;
    /// empty for weights from memory.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The network these weights belong to.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Metadata beyond those of the network, as they are in the file: whoever prints them must
    /// take out control characters.
    #[must_use]
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Names and shapes of all tensors, in the order of the names.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[i64])> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), &entry.shape[..]))
    }

    /// Shape and values of a tensor, in row-major order; nothing if there is no such tensor.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<(&[i64], Vec<f32>)> {
        let entry = self.entries.get(name)?;
        Some((&entry.shape, self.values(entry).collect()))
    }

    /// Whether the other file describes the same network with the same tensors, byte by byte.
    /// Labels and notes do not count.
    #[must_use]
    pub fn has_equal_tensors(&self, other: &Self) -> bool {
        let same_network = self.spec == other.spec && self.entries == other.entries;
        same_network && self.bytes[self.start..] == other.bytes[other.start..]
    }

    /// Checks 8 and 9: the tensors are the `expected` ones, by name and shape, and all finite.
    ///
    /// # Errors
    /// As [`Weights::check_tensors`], then as [`Weights::check_finite`].
    pub fn verify(&self, expected: &[(String, Vec<i64>)]) -> Result<(), WeightsError> {
        self.check_tensors(expected)?;
        self.check_finite()
    }

    /// Check 8: the tensors are the `expected` ones, no more and no less. Reads no values.
    ///
    /// # Errors
    /// [`WeightsError::Misfit`] for the first tensor, by name, that is missing, unknown or of
    /// another shape.
    pub fn check_tensors(&self, expected: &[(String, Vec<i64>)]) -> Result<(), WeightsError> {
        let expected: BTreeMap<&str, &[i64]> = expected
            .iter()
            .map(|(name, shape)| (name.as_str(), &shape[..]))
            .collect();
        let found: BTreeMap<&str, &[i64]> = self.shapes().collect();
        let all: BTreeSet<&str> = expected.keys().chain(found.keys()).copied().collect();
        let fault = all.into_iter().find_map(|name| {
            let shown = WeightsError::quoted(name);
            match (found.get(name), expected.get(name)) {
                (None, Some(shape)) => Some(format!("missing tensor {shown} of shape {shape:?}")),
                (Some(shape), None) => Some(format!("unknown tensor {shown} of shape {shape:?}")),
                (Some(is), Some(not)) if is != not => Some(format!(
                    "tensor {shown} has the wrong shape {is:?}, not {not:?}"
                )),
                _ => None,
            }
        });
        let network = self.spec.to_string();
        fault.map_or(Ok(()), |fault| Err(WeightsError::Misfit { network, fault }))
    }

    /// Check 9: no value is NaN or infinite.
    ///
    /// # Errors
    /// [`WeightsError::Damaged`] names the first tensor that holds such a value.
    pub fn check_finite(&self) -> Result<(), WeightsError> {
        let is_bad = |entry: &Entry| self.values(entry).any(|value| !value.is_finite());
        match self.entries.iter().find(|(_, entry)| is_bad(entry)) {
            None => Ok(()),
            Some((name, _)) => {
                let name = WeightsError::quoted(name);
                let reason = format!("tensor {name} holds NaN or infinity");
                Err(WeightsError::damaged(reason))
            }
        }
    }

    fn values(&self, entry: &Entry) -> impl Iterator<Item = f32> {
        // Check 6 has shown that every area lies within the data.
        let area = &self.bytes[self.start..][entry.begin..entry.end];
        let (numbers, _) = area.as_chunks();
        numbers.iter().map(|bytes| f32::from_le_bytes(*bytes))
    }
}

impl fmt::Debug for Weights {
    /// Without the values, which would be pages of digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Weights");
        shown.field("label", &self.label).field("spec", &self.spec);
        shown
            .field("tensors", &self.entries.len())
            .finish_non_exhaustive()
    }
}
