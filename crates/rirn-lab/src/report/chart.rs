// SPDX-License-Identifier: MIT OR Apache-2.0
//! Line charts as SVG: [`svg`] draws a [`Curve`], [`per_frame`] makes one of every sequence.
//!
//! A chart stands on its own and takes on the page's colours where the page sets `--c0` to `--c6`
//! and `--grid`. The colours are apart for colour-blind readers (after Okabe and Ito); lines differ
//! in their dashes as well where there are more lines than colours. Points that are not finite are
//! left out and interrupt their line.

mod axis;
mod palette;

use std::fmt::Write as _;

use crate::eval::scores::{Curve, Evaluation, Series};
use crate::report::table::{scores_of, sequence_names};
use crate::visible::visible;
use axis::Axis;
pub use palette::Palette;

/// Width of a chart and edges of its plot, in units of the drawing.
const WIDTH: f64 = 380.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 232.0;
/// Where the legend begins, and the height of its rows.
const LEGEND: f64 = 282.0;
const ROW: f64 = 18.0;
/// Mean width of a letter at the legend's size, on the wide side.
const LETTER: f64 = 7.0;
/// Longest name that is printed whole.
const NAME: usize = 40;
/// Lines of more points have no mark at each.
const MARKED: usize = 60;

/// PSNR of every frame against its number: one curve a sequence with a line an entry.
#[must_use]
pub fn per_frame(evaluation: &Evaluation) -> Vec<Curve> {
    let curve = |name: &str| Curve {
        title: name.to_owned(),
        x: "frame".into(),
        y: "PSNR in dB".into(),
        series: evaluation
            .entries
            .iter()
            .filter_map(|entry| {
                let frames = &scores_of(entry, name)?.frames;
                Some(Series {
                    name: entry.name.clone(),
                    points: frames.iter().map(|f| (f.index as f64, f.psnr)).collect(),
                })
            })
            .collect(),
    };
    sequence_names(evaluation).into_iter().map(curve).collect()
}

/// The chart of a curve: title, axes with ticks, lines, legend, and the same in words for those
/// who do not see it.
#[must_use]
pub fn svg(curve: &Curve, palette: &Palette) -> String {
    let points = || {
        curve
            .series
            .iter()
            .flat_map(|series| finite(&series.points))
    };
    let x = Axis::new(points().map(|point| point.0), LEFT, RIGHT, 6);
    let y = Axis::new(points().map(|point| point.1), BOTTOM, TOP, 5);
    let (rows, columns) = legend_grid(&curve.series);
    let height = LEGEND + ROW * rows as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"currentColor\">\n"
    );
    let _ = writeln!(out, "<title>{}</title>", escape(&curve.title));
    let _ = writeln!(out, "<desc>{}</desc>", escape(&in_words(curve, &x, &y)));
    let title = escape(&shorten(&curve.title, 46));
    text(
        &mut out,
        (2.0, 16.0),
        "start",
        "font-size=\"14\" font-weight=\"600\"",
        &title,
    );
    match (x, y) {
        (Some(x), Some(y)) => {
            axes(&mut out, curve, &x, &y);
            for series in &curve.series {
                line(&mut out, series, &x, &y, &palette.stroke(&series.name));
            }
        }
        _ => text(
            &mut out,
            (LEFT, TOP + 40.0),
            "start",
            "opacity=\".7\"",
            "no values",
        ),
    }
    legend(&mut out, &curve.series, palette, columns);
    out += "</svg>\n";
    out
}

/// Grid, ticks and names of both axes.
fn axes(out: &mut String, curve: &Curve, x: &Axis, y: &Axis) {
    let soft = "opacity=\".75\"";
    for (value, label) in y.ticks() {
        let at = y.place(value);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"var(--grid, #8886)\" fill=\"none\"/>"
        );
        text(out, (LEFT - 7.0, at + 4.0), "end", soft, &label);
    }
    for (value, label) in x.ticks() {
        let at = x.place(value);
        let _ = writeln!(
            out,
            "<path d=\"M{at:.1} {BOTTOM}v5\" stroke=\"currentColor\" opacity=\".6\"/>"
        );
        text(out, (at, BOTTOM + 18.0), "middle", soft, &label);
    }
    let _ = writeln!(
        out,
        "<path d=\"M{LEFT} {BOTTOM}H{RIGHT}\" stroke=\"currentColor\" opacity=\".6\"/>"
    );
    let middle = f64::midpoint(LEFT, RIGHT);
    text(
        out,
        (2.0, TOP - 16.0),
        "start",
        soft,
        &escape(&shorten(&curve.y, 60)),
    );
    text(
        out,
        (middle, BOTTOM + 36.0),
        "middle",
        soft,
        &escape(&shorten(&curve.x, 60)),
    );
}

