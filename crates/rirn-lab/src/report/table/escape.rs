// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names and notes of unknown origin inside Markdown and CSV.

use crate::visible::visible;

/// `text` for a place inside a line or a table cell of Markdown: shown as it is, never as markup,
/// with control characters made visible.
pub(super) fn inline(text: &str) -> String {
    let shown: Vec<char> = visible(text).chars().collect();
    let is_word = |index: Option<usize>| {
        index
            .and_then(|index| shown.get(index))
            .is_some_and(|c| c.is_alphanumeric())
    };
    let mut out = String::with_capacity(shown.len());
    for (index, &c) in shown.iter().enumerate() {
        let acts = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' => true,
            // Between letters it is a letter, and file names stay readable.
            '_' => !(is_word(index.checked_sub(1)) && is_word(Some(index + 1))),
            _ => false,
        };
        if acts {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// As [`inline`], for a place at the begin of a line, where more characters act.
pub(super) fn line(text: &str) -> String {
    let out = inline(text.trim());
    let number = out.chars().take_while(char::is_ascii_digit).count();
    match out[number..].chars().next() {
        Some('#' | '+' | '-' | '=') if number == 0 => format!("\\{out}"),
        Some('.' | ')') if number > 0 => format!("{}\\{}", &out[..number], &out[number..]),
        _ => out,
    }
}

/// One field of a line of CSV, after RFC 4180.
pub(super) fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
