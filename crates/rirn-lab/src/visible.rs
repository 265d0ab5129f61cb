// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text of unknown origin, made fit for a terminal.
//!
//! A weights file may come from anywhere, and so may its notes and its name. Printed as they are,
//! they could move the cursor, rename the window or reorder what a reader sees.

/// `text` with what is not drawn, or changes how the rest is drawn, as `\n`, `\t`, `\r` or
/// `\u{…}`. A backslash is doubled, so that no text can pretend to be another one.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' || is_invisible(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// JSON with every invisible character inside a text as `\uXXXX`: equal to `json` for whoever
/// reads JSON. `json` is what a JSON writer gave, so line ends outside of texts are its layout.
#[must_use]
pub(crate) fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown += &format!("\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and those that are drawn as nothing or reorder what follows them.
fn is_invisible(c: char) -> bool {
    let reorders = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    let draws_nothing = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    c.is_control() || reorders || breaks_lines || draws_nothing
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_json};

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let text = "a\u{1b}]0;x\u{7}\u{9b}2J\r\n\t\u{202e}b\u{2066}\u{0}\u{e0041}\u{7f}";
        let expected =
            "a\\u{1b}]0;x\\u{7}\\u{9b}2J\\r\\n\\t\\u{202e}b\\u{2066}\\u{0}\\u{e0041}\\u{7f}";
        assert_eq!(visible(text), expected);
    }

    #[test]
    fn readable_text_stays_and_nothing_can_pretend_to_be_escaped() {
        assert_eq!(visible("Größe 3×3, 模糊, \"'"), "Größe 3×3, 模糊, \"'");
        assert_ne!(visible("\\u{1b}"), visible("\u{1b}"));
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}\u{9b}\u{7f}\u{e0041} ä\\\n" });
        let text = serde_json::to_string_pretty(&value).expect("a value");
        let shown = visible_json(&text);
        assert!(shown.is_ascii() || shown.contains('ä'));
        assert!(
            shown.chars().all(|c| c == '\n' || !super::is_invisible(c)),
            "{shown}"
        );
        let back: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(back, value);
    }
}
