// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with the description of a network, and how text from a file is shown.
//!
//! Values come from weights files, which anyone may have written: they enter a message only
//! through [`plain`], so a message is short and cannot steer a terminal or forge a log line.

/// Longest text from a file that a message repeats, in characters.
const SHOWN: usize = 80;

/// A description of a network that no network can be built from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A required key of the metadata is absent.
    #[error("metadata lack {key}")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// No baseline has this name.
    #[error("unknown cell \"{found}\", known are {known}")]
    UnknownCell {
        /// The name that was read, shortened.
        found: String,
        /// The names there are.
        known: String,
    },
    /// A key's value is none of the words it may have.
    #[error("unknown value \"{found}\" of {key}, known are {known}")]
    UnknownValue {
        /// The key.
        key: &'static str,
        /// The value that was read, shortened.
        found: String,
        /// The words there are.
        known: String,
    },
    /// A number is not written as one to three plain decimal digits.
    #[error("{key} is not a small whole number: \"{found}\"")]
    NotANumber {
        /// The key.
        key: &'static str,
        /// The value that was read, shortened.
        found: String,
    },
    /// A number is outside of what networks are built with.
    #[error("{key} out of range: {found}, not {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The number that was read.
        found: u32,
        /// Smallest number allowed.
        least: u32,
        /// Largest number allowed.
        most: u32,
    },
    /// Text that should be cell, hidden slot and feature slot, joined by hyphens.
    #[error("\"{found}\" names no network, expected something like ifi-irm-atb")]
    NotASpec {
        /// The text that was read, shortened.
        found: String,
    },
}

impl SpecError {
    /// An unknown word: `key` is the metadata key, `known` the words it may have.
    pub(crate) fn unknown(key: &'static str, found: &str, known: &[&str]) -> Self {
        let (found, known) = (plain(found), known.join(", "));
        match key {
            "cell" => Self::UnknownCell { found, known },
            _ => Self::UnknownValue { key, found, known },
        }
    }

    /// A value that is not a small decimal number.
    pub(crate) fn not_a_number(key: &'static str, found: &str) -> Self {
        let found = plain(found);
        Self::NotANumber { key, found }
    }

    /// Text without the form of a short network name.
    pub(crate) fn not_a_spec(found: &str) -> Self {
        let found = plain(found);
        Self::NotASpec { found }
    }
}

/// `text` without invisible characters, cut to a length that a message bears.
pub(super) fn plain(text: &str) -> String {
    let mut visible = text.chars().filter(|c| !is_invisible(*c));
    let mut shown: String = visible.by_ref().take(SHOWN).collect();
    if visible.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, and those that are drawn as nothing or reorder what follows them.
fn is_invisible(c: char) -> bool {
    let reorders = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
    );
    let draws_nothing = matches!(
        c,
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    c.is_control() || reorders || draws_nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_marked() {
        assert_eq!(plain(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(plain(&"ä".repeat(81)), "ä".repeat(80) + "…");
    }

    #[test]
    fn invisible_characters_do_not_reach_a_message() {
        let error = SpecError::unknown("hidden", "a\u{1b}[2J\n\0\u{202e}b\u{7f}", &["none"]);
        let expected = "unknown value \"a[2Jb\" of hidden, known are none";
        assert_eq!(error.to_string(), expected);
    }
}
