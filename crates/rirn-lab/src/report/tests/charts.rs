// SPDX-License-Identifier: MIT OR Apache-2.0
//! Charts: what is drawn, and that names stay text.

use super::{evaluation, hostile};
use crate::eval::scores::{Curve, Series};
use crate::report::chart::{Palette, per_frame, svg};

#[test]
fn each_sequence_has_a_curve_with_a_line_an_entry() {
    let curves = per_frame(&evaluation());
    let titles: Vec<_> = curves.iter().map(|curve| curve.title.as_str()).collect();
    assert_eq!(titles, ["walk_001", "car|door"]);
    let names = |curve: &Curve| {
        curve
            .series
            .iter()
            .map(|s| s.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&curves[0]), ["blurred input", "lite", "half"]);
    assert_eq!(names(&curves[1]), ["blurred input", "lite"]);
    assert_eq!(curves[0].series[1].points, [(0.0, 26.25), (1.0, 27.25)]);
}

#[test]
fn points_stand_where_their_values_are() {
    let points = vec![(0.0, 20.0), (5.0, 30.0), (10.0, 25.0)];
    let name = String::from("a");
    let series = vec![Series { name, points }];
    let (title, x, y) = ("t".into(), "frame".into(), "dB".into());
    let curve = Curve {
        title,
        x,
        y,
        series,
    };
    let text = svg(&curve, &Palette::default());
    let numbers = |attribute: &str| -> Vec<f64> {
        let begin = format!(" {attribute}=\"");
        let parts = text.split(&begin).skip(1);
        let parts = parts.filter_map(|part| part.split('"').next());
        parts.map(|part| part.parse().expect("a number")).collect()
    };
    let (x, y) = (numbers("cx"), numbers("cy"));
    assert_eq!(x.len(), 3);
    assert!((x[1] - f64::midpoint(x[0], x[2])).abs() < 0.11, "{x:?}");
    // Upwards is more, and the last value lies half way between the others.
    assert!(y[1] < y[2] && y[2] < y[0], "{y:?}");
    assert!((y[2] - f64::midpoint(y[0], y[1])).abs() < 0.11, "{y:?}");
    assert!(
        text.contains("<desc>Line chart: frame from 0 to 10, dB from 20 to 30. Lines: a.</desc>")
    );
}

#[test]
fn a_value_that_is_not_finite_interrupts_its_line() {
    let text = svg(&evaluation().curves[0], &Palette::new(&evaluation()));
    let path = |line: &&str| line.starts_with("<path d=\"M") && line.contains('L');
    let paths: Vec<_> = text.lines().filter(path).collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert_eq!(paths[0].matches('L').count(), 1);
    assert_eq!(text.matches("<circle").count(), 3);
    assert!(!text.contains("NaN") && !text.contains("inf"));
}

#[test]
fn a_network_has_one_colour_in_all_charts_and_no_two_lines_are_alike() {
    let stroke = |curve: &Curve, name: &str, palette: &Palette| -> String {
        let text = svg(curve, palette);
        let before = text
            .split(&format!(">{name}</text>"))
            .next()
            .expect("a part");
        let line = before
            .lines()
            .rev()
            .find(|line| line.contains("h24"))
            .expect("a line");
        line[line.find("stroke=").expect("a colour")..].to_owned()
    };
    let palette = Palette::new(&evaluation());
    let frames = per_frame(&evaluation());
    let lite = stroke(&frames[0], "lite", &palette);
    assert_eq!(lite, stroke(&evaluation().curves[0], "lite", &palette));
    assert!(lite.contains("var(--c1, #0072b2)"), "{lite}");

    let mut many = evaluation();
    many.curves[0].series = (0..22)
        .map(|index| Series {
            name: format!("n{index}"),
            points: vec![(0.0, 1.0)],
        })
        .collect();
    let palette = Palette::new(&many);
    let all = (0..22).map(|index| stroke(&many.curves[0], &format!("n{index}"), &palette));
    let all: std::collections::BTreeSet<_> = all.collect();
    assert_eq!(all.len(), 22);
}

#[test]
fn a_chart_without_values_says_so() {
    let mut curve = evaluation().curves[0].clone();
    curve.series[0].points = vec![(1.0, f64::INFINITY)];
    assert!(svg(&curve, &Palette::default()).contains(">no values</text>"));
}

#[test]
fn names_do_not_act_in_a_chart() {
    let (evaluation, _) = hostile();
    let palette = Palette::new(&evaluation);
    for curve in per_frame(&evaluation).iter().chain(&evaluation.curves) {
        let text = svg(curve, &palette);
        let known = ["svg", "title", "desc", "text", "path", "g", "circle"];
        for part in text.split('<').skip(1) {
            let name = part.trim_start_matches('/').split([' ', '>', '/']).next();
            assert!(name.is_some_and(|name| known.contains(&name)), "<{part}");
        }
        assert_eq!(text.matches("<svg").count(), 1);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    }
}
