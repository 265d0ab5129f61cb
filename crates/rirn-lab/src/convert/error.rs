// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can keep a file of another program from becoming a weights file of ours.
//!
//! Files and maps may come from anyone, so their text enters a message only through [`shown`]:
//! short, and without characters that would steer a terminal. The file's own name is in no
//! message, since whoever opened it knows it.

use rirn::error::SpecError;

/// Longest text from a file that a message repeats, in characters.
const SHOWN: usize = 100;

/// A file, a map, or a pair of them, that gives no weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The file cannot be opened or read.
    #[error("file cannot be read: {cause}")]
    Unreadable {
        /// The system's words, or what it is instead of a regular file.
        cause: String,
    },
    /// The file is none of the kinds that can be read.
    #[error("{reason}")]
    Foreign {
        /// What it looks like, and what to do.
        reason: String,
    },
    /// Something is larger than any file of weights has it; nothing was allocated for it.
    #[error("{what} is {found}, more than the allowed {most}")]
    TooLarge {
        /// What was measured, and its unit.
        what: String,
        /// Its size.
        found: u64,
        /// The limit.
        most: u64,
    },
    /// The container of the file is damaged, or uses what PyTorch does not.
    #[error("damaged file: {reason}")]
    Damaged {
        /// What is wrong, and with which part.
        reason: String,
    },
    /// The pickle breaks its own rules.
    #[error("damaged pickle at byte {at}: {reason}")]
    Pickle {
        /// Where the instruction begins.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// The pickle has an instruction that tensors and plain containers do not need.
    #[error("refused pickle: instruction {name} at byte {at} is not needed for tensors")]
    Opcode {
        /// The instruction's name, or its value.
        name: String,
        /// Where it is.
        at: usize,
    },
    /// The pickle asks for a class or function that tensors and plain containers do not need.
    #[error(
        "refused pickle: it asks for \"{name}\" at byte {at}, and nothing but tensors and plain \
         containers is read; save the state dict alone"
    )]
    Global {
        /// Module and name, shortened.
        name: String,
        /// Where it is.
        at: usize,
    },
    /// A tensor of the file cannot be read.
    #[error("tensor \"{name}\": {reason}")]
    Tensor {
        /// Its name, shortened.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file holds no named tensors.
    #[error("no state dict found: {reason}")]
    NoTensors {
        /// What there is instead.
        reason: String,
    },
    /// The map cannot be used.
    #[error("map: {reason}")]
    Map {
        /// What is wrong, and where.
        reason: String,
    },
    /// The map says that files of this kind cannot be converted.
    #[error("cannot be converted: {reason}")]
    Impossible {
        /// Why, in the map's words.
        reason: String,
    },
    /// A tensor of our network cannot be made.
    #[error("nothing gives tensor \"{name}\" of shape {shape:?}: {reason}")]
    Missing {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
        /// Which tensor was looked for.
        reason: String,
    },
    /// A tensor of the file is neither used nor listed as dropped.
    #[error("tensor \"{name}\" of shape {shape:?} is not used, and the map does not drop it")]
    Unused {
        /// Its name, shortened.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
    },
    /// A tensor of the file has another shape than ours.
    #[error("tensor \"{from}\" has shape {found:?}, but \"{to}\" needs {expected:?}{hint}")]
    Misshapen {
        /// The file's tensor, shortened.
        from: String,
        /// Our tensor.
        to: String,
        /// The file's shape.
        found: Vec<i64>,
        /// The shape it must have.
        expected: Vec<i64>,
        /// What the map says about it, or nothing.
        hint: String,
    },
    /// Sizes that the map reads from the file describe no network.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The network is not built in.
    #[error(transparent)]
    Network(#[from] rirn::Error),
}

impl ConvertError {
    /// A damaged container.
    pub(super) fn damaged(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Damaged { reason }
    }

    /// A fault of the tensor of this name.
    pub(super) fn tensor(name: &str, reason: impl Into<String>) -> Self {
        let (name, reason) = (shown(name), reason.into());
        Self::Tensor { name, reason }
    }

    /// A fault of the map.
    pub(super) fn map(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Map { reason }
    }

    /// `found` if it is not above `most`.
    pub(super) fn limit(what: &str, found: u64, most: u64) -> Result<(), Self> {
        let what = what.to_owned();
        match found {
            n if n > most => Err(Self::TooLarge { what, found, most }),
            _ => Ok(()),
        }
    }
}

impl From<std::io::Error> for ConvertError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::damaged("it ends too early"),
            _ => Self::Unreadable {
                cause: error.to_string(),
            },
        }
    }
}

/// `text` as a message may hold it: ASCII that is seen, other characters as `?`, and cut.
pub(super) fn shown(text: &str) -> String {
    let visible = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    let mut shown: String = text.chars().take(SHOWN).map(visible).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
