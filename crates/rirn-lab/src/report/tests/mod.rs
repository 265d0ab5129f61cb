// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the texts and the page, with one small evaluation that has everything in it.

mod browser;
mod charts;
mod page;
mod tables;

use image::{Rgb, RgbImage};

use super::{Figure, Panel};
use crate::eval::scores::{Curve, Entry, Evaluation, FrameScore, SequenceScores, Series, Table};

/// Names that would act as markup, as a formula, or on a terminal.
const HOSTILE: [&str; 6] = [
    "</script><img src=x onerror=alert(1)>",
    "\"><script>document.title='owned'</script>",
    "' onmouseover='alert(1)",
    "</title></svg><img src=http://hostile.invalid/a.png>",
    "{{ 7 * 7 }}{% include 'x' %}",
    "bell\u{7} escape\u{1b}[31m right to left\u{202e}gnp.exe\r\nnext line",
];

fn frame(index: usize, psnr: f64, ssim: f64) -> FrameScore {
    FrameScore {
        index,
        file: format!("{index:06}.png"),
        psnr,
        ssim,
    }
}

fn entry(name: &str, about: &str, better: f64) -> Entry {
    let scores = |name: &str, flicker, frames: &[(f64, f64)]| SequenceScores {
        name: name.into(),
        flicker,
        frames: frames
            .iter()
            .enumerate()
            .map(|(index, score)| frame(index, score.0 + better, score.1 + better / 100.0))
            .collect(),
    };
    Entry {
        name: name.into(),
        about: about.into(),
        sequences: vec![
            scores(
                "walk_001",
                2.0 - better / 10.0,
                &[(25.0, 0.75), (26.0, 0.77)],
            ),
            scores("car|door", 1.5, &[(30.0, 0.9)]),
        ],
    }
}

/// Blurred input and two networks, of which the second has one sequence less.
fn evaluation() -> Evaluation {
    let mut entries = vec![
        entry("blurred input", "", 0.0),
        entry("lite", "built in, *base* 8", 1.25),
        entry("half", "", -0.5),
    ];
    entries[2].sequences.pop();
    Evaluation {
        title: "Two clips <of ours>".into(),
        protocol: "P1".into(),
        entries,
        tables: vec![Table {
            title: "Cut".into(),
            columns: vec!["detector".into(), "1".into()],
            rows: vec![vec!["on | off".into(), "24.1".into()], vec!["none".into()]],
        }],
        curves: vec![Curve {
            title: "State".into(),
            x: "k".into(),
            y: "PSNR in dB".into(),
            series: vec![Series {
                name: "lite".into(),
                points: vec![(1.0, 25.0), (2.0, f64::NAN), (4.0, 25.5), (8.0, 25.6)],
            }],
        }],
        notes: vec!["1. Not the paper's set.".into(), "# second\nline".into()],
    }
}

/// Pictures whose colour tells the panel: red, green, blue, … with a bright spot at the right.
fn figure(names: &[&str]) -> Figure {
    let picture = |index: usize| {
        RgbImage::from_fn(480, 320, |x, y| {
            let mut colour = [40; 3];
            colour[index % 3] = 200;
            let is_spot = (400..440).contains(&x) && (240..280).contains(&y) && index > 0;
            Rgb(if is_spot { [255; 3] } else { colour })
        })
    };
    let panel = |(index, name): (usize, &&str)| Panel {
        name: (*name).into(),
        score: (index + 1 < names.len()).then(|| frame(7, 25.0 + index as f64, 0.8)),
        picture: picture(index),
    };
    Figure {
        sequence: "walk_001".into(),
        file: "000007.png".into(),
        panels: names.iter().enumerate().map(panel).collect(),
    }
}

/// An evaluation and figures in which each name is out to harm.
fn hostile() -> (Evaluation, Vec<Figure>) {
    let mut evaluation = evaluation();
    let name = |index: usize| HOSTILE[index % HOSTILE.len()].to_owned();
    evaluation.title = name(3);
    evaluation.protocol = name(0);
    for (index, entry) in evaluation.entries.iter_mut().enumerate() {
        entry.name = name(index);
        entry.about = name(index + 1);
        for (index, sequence) in entry.sequences.iter_mut().enumerate() {
            sequence.name = name(index + 2);
            sequence.frames[0].file = name(index);
        }
    }
    let table = &mut evaluation.tables[0];
    table.title = name(5);
    table.columns = HOSTILE.map(String::from).into();
    table.rows = vec![HOSTILE.map(String::from).into()];
    let curve = &mut evaluation.curves[0];
    (curve.title, curve.x, curve.y) = (name(1), name(2), name(3));
    curve.series[0].name = name(3);
    evaluation.notes = HOSTILE.map(String::from).into();
    let mut figure = figure(&HOSTILE);
    (figure.sequence, figure.file) = (name(0), name(3));
    (evaluation, vec![figure])
}
