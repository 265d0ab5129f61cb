// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with a weights file.
//!
//! The variants separate what a player tells its user in different words: no such file, a file
//! that cannot be read, one that is damaged, and one that is whole but not for this program.
//! The file's own name is in no message, since whoever opened the file knows it.

use std::io::ErrorKind;

use super::spec::{SpecError, plain};

/// A weights file, or built-in weights, that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// No built-in weights have this name.
    #[error("there are no weights named \"{name}\", there are: {known}")]
    UnknownName {
        /// The name asked for, shortened.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file does not exist.
    #[error("file does not exist")]
    NotFound,
    /// The file exists but cannot be read, or is not a regular file.
    #[error("file cannot be opened: {cause}")]
    Unreadable {
        /// The system's words, or what it is instead of a regular file.
        cause: String,
    },
    /// The file cannot be written.
    #[error("file cannot be written: {cause}")]
    Unwritable {
        /// The system's words.
        cause: String,
    },
    /// The bytes are not a sound file of float32 tensors: checks 1 to 6 and 9 of the format.
    #[error("{reason}")]
    Damaged {
        /// What is wrong, and with which tensor or key.
        reason: String,
    },
    /// A sound file of tensors, but not made for this program.
    #[error("not a weights file of this project, its format is {found} and not \"rirn\"")]
    Foreign {
        /// The format it states in quotes, shortened, or that it states none.
        found: String,
    },
    /// A version of the format that this program does not know.
    #[error("unknown version \"{found}\" of the weights format")]
    Version {
        /// The version it states, shortened.
        found: String,
    },
    /// The metadata describe no network.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The tensors are not those of the network that the metadata describe.
    #[error("weights do not fit network \"{network}\": {fault}")]
    Misfit {
        /// The network as text, for example `ifi-irm-atb`.
        network: String,
        /// The first tensor that is missing, unknown or of another shape, with its shapes.
        fault: String,
    },
}

impl WeightsError {
    /// Damage described by `reason`, in which text from the file is [`quoted`](Self::quoted).
    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Damaged { reason }
    }

    /// Built-in weights that do not exist.
    pub(crate) fn unknown_name(name: &str, known: &[&str]) -> Self {
        let (name, known) = (plain(name), known.join(", "));
        Self::UnknownName { name, known }
    }

    /// A file of another program, or of none that says so.
    pub(crate) fn foreign(found: Option<&str>) -> Self {
        let found = found.map_or("not stated".into(), Self::quoted);
        Self::Foreign { found }
    }

    /// A version this program does not know.
    pub(crate) fn version(found: &str) -> Self {
        let found = plain(found);
        Self::Version { found }
    }

    /// What the system said when a file was to be found, opened or read.
    pub(crate) fn reading(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            // It had this many bytes when its size was asked.
            ErrorKind::UnexpectedEof => Self::damaged("file too short, it shrank while read"),
            _ => Self::unreadable(error.to_string()),
        }
    }

    /// A file that is there but cannot be read.
    pub(crate) fn unreadable(cause: impl Into<String>) -> Self {
        let cause = cause.into();
        Self::Unreadable { cause }
    }

    /// What the system said when a file was to be written.
    pub(crate) fn writing(error: &std::io::Error) -> Self {
        let cause = error.to_string();
        Self::Unwritable { cause }
    }

    /// Text from a file as a message may show it: visible characters only, short, in quotes.
    pub(crate) fn quoted(text: &str) -> String {
        format!("\"{}\"", plain(text))
    }
}
