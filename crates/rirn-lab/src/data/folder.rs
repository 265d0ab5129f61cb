// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listing folders and opening pictures.
//!
//! Files are sorted as people count: `frame9` before `frame10`. Hidden files and files of other kinds
//! are passed over; a file with a picture's ending that is none is an error.

use super::error::DataError;
use image::{ImageReader, RgbImage};
use std::cmp::Ordering;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Endings of picture files.
const PICTURES: [&str; 4] = ["png", "jpg", "jpeg", "webp"];
/// Endings of video files.
const VIDEOS: [&str; 7] = ["mp4", "mov", "mkv", "avi", "webm", "m4v", "mpg"];

/// Folders in `folder` without hidden ones, sorted.
pub(super) fn folders(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    entries(folder, Path::is_dir)
}

/// Picture files in `folder`, sorted.
///
/// # Errors
/// [`DataError::Empty`] where there is none.
pub(super) fn pictures(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let files = entries(folder, |path| path.is_file() && ends_in(path, &PICTURES))?;
    not_empty(files, folder, "pictures (png, jpg, webp)")
}

/// `path` itself if it is a file, else the video files in it.
pub(super) fn videos(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let files = entries(path, |path| path.is_file() && ends_in(path, &VIDEOS))?;
    not_empty(files, path, "videos (mp4, mov, mkv, avi, webm)")
}

fn not_empty(
    files: Vec<PathBuf>,
    folder: &Path,
    wanted: &'static str,
) -> Result<Vec<PathBuf>, DataError> {
    if files.is_empty() {
        let folder = folder.to_owned();
        return Err(DataError::Empty { folder, wanted });
    }
    Ok(files)
}

fn entries(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, DataError> {
    let unread = |source| DataError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if !name(&path).starts_with('.') && wanted(&path) {
            paths.push(path);
        }
    }
    paths.sort_by(|a, b| natural(&name(a), &name(b)));
    Ok(paths)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    endings.contains(&ending.to_ascii_lowercase().as_str())
}

/// The last part of a path as text.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Order in which runs of digits count as numbers; equal numbers are ordered by their text.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(from), Some(to)) = (left.chars().next(), right.chars().next()) {
        let order = if from.is_ascii_digit() && to.is_ascii_digit() {
            let (one, two) = (digits(left), digits(right));
            (left, right) = (&left[one.len()..], &right[two.len()..]);
            let (one, two) = (one.trim_start_matches('0'), two.trim_start_matches('0'));
            one.len().cmp(&two.len()).then_with(|| one.cmp(two))
        } else {
            (left, right) = (&left[from.len_utf8()..], &right[to.len_utf8()..]);
            from.cmp(&to)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The digits at the start of `text`.
fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

/// Whether two files may be the blurred and the sharp version of a frame: equal names, or names
/// whose last numbers are equal.
pub(super) fn correspond(blurred: &Path, sharp: &Path) -> bool {
    let (one, two) = (stem(blurred), stem(sharp));
    one == two || last_number(&one).is_some_and(|number| last_number(&two) == Some(number))
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn last_number(text: &str) -> Option<&str> {
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = text[..end].rfind(|c: char| !c.is_ascii_digit());
    let number = &text[start.map_or(0, |last| {
        last + text[last..].chars().next().map_or(1, char::len_utf8)
    })..end];
    Some(number.trim_start_matches('0'))
}

/// Width and height by the header of a picture file.
pub(super) fn dimensions(path: &Path) -> Result<(u32, u32), DataError> {
    reader(path)?
        .into_dimensions()
        .map_err(|source| broken(path, source))
}

/// The pixels of a picture file, as 8-bit RGB.
pub(super) fn open(path: &Path) -> Result<RgbImage, DataError> {
    let picture = reader(path)?.decode();
    let picture = picture.map_err(|source| broken(path, source))?;
    Ok(picture.into_rgb8())
}

fn reader(path: &Path) -> Result<ImageReader<BufReader<fs::File>>, DataError> {
    let unread = |source| DataError::Read {
        path: path.to_owned(),
        source,
    };
    let reader = ImageReader::open(path).map_err(unread)?;
    // By content: in some data sets the ending lies.
    reader.with_guessed_format().map_err(unread)
}

fn broken(path: &Path, source: image::ImageError) -> DataError {
    DataError::Picture {
        path: path.to_owned(),
        source,
    }
}
