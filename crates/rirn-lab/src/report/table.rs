// SPDX-License-Identifier: MIT OR Apache-2.0
//! An evaluation as text: [`markdown`] for documents, [`csv`] for programs, [`summary()`] for both
//! the Markdown and the page.
//!
//! Every figure of a network has the gain over the blurred input beside it, which is the first
//! entry. A gain is printed only if both were scored on the same frames; a value that is missing
//! or not finite is an en dash, never a zero.

mod escape;
mod summary;

use std::fmt::Write as _;

use crate::eval::scores::{Entry, Evaluation, SequenceScores, Table};
use escape::{csv_field, inline, line};
pub use summary::{Cell, Summary, summary};

/// The evaluation as GitHub's Markdown: title, [`summary()`] of the entries if there are any, what
/// they are, the evaluation's own tables, notes. Ends with a line end.
#[must_use]
pub fn markdown(evaluation: &Evaluation) -> String {
    let mut text = format!("# {}\n\n", inline(&evaluation.title));
    if !evaluation.entries.is_empty() {
        let _ = writeln!(text, "{}\n", line(&reading(evaluation)));
        let summary = summary(evaluation);
        let heads = summary.columns.iter().map(|head| inline(head));
        markdown_head(&mut text, heads.collect(), 1);
        for row in &summary.rows {
            markdown_row(&mut text, row.iter().map(Cell::markdown));
        }
    }
    let described = evaluation.entries.iter().filter(|e| !e.about.is_empty());
    markdown_list(
        &mut text,
        described.map(|entry| format!("**{}**: {}", inline(&entry.name), inline(&entry.about))),
    );
    for table in &evaluation.tables {
        let _ = write!(text, "\n## {}\n\n", inline(&table.title));
        markdown_table(&mut text, table);
    }
    if !evaluation.notes.is_empty() {
        text += "\n## Notes\n";
    }
    markdown_list(&mut text, evaluation.notes.iter().map(|note| line(note)));
    text
}

/// One line a scored frame: `entry,sequence,frame,file,psnr,ssim`, after RFC 4180 with CR LF and
/// a head. Names are as they are, quoted where need be; numbers have six decimals, and what is
/// not finite is empty. A spreadsheet may take a name that begins with `=` for a formula.
#[must_use]
pub fn csv(evaluation: &Evaluation) -> String {
    let mut text = String::from("entry,sequence,frame,file,psnr,ssim\r\n");
    let number = |value: f64| decimals(value, 6).unwrap_or_default();
    for entry in &evaluation.entries {
        for sequence in &entry.sequences {
            for frame in &sequence.frames {
                let _ = write!(
                    text,
                    "{},{},{},{},{},{}\r\n",
                    csv_field(&entry.name),
                    csv_field(&sequence.name),
                    frame.index,
                    csv_field(&frame.file),
                    number(frame.psnr),
                    number(frame.ssim),
                );
            }
        }
    }
    text
}

/// How to read the numbers, as one sentence or two.
#[must_use]
pub(crate) fn reading(evaluation: &Evaluation) -> String {
    let protocol = match evaluation.protocol.as_str() {
        "P1" => "P1 (every frame of every sequence, in order, states zero at its start)",
        "P2" => "P2 (without the first and the last two frames of each sequence)",
        other => other,
    };
    format!(
        "Protocol {protocol}. PSNR in dB / SSIM, in brackets the gain over the blurred input; \
         flicker in grey levels, less is better."
    )
}

/// The sequences of all entries in the order in which they come up first.
#[must_use]
pub(crate) fn sequence_names(evaluation: &Evaluation) -> Vec<&str> {
    let mut names = Vec::new();
    for sequence in evaluation.entries.iter().flat_map(|e| &e.sequences) {
        if !names.contains(&sequence.name.as_str()) {
            names.push(&sequence.name);
        }
    }
    names
}

/// An entry's scores of one sequence.
#[must_use]
pub(crate) fn scores_of<'a>(entry: &'a Entry, sequence: &str) -> Option<&'a SequenceScores> {
    entry.sequences.iter().find(|s| s.name == sequence)
}

/// `value` with so many decimals; none if it is not finite. There is no minus before a zero.
#[must_use]
pub(crate) fn decimals(value: f64, decimals: usize) -> Option<String> {
    let text = format!("{value:.decimals$}");
    let is_zero = !text.contains(|c: char| ('1'..='9').contains(&c));
    let text = if is_zero { text.replace('-', "") } else { text };
    value.is_finite().then_some(text)
}

/// As [`decimals`], always with a sign.
#[must_use]
pub(crate) fn signed(value: f64, places: usize) -> Option<String> {
    let text = decimals(value, places)?;
    Some(if text.starts_with('-') {
        text.replace('-', "−")
    } else {
        format!("+{text}")
    })
}

impl Cell {
    fn markdown(&self) -> String {
        let text = inline(&self.text);
        let text = if self.best {
            format!("**{text}**")
        } else {
            text
        };
        [text.as_str(), &self.gain].join(" ").trim_end().to_owned()
    }
}

/// A table as Markdown. A short row is filled up, a long one makes the table wider.
fn markdown_table(text: &mut String, table: &Table) {
    let rows = table.rows.iter().map(Vec::len);
    let width = rows.fold(table.columns.len(), usize::max);
    let filled = |row: &[String]| -> Vec<String> {
        let cell = |index| row.get(index).map(|cell: &String| inline(cell));
        (0..width)
            .map(|index| cell(index).unwrap_or_default())
            .collect()
    };
    let numbers_from = usize::from(width > 1);
    markdown_head(text, filled(&table.columns), numbers_from);
    for row in &table.rows {
        markdown_row(text, filled(row).into_iter());
    }
}

/// Head and rule; columns from `right` on are flush right.
fn markdown_head(text: &mut String, heads: Vec<String>, right: usize) {
    let rule = |index| if index < right { "---" } else { "---:" };
    let rules: Vec<_> = (0..heads.len())
        .map(|index| rule(index).to_owned())
        .collect();
    markdown_row(text, heads.into_iter());
    let _ = writeln!(text, "|{}|", rules.join("|"));
}

fn markdown_row(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<_> = cells.collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// A list with an empty line before it.
fn markdown_list(text: &mut String, items: impl Iterator<Item = String>) {
    for (index, item) in items.enumerate() {
        let _ = writeln!(text, "{}- {item}", if index == 0 { "\n" } else { "" });
    }
}
