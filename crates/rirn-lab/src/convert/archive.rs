// SPDX-License-Identifier: MIT OR Apache-2.0
//! The zip archive around a PyTorch checkpoint, read with limits.
//!
//! A general zip reader takes more than this project trusts: millions of entries, encryption,
//! overlapping data. This one reads the directory at the end, checks every size that is declared
//! there before it allocates or inflates anything, and knows two methods, stored and deflated.
//! Sizes of 4 GiB and more (zip64) are above the limit anyway.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::MAX_FILE;
use super::error::{ConvertError, shown};

/// Longest directory, in bytes; a checkpoint with optimizer state has some hundred kB.
const MAX_DIRECTORY: u64 = 1 << 22;

/// Most files in the archive; each tensor is one.
const MAX_ENTRIES: u64 = 1 << 14;

/// How many times larger than its compressed form a file may be: weights are noise, and shrink
/// little. Fixed room is for files of a few bytes.
const MAX_RATIO: u64 = 32;
const FREE: u64 = 1 << 12;

/// Length of the record that ends a zip archive, without its comment.
const END: usize = 22;

/// Length of a directory entry and of the header before a file's data, without names.
const ENTRY: usize = 46;
const LOCAL: usize = 30;

/// Where a run of bytes lies in a file, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    /// Of the local header, or of the data if there is none.
    begin: u64,
    /// Bytes in the file.
    packed: u64,
    /// Bytes when unpacked.
    pub(super) size: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No archive: the bytes themselves.
    Bare,
    /// A file in an archive.
    Zipped { deflated: bool, crc: u32 },
}

impl Region {
    /// Bytes that lie in the file as they are.
    pub(super) fn bare(begin: u64, size: u64) -> Self {
        Self {
            begin,
            packed: size,
            size,
            kind: Kind::Bare,
        }
    }

    /// Where it begins in the file, by which two regions are told apart.
    pub(super) fn begin(self) -> u64 {
        self.begin
    }

    /// Bytes `from..from + length` of the unpacked content, which must be within its size.
    pub(super) fn read(self, file: &File, from: u64, length: u64) -> Result<Vec<u8>, ConvertError> {
        let whole = from == 0 && length == self.size;
        match self.kind {
            Kind::Bare => fill(seek(file, self.begin + from)?, length),
            Kind::Zipped { deflated, crc } => {
                let data = self.data_begin(file)?;
                let bytes = if deflated {
                    self.inflate(seek(file, data)?, from, length)?
                } else {
                    fill(seek(file, data + from)?, length)?
                };
                if whole && checksum(&bytes) != crc {
                    return Err(ConvertError::damaged("a checksum in the zip is wrong"));
                }
                Ok(bytes)
            }
        }
    }

    /// The local header repeats the directory, but with a length of extra data of its own.
    fn data_begin(self, file: &File) -> Result<u64, ConvertError> {
        let header = fill(seek(file, self.begin)?, LOCAL as u64)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(ConvertError::damaged("a zip entry has no header"));
        }
        let names = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        Ok(self.begin + LOCAL as u64 + names)
    }

    fn inflate(self, file: &File, from: u64, length: u64) -> Result<Vec<u8>, ConvertError> {
        let bad = |_| ConvertError::damaged("compressed data of a zip entry are broken");
        let mut content = DeflateDecoder::new(file.take(self.packed));
        io::copy(&mut (&mut content).take(from), &mut io::sink()).map_err(bad)?;
        let bytes = fill(&mut content, length).map_err(|error| match error {
            // The system has no part in it: the bytes are there, but unpack to nothing.
            ConvertError::Unreadable { cause } => bad(io::Error::other(cause)),
            other => other,
        })?;
        let ends = from + length == self.size;
        if ends && content.read(&mut [0]).map_err(bad)? > 0 {
            let reason = "a zip entry unpacks to more than the declared size";
            return Err(ConvertError::damaged(reason));
        }
        Ok(bytes)
    }
}

