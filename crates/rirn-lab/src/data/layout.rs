// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds out which data set a folder is.
//!
//! | data set | folders |
//! |---|---|
//! | GOPRO_Large | `{train,test}/NAME/{blur,blur_gamma,sharp}` |
//! | REDS | `train/train_{blur,blur_comp,sharp}/NAME`, likewise `val` and `test` |
//! | DVD | `quantitative_datasets/NAME/{input,GT}` |
//! | BSD | `{train,valid,test}/NAME/{Blur,Sharp}/RGB` |
//! | own | `NAME/{blur,sharp}`, or `blur` and `sharp` alone |
//!
//! The folder of a set, of a split or of one sequence may be given, and each may be nested once more
//! in a folder of any name, as it comes out of some archives. Where a data set has splits, the chosen
//! one is taken; where it has none, all sequences belong to every split.

use super::error::DataError;
use super::folder::{folders, name};
use super::sequence::Sequence;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Folders in folders that are looked into.
const DEPTH: usize = 4;
/// What a folder that is refused should have held.
const EXPECTED: &str = "the folders of GOPRO, REDS, DVD or BSD, folders of sequences with blur/ and \
    sharp/, or blur/ and sharp/ themselves";

/// Part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To train on.
    Train,
    /// To choose between trainings.
    Validation,
    /// To publish.
    #[default]
    Test,
}

impl Split {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Train => &["train"],
            Self::Validation => &["val", "valid", "validation"],
            Self::Test => &["test"],
        }
    }
}

/// Which blurred version of the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlurKind {
    /// Averaged light: `blur_gamma` where the data set has it, else its only version.
    #[default]
    Gamma,
    /// Averaged levels: `blur` of GOPRO; of other data sets the only version.
    Encoded,
    /// Compressed afterwards: `blur_comp` of REDS; no other data set has it.
    Compressed,
}

/// What is wanted of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// Part of it.
    pub split: Split,
    /// Version of its frames.
    pub blur: BlurKind,
}

/// The sequences of the data set in `folder`, in natural order of their names; headers of all
/// pictures have been read.
///
/// # Errors
/// [`DataError`] naming the file or folder: no known layout, no such split or version, an empty
/// folder, unequal numbers of frames, names that do not correspond, sizes that differ, headers that
/// cannot be read.
pub fn sequences(folder: &Path, choice: &Choice) -> Result<Vec<Sequence>, DataError> {
    let mut here = folder.to_owned();
    for _ in 0..DEPTH {
        if let Some(found) = sequence(&here, choice)? {
            return Ok(vec![found]);
        }
        let inside = folders(&here)?;
        if let Some(found) = reds(&here, &inside, choice)? {
            return Ok(found);
        }
        let found = parents_of_frames(&inside, choice)?;
        if !found.is_empty() {
            return Ok(found);
        }
        here = match next(&here, &inside, choice.split)? {
            Some(next) => next,
            None => break,
        };
    }
    Err(layout(folder, "no known layout", EXPECTED))
}

/// The only way further down: the folder of the split, or a folder that merely wraps another one.
fn next(here: &Path, inside: &[PathBuf], split: Split) -> Result<Option<PathBuf>, DataError> {
    let all = [Split::Train, Split::Validation, Split::Test];
    let is_split = |path: &&PathBuf, split: Split| split.names().contains(&name(path).as_str());
    if let Some(chosen) = inside.iter().find(|path| is_split(path, split)) {
        return Ok(Some(chosen.clone()));
    }
    let splits: Vec<String> = inside
        .iter()
        .filter(|path| all.iter().any(|&split| is_split(path, split)))
        .map(|path| name(path))
        .collect();
    if !splits.is_empty() {
        let found = format!("splits {}", splits.join(", "));
        return Err(layout(here, &found, &format!("{}/", split.names()[0])));
    }
    let dvd = inside.iter().find(|p| name(p) == "quantitative_datasets");
    Ok(match (dvd, inside) {
        (Some(dvd), _) => Some(dvd.clone()),
        (None, [only]) => Some(only.clone()),
        _ => None,
    })
}

