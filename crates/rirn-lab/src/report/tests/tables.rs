// SPDX-License-Identifier: MIT OR Apache-2.0
//! Markdown and CSV against written-down texts.

use super::{HOSTILE, evaluation, hostile};
use crate::report::table::summary;
use crate::report::{csv, markdown};

#[test]
fn markdown_is_the_expected_text() {
    assert_eq!(markdown(&evaluation()), include_str!("expected.md"));
}

#[test]
fn csv_has_one_line_a_frame() {
    let expected = "entry,sequence,frame,file,psnr,ssim\r\n\
        blurred input,walk_001,0,000000.png,25.000000,0.750000\r\n\
        blurred input,walk_001,1,000001.png,26.000000,0.770000\r\n\
        blurred input,car|door,0,000000.png,30.000000,0.900000\r\n\
        lite,walk_001,0,000000.png,26.250000,0.762500\r\n\
        lite,walk_001,1,000001.png,27.250000,0.782500\r\n\
        lite,car|door,0,000000.png,31.250000,0.912500\r\n\
        half,walk_001,0,000000.png,24.500000,0.745000\r\n\
        half,walk_001,1,000001.png,25.500000,0.765000\r\n";
    assert_eq!(csv(&evaluation()), expected);
}

#[test]
fn csv_quotes_what_would_break_a_line() {
    let mut evaluation = evaluation();
    evaluation.entries.truncate(1);
    let entry = &mut evaluation.entries[0];
    entry.name = "a, \"b\"\nc".into();
    entry.sequences.truncate(1);
    entry.sequences[0].frames.truncate(1);
    entry.sequences[0].frames[0].psnr = f64::NAN;
    let line = "\"a, \"\"b\"\"\nc\",walk_001,0,000000.png,,0.750000\r\n";
    assert!(csv(&evaluation).ends_with(line), "{}", csv(&evaluation));
}

#[test]
fn a_gain_needs_the_same_frames() {
    let mut evaluation = evaluation();
    let gain = |evaluation: &_, column: usize| summary(evaluation).rows[1][column].gain.clone();
    assert_eq!(gain(&evaluation, 1), "(+1.25 / +0.0125)");
    assert_eq!(gain(&evaluation, 4), "(+1.25 / +0.0125)");
    // As many frames, but others.
    evaluation.entries[1].sequences[0].frames[1].index = 2;
    assert_eq!(gain(&evaluation, 1), "");
    assert_eq!(gain(&evaluation, 4), "");
    assert_eq!(gain(&evaluation, 5), "(+1.25 / +0.0125)");
}

#[test]
fn the_best_is_marked_only_among_unequal_values() {
    let best = |column: usize| -> Vec<bool> {
        let rows = summary(&evaluation()).rows;
        rows.iter().map(|row| row[column].best).collect()
    };
    assert_eq!(best(0), [false, false, false]);
    assert_eq!(best(1), [false, true, false]);
    assert_eq!(best(5), [false, true, false]);
    let mut equal = evaluation();
    equal.entries = vec![equal.entries[0].clone(), equal.entries[0].clone()];
    assert!(summary(&equal).rows.iter().flatten().all(|cell| !cell.best));
}

#[test]
fn values_that_are_not_finite_are_dashes() {
    let mut evaluation = evaluation();
    evaluation.entries[1].sequences[1].frames.clear();
    evaluation.entries[1].sequences[1].flicker = f64::NAN;
    let row = &summary(&evaluation).rows[1];
    assert_eq!(row[5].text, "–");
    assert_eq!(row[3].text, "–");
    assert_eq!(row[5].gain, "");
}

#[test]
fn names_do_not_act_in_markdown() {
    let text = markdown(&hostile().0);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!text.contains('\u{202e}'));
    for (index, _) in text.match_indices(['<', '`']) {
        assert!(text[..index].ends_with('\\'), "{}", &text[index..]);
    }
    // Each name that holds a bar or a line end still has one cell: all rows are equally wide.
    let bars = |line: &&str| line.replace("\\|", "").matches('|').count();
    let table: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(
        table.iter().rev().take(3).map(bars).collect::<Vec<_>>(),
        [7, 7, 7]
    );
    assert_eq!(HOSTILE.len() + 1, 7);
}

#[test]
fn an_evaluation_without_entries_has_no_table_of_scores() {
    let mut empty = evaluation();
    empty.entries.clear();
    empty.tables.clear();
    empty.notes.clear();
    assert_eq!(markdown(&empty), "# Two clips \\<of ours\\>\n\n");
    assert_eq!(csv(&empty).lines().count(), 1);
}
