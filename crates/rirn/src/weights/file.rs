// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading from a file that may be anything: a folder, a pipe, or shorter than it said.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::WeightsError;

/// Opens a regular file and tells its size.
pub(super) fn open_regular(path: &Path) -> Result<(File, u64), WeightsError> {
    let failed = |error: io::Error| WeightsError::reading(&error);
    // Asked before opening as well, since opening a pipe waits for its other end.
    check_regular(&fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    check_regular(&metadata)?;
    Ok((file, metadata.len()))
}

fn check_regular(metadata: &fs::Metadata) -> Result<(), WeightsError> {
    match metadata {
        m if m.is_file() => Ok(()),
        m if m.is_dir() => Err(WeightsError::unreadable("it is a folder")),
        _ => Err(WeightsError::unreadable("it is not a regular file")),
    }
}

/// Reads exactly so many bytes.
pub(super) fn read(file: &mut File, length: u64) -> Result<Vec<u8>, WeightsError> {
    let mut bytes = Vec::new();
    let room = bytes.try_reserve_exact(length as usize);
    room.map_err(|_| WeightsError::unreadable("not enough memory"))?;
    let read = file.take(length).read_to_end(&mut bytes);
    match read.map_err(|error| WeightsError::reading(&error))? {
        n if n as u64 == length => Ok(bytes),
        _ => Err(WeightsError::damaged(
            "file too short, it ended while it was read",
        )),
    }
}
