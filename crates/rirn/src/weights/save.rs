// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writing a weights file: equal input gives equal bytes, and a file is there whole or not at all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{FORMAT, VERSION, Weights};
use crate::error::WeightsError;
use crate::networks::Spec;

/// The header is padded to a multiple of this, so that float32 data are aligned in the file.
const ALIGNMENT: usize = 8;

/// Writes a weights file in place of what is at `path`: names, shapes and values of `tensors`,
/// and `notes` as further metadata, which carry no meaning for the network.
///
/// Tensors lie in the order of their names, whatever their order in `tensors`. The bytes are
/// read back by this crate's loader before a file is touched, so what it would refuse is not
/// written. Until the file is complete and on disk it has another name in the same folder.
///
/// # Errors
/// [`WeightsError::Spec`] if the spec is out of range; [`WeightsError::Damaged`] for a name or
/// note that occurs twice or takes a reserved key, values that do not fill their shape or are
/// not finite, and files of more than 256 MiB; [`WeightsError::Unwritable`] with the system's
/// words. Whether the tensors are those of the network is not asked.
pub fn save(
    path: &Path,
    spec: &Spec,
    notes: &BTreeMap<String, String>,
    tensors: &[(String, Vec<i64>, Vec<f32>)],
) -> Result<(), WeightsError> {
    spec.check()?;
    let weights = Weights::parse(encode(spec, notes, tensors))?;
    weights.check_finite()?;
    replace(path, &weights.bytes).map_err(|error| WeightsError::writing(&error))
}

/// The whole file. Faults of the input stay in it, for the loader to find.
fn encode(
    spec: &Spec,
    notes: &BTreeMap<String, String>,
    tensors: &[(String, Vec<i64>, Vec<f32>)],
) -> Vec<u8> {
    let mut tensors: Vec<_> = tensors.iter().collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let mut header = format!("{{\"__metadata__\":{{{}}}", metadata(spec, notes));
    let mut reached = 0;
    for (name, shape, values) in &tensors {
        let (name, begin) = (quoted(name), reached);
        reached += values.len() * size_of::<f32>();
        // The list's own `{:?}` would put a space after each comma.
        let shape: Vec<String> = shape.iter().map(i64::to_string).collect();
        let shape = shape.join(",");
        header += &format!(
            ",{name}:{{\"dtype\":\"F32\",\"shape\":[{shape}],\"data_offsets\":[{begin},{reached}]}}"
        );
    }
    header.push('}');
    header += &" ".repeat(header.len().next_multiple_of(ALIGNMENT) - header.len());
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.reserve_exact(header.len() + reached);
    bytes.extend(header.into_bytes());
    for (_, _, values) in tensors {
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    bytes
}

/// The inside of the metadata object, in the order of the keys.
fn metadata(spec: &Spec, notes: &BTreeMap<String, String>) -> String {
    let own = [("format", FORMAT), ("version", VERSION)].map(|(k, v)| (k.into(), v.into()));
    let mut pairs: Vec<(String, String)> = own.into();
    pairs.extend(spec.to_metadata());
    // A list, not a map: a note must not replace a reserved key unseen.
    pairs.extend(
        notes
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    pairs.sort();
    let pair = |(key, value): &(String, String)| format!("{}:{}", quoted(key), quoted(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether both paths lead to one file, for programs that must not put another one in its place. Neither
/// is opened: a pipe would notice.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().ok();
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// Puts a file of these bytes in the place of `path`. Until they are all on disk they have another
/// name in the same folder, so what was at `path` is never half overwritten.
///
/// # Errors
/// Whatever keeps the file from being written.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let (mut file, temporary) = create_beside(path, folder)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let placed = written.and_then(|()| fs::rename(&temporary, path));
    if placed.is_err() {
        // The first error is the one to report; a left-over file is harmless.
        let _ = fs::remove_file(&temporary);
    }
    placed?;
    sync_folder(folder)
}

/// A new file in `folder`, hidden, and with a name that no other writer uses.
fn create_beside(path: &Path, folder: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.{number}.tmp", std::process::id()));
        let temporary = folder.join(hidden);
        match File::create_new(&temporary) {
            // Left over by a process that was killed and had the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((created?, temporary)),
        }
    }
}

/// Makes the new name itself outlast a power cut. Only Unix opens folders as files.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