/// Names and places of the files in a zip archive.
pub(super) fn entries(file: &File, size: u64) -> Result<BTreeMap<String, Region>, ConvertError> {
    let (begin, length, count) = end_record(file, size)?;
    let directory = fill(seek(file, begin)?, length)?;
    let mut rest = &directory[..];
    let mut found = BTreeMap::new();
    let (mut packed, mut unpacked) = (0, 0);
    for _ in 0..count {
        let (name, region, tail) = entry(rest)?;
        rest = tail;
        packed += region.packed;
        unpacked += region.size;
        if found.insert(name.clone(), region).is_some() {
            let reason = format!("zip entry \"{}\" is there twice", shown(&name));
            return Err(ConvertError::damaged(reason));
        }
    }
    ConvertError::limit(
        "the unpacked size of the zip, in bytes,",
        unpacked,
        MAX_FILE,
    )?;
    // Entries that share their bytes are how small archives become enormous.
    ConvertError::limit("the sum of packed zip entries, in bytes,", packed, size)?;
    Ok(found)
}

/// Begin, length and number of entries of the directory.
fn end_record(file: &File, size: u64) -> Result<(u64, u64, u64), ConvertError> {
    let tail = size.min(END as u64 + u64::from(u16::MAX));
    let tail = fill(seek(file, size - tail)?, tail)?;
    let cut = || ConvertError::damaged("the zip has no end, the file is cut short");
    let is_end = |at: &usize| {
        tail[*at..].starts_with(b"PK\x05\x06")
            && tail.len() == at + END + usize::from(u16_at(&tail, at + 20))
    };
    let last = tail.len().checked_sub(END).ok_or_else(cut)?;
    let at = (0..=last).rev().find(is_end).ok_or_else(cut)?;
    let (count, length) = (u16_at(&tail, at + 10), u32_at(&tail, at + 12));
    let begin = u64::from(u32_at(&tail, at + 16));
    let (count, length) = (u64::from(count), u64::from(length));
    ConvertError::limit("the number of zip entries", count, MAX_ENTRIES)?;
    ConvertError::limit("the zip directory, in bytes,", length, MAX_DIRECTORY)?;
    if begin + length > size {
        return Err(cut());
    }
    Ok((begin, length, count))
}

/// The first entry of a directory, and what follows it.
fn entry(bytes: &[u8]) -> Result<(String, Region, &[u8]), ConvertError> {
    let broken = || ConvertError::damaged("the zip directory is broken");
    if bytes.len() < ENTRY || !bytes.starts_with(b"PK\x01\x02") {
        return Err(broken());
    }
    let (fixed, rest) = bytes.split_at(ENTRY);
    let (name, rest) = rest
        .split_at_checked(u16_at(fixed, 28).into())
        .ok_or_else(broken)?;
    let skipped = usize::from(u16_at(fixed, 30)) + usize::from(u16_at(fixed, 32));
    let rest = rest.get(skipped..).ok_or_else(broken)?;
    let name = std::str::from_utf8(name).map_err(|_| broken())?.to_owned();
    let refused = |what| ConvertError::damaged(format!("zip entry \"{}\" {what}", shown(&name)));
    let deflated = match u16_at(fixed, 10) {
        0 => false,
        8 => true,
        _ => return Err(refused("is neither stored nor deflated")),
    };
    if u16_at(fixed, 8) & 1 == 1 {
        return Err(refused("is encrypted"));
    }
    let crc = u32_at(fixed, 16);
    let region = Region {
        begin: u32_at(fixed, 42).into(),
        packed: u32_at(fixed, 20).into(),
        size: u32_at(fixed, 24).into(),
        kind: Kind::Zipped { deflated, crc },
    };
    check_sizes(&name, &region, deflated)?;
    Ok((name, region, rest))
}

/// Sizes are checked as declared; nothing is unpacked to learn them.
fn check_sizes(name: &str, region: &Region, deflated: bool) -> Result<(), ConvertError> {
    let most = if deflated {
        MAX_FILE.min(region.packed * MAX_RATIO + FREE)
    } else {
        MAX_FILE.min(region.packed)
    };
    let what = format!("unpacked zip entry \"{}\", in bytes,", shown(name));
    ConvertError::limit(&what, region.size, most)
}

fn seek(mut file: &File, to: u64) -> Result<&File, ConvertError> {
    file.seek(SeekFrom::Start(to))?;
    Ok(file)
}

/// The next `length` bytes. Callers have compared the length with the limits and the file.
fn fill(source: impl Read, length: u64) -> Result<Vec<u8>, ConvertError> {
    let mut bytes = Vec::new();
    let room = usize::try_from(length).map(|length| bytes.try_reserve_exact(length));
    if !matches!(room, Ok(Ok(()))) {
        return Err(ConvertError::Unreadable {
            cause: format!("no memory for {length} bytes"),
        });
    }
    source.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(ConvertError::damaged("it ends too early"))
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The number at `at`, which must be there.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}