/// All of `inside` as sequences if the first of them is one; else none.
fn parents_of_frames(inside: &[PathBuf], choice: &Choice) -> Result<Vec<Sequence>, DataError> {
    let mut found = Vec::new();
    for folder in inside {
        match sequence(folder, choice)? {
            Some(sequence) => found.push(sequence),
            None if found.is_empty() => {}
            None => {
                let expected = "blur/ and sharp/ as in the folders beside it";
                return Err(layout(folder, "no blurred frames", expected));
            }
        }
    }
    if !found.is_empty() && found.len() != inside.len() {
        let expected = "blur/ and sharp/ as in the folders beside it";
        return Err(layout(&inside[0], "no blurred frames", expected));
    }
    Ok(found)
}

/// `folder` as one sequence, if it holds a folder of blurred frames.
fn sequence(folder: &Path, choice: &Choice) -> Result<Option<Sequence>, DataError> {
    const PAIRS: [(&str, &str); 4] = [
        ("blur_gamma", "sharp"),
        ("blur", "sharp"),
        ("input", "GT"),
        ("Blur/RGB", "Sharp/RGB"),
    ];
    let there = |(blurred, _): &&(&str, &str)| {
        folder.join(blurred).is_dir()
            && (*blurred != "blur_gamma" || choice.blur != BlurKind::Encoded)
    };
    let Some((blurred, sharp)) = PAIRS.iter().find(there) else {
        if folder.join("blur_gamma").is_dir() {
            return Err(layout(
                folder,
                "blur_gamma/ alone",
                "blur/ (averaged levels)",
            ));
        }
        return Ok(None);
    };
    if choice.blur == BlurKind::Compressed {
        let expected = "a compressed version, which only REDS has";
        return Err(layout(folder, &format!("{blurred}/"), expected));
    }
    let sharp = folder.join(sharp);
    let sharp = sharp.is_dir().then_some(sharp.as_path());
    Sequence::open(name(folder), folder, &folder.join(blurred), sharp).map(Some)
}

/// Sequences below `SPLIT_blur` and `SPLIT_sharp`, if `here` holds such folders.
fn reds(
    here: &Path,
    inside: &[PathBuf],
    choice: &Choice,
) -> Result<Option<Vec<Sequence>>, DataError> {
    let kind = match choice.blur {
        BlurKind::Compressed => "blur_comp",
        BlurKind::Gamma | BlurKind::Encoded => "blur",
    };
    let names: Vec<String> = inside.iter().map(|path| name(path)).collect();
    let is_reds = |name: &String| name.ends_with("_blur") || name.ends_with("_blur_comp");
    if !names.iter().any(is_reds) {
        return Ok(None);
    }
    let wanted = |split: &&&str| names.contains(&format!("{split}_{kind}"));
    let Some(split) = choice.split.names().iter().find(wanted) else {
        let found = names.join(", ");
        let expected = format!("{}_{kind}", choice.split.names()[0]);
        return Err(layout(here, &found, &expected));
    };
    let mut blurred = here.join(format!("{split}_{kind}"));
    let mut truth = here.join(format!("{split}_sharp"));
    // Once more nested: train_blur/train/train_blur, as the archives are packed.
    for folder in [&mut blurred, &mut truth] {
        let again = folder.join(split).join(name(folder));
        if again.is_dir() {
            *folder = again;
        }
    }
    let mut found = Vec::new();
    for folder in folders(&blurred)? {
        let sharp = truth.join(name(&folder));
        if truth.is_dir() && !sharp.is_dir() {
            return Err(layout(&truth, "no sharp frames", &name(&folder)));
        }
        let sharp = sharp.is_dir().then_some(sharp.as_path());
        found.push(Sequence::open(name(&folder), &folder, &folder, sharp)?);
    }
    if found.is_empty() {
        let wanted = "folders of sequences";
        return Err(DataError::Empty {
            folder: blurred,
            wanted,
        });
    }
    Ok(Some(found))
}

fn layout(folder: &Path, found: &str, expected: &str) -> DataError {
    DataError::Layout {
        folder: folder.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}