/// One series: a path for every run of finite points, and a mark with its values at each point.
fn line(out: &mut String, series: &Series, x: &Axis, y: &Axis, stroke: &str) {
    let _ = writeln!(
        out,
        "<g {stroke} fill=\"none\" stroke-width=\"1.8\" stroke-linejoin=\"round\">"
    );
    let is_marked = series.points.len() <= MARKED;
    for run in series.points.split(|point| !is_finite(point)) {
        for (index, point) in run.iter().enumerate() {
            let (begin, letter) = if index == 0 {
                ("<path d=\"", 'M')
            } else {
                ("", 'L')
            };
            let _ = write!(
                out,
                "{begin}{letter}{:.1} {:.1}",
                x.place(point.0),
                y.place(point.1)
            );
        }
        out.push_str(if run.is_empty() { "" } else { "\"/>\n" });
        for point in run.iter().filter(|_| is_marked || run.len() == 1) {
            let (at_x, at_y) = (x.place(point.0), y.place(point.1));
            let _ = writeln!(
                out,
                "<circle cx=\"{at_x:.1}\" cy=\"{at_y:.1}\" r=\"1.6\" stroke-dasharray=\"none\">\
                 <title>{}: {}, {}</title></circle>",
                escape(&series.name),
                x.exactly(point.0),
                y.exactly(point.1),
            );
        }
    }
    *out += "</g>\n";
}

fn legend(out: &mut String, series: &[Series], palette: &Palette, columns: usize) {
    let column = (RIGHT - LEFT) / columns as f64;
    for (index, series) in series.iter().enumerate() {
        let left = LEFT + (index % columns) as f64 * column;
        let at = LEGEND + ROW * (index / columns) as f64 + 4.0;
        let stroke = palette.stroke(&series.name);
        let _ = writeln!(
            out,
            "<path d=\"M{left:.1} {at:.1}h24\" {stroke} stroke-width=\"2.4\"/>"
        );
        text(
            out,
            (left + 30.0, at + 4.0),
            "start",
            "",
            &escape(&shorten(&series.name, NAME)),
        );
    }
}

/// Rows and columns of the legend.
fn legend_grid(series: &[Series]) -> (usize, usize) {
    let names = series
        .iter()
        .map(|series| visible(&series.name).chars().count().min(NAME));
    let widest = 44.0 + LETTER * names.max().unwrap_or(0) as f64;
    let columns = ((RIGHT - LEFT) / widest).floor().clamp(1.0, 4.0) as usize;
    (series.len().div_ceil(columns), columns)
}

/// What the chart shows, as a sentence.
fn in_words(curve: &Curve, x: &Option<Axis>, y: &Option<Axis>) -> String {
    let range = |name: &str, axis: &Option<Axis>| match axis {
        Some(axis) => format!(
            "{name} from {} to {}",
            axis.exactly(axis.least),
            axis.exactly(axis.most)
        ),
        None => format!("{name} without values"),
    };
    let names: Vec<_> = curve
        .series
        .iter()
        .map(|series| series.name.as_str())
        .collect();
    let (x, y) = (range(&curve.x, x), range(&curve.y, y));
    format!("Line chart: {x}, {y}. Lines: {}.", names.join(", "))
}

fn text(out: &mut String, at: (f64, f64), anchor: &str, more: &str, escaped: &str) {
    let (x, y) = at;
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {more}>{escaped}</text>"
    );
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = &(f64, f64)> {
    points.iter().filter(|point| is_finite(point))
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

fn shorten(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

/// A name as text of XML.
fn escape(name: &str) -> String {
    let mut out = String::new();
    for c in visible(name).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            // No character of XML, and no control character either.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}
