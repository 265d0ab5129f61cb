// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a name to weights: those that are part of the library, and NAME.safetensors in the
//! folders of installed models.
//!
//! Data folders are handed in, so that nothing here depends on the process: the element takes
//! them from GLib, programs without it from [`data_folders`], which follows the same rules. Files
//! are looked for each time anew.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::{Weights, names, shipped};
use crate::error::WeightsError;

/// Ending of weights files.
const ENDING: &str = "safetensors";

/// Folder of installed weights within a data folder.
const MODELS: &str = "rirndeblur/models";

/// System's data folders where the environment names none.
const SYSTEM: &str = "/usr/local/share/:/usr/share/";

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Built in, by name; of a name that is not known, only reading tells.
    BuiltIn(String),
    /// A file.
    File(PathBuf),
}

/// Weights by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    folders: Vec<PathBuf>,
}

/// The user's data folder, then the system's: XDG_DATA_HOME or `.local/share` in HOME, and
/// XDG_DATA_DIRS. `variable` gives a variable of the environment.
///
/// As GLib has it: an empty variable is none, and a path need not be absolute.
pub fn data_folders(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |key| variable(key).filter(|value| !value.is_empty());
    let home = || set("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let own = set("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    let system = set("XDG_DATA_DIRS").unwrap_or_else(|| SYSTEM.into());
    own.into_iter()
        .chain(std::env::split_paths(&system))
        .collect()
}

impl Installed {
    /// Weights in these data folders, of which the first one that has a name counts.
    #[must_use]
    pub fn new(data_folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let models = |folder: PathBuf| folder.join(MODELS);
        let folders = data_folders.into_iter().map(models).collect();
        Self { folders }
    }

    /// What `name` means: built-in weights, else an installed file. A name that is neither comes
    /// back as one of built-in weights, and [`Installed::read`] refuses it.
    #[must_use]
    pub fn place(&self, name: &str) -> Place {
        let files = self.folders.iter().map(|folder| {
            // Not by setting the ending, which would take a part of a name with a dot for one.
            folder.join(format!("{name}.{ENDING}"))
        });
        let mut installed = files.filter(|file| is_plain(name) && file.is_file());
        match installed.next() {
            Some(file) if shipped(name).is_none() => Place::File(file),
            _ => Place::BuiltIn(name.to_owned()),
        }
    }

    /// What a user means by `word`: weights of this name, built in or installed, else a file. A
    /// file that is called like such weights is `./NAME`.
    #[must_use]
    pub fn meant(&self, word: &OsStr) -> Place {
        match word.to_str().filter(|name| self.has(name)) {
            Some(name) => self.place(name),
            None => Place::File(PathBuf::from(word)),
        }
    }

    /// Whether there are weights of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        shipped(name).is_some() || matches!(self.place(name), Place::File(_))
    }

    /// Reads weights; their tensors are not compared with the network yet.
    ///
    /// # Errors
    /// As [`Weights::open`] and [`Weights::built_in`], but an unknown name is told together with
    /// the installed ones.
    pub fn read(&self, place: &Place) -> Result<Weights, WeightsError> {
        match place {
            Place::File(path) => Weights::open(path),
            Place::BuiltIn(name) => Weights::built_in(name).map_err(|error| match error {
                WeightsError::UnknownName { name, .. } => WeightsError::UnknownName {
                    name,
                    known: self.names().join(", "),
                },
                other => other,
            }),
        }
    }

    /// Names of all weights there are, built in and installed, sorted. As the file system has
    /// them: whoever prints them must take out control characters.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut all: Vec<_> = names().map(str::to_owned).into();
        let folders = self.folders.iter();
        let entries = folders.filter_map(|folder| folder.read_dir().ok());
        all.extend(entries.flatten().flatten().filter_map(|entry| {
            let path = entry.path();
            let is_weights = path.extension().is_some_and(|ending| ending == ENDING);
            let name = path.file_stem()?.to_str()?.to_owned();
            (is_weights && is_plain(&name) && path.is_file()).then_some(name)
        }));
        all.sort();
        all.dedup();
        all
    }
}

/// Whether a name is no path: nothing outside of the folders is reached by it, and nothing hidden.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folders(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        data_folders(|key| {
            let found = variables.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn data_folders_are_those_of_the_environment_or_the_usual_ones() {
        let paths = |list: &[&str]| list.iter().map(PathBuf::from).collect::<Vec<_>>();
        let usual = paths(&["/usr/local/share/", "/usr/share/"]);
        assert_eq!(folders(&[]), usual);
        let home = [paths(&["/h/a/.local/share"]), usual].concat();
        assert_eq!(folders(&[("HOME", "/h/a")]), home);
        let empty = [("XDG_DATA_HOME", ""), ("XDG_DATA_DIRS", "")];
        assert_eq!(folders(&[&empty[..], &[("HOME", "/h/a")]].concat()), home);
        let all = [("XDG_DATA_HOME", "/own"), ("XDG_DATA_DIRS", "/a:/b")];
        let all = [&all[..], &[("HOME", "/h/a")]].concat();
        assert_eq!(folders(&all), paths(&["/own", "/a", "/b"]));
    }

    #[test]
    fn the_first_folder_counts_and_built_in_names_before_all() {
        let root = tempfile::tempdir().expect("a folder");
        let data = ["own", "system"].map(|name| root.path().join(name));
        let put = |at: usize, name: &str| {
            let folder = data[at].join(MODELS);
            fs::create_dir_all(&folder).expect("a folder");
            let file = folder.join(name);
            fs::write(&file, shipped("lite").expect("lite")).expect("a file");
            Place::File(file)
        };
        let mine = put(0, "mine.safetensors");
        put(1, "mine.safetensors");
        let theirs = put(1, "the.irs.safetensors");
        put(0, "lite.safetensors");
        put(0, "notes.txt");
        put(0, ".hidden.safetensors");
        #[cfg(unix)]
        put(0, "a\\mine.safetensors");
        fs::create_dir(data[1].join(MODELS).join("folder.safetensors")).expect("a folder");
        let none = root.path().join("none");
        let installed = Installed::new([none].into_iter().chain(data.clone()));
        assert_eq!(installed.place("mine"), mine);
        assert_eq!(installed.place("the.irs"), theirs);
        let label = |place: &Place| installed.read(place).expect("weights").label().to_owned();
        assert_eq!(label(&mine), "mine.safetensors");
        assert_eq!(label(&installed.place("lite")), "lite");
        assert!(installed.has("lite") && installed.has("mine") && !installed.has("the"));
        assert_eq!(installed.names(), ["lite", "mine", "standard", "the.irs"]);
        for wrong in [
            "",
            ".hidden",
            "../models/mine",
            "a\\mine",
            "notes",
            "folder",
            "lit",
        ] {
            let place = installed.place(wrong);
            assert_eq!(place, Place::BuiltIn(wrong.to_owned()));
            assert!(!installed.has(wrong));
            match installed.read(&place) {
                Err(WeightsError::UnknownName { name, known }) => {
                    assert_eq!((&*name, &*known), (wrong, "lite, mine, standard, the.irs"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
