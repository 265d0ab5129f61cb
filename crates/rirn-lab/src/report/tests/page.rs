// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page as text: complete, without reach outside, names as text. How it behaves is in
//! `browser`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::RgbImage;

use super::{HOSTILE, evaluation, figure, hostile};
use crate::report::page::view;
use crate::report::{Figure, ReportError, page};

const NAMES: [&str; 3] = ["blurred input", "lite", "sharp"];

#[test]
fn each_figure_has_its_panels_and_pictures_are_exact() {
    let figures = [figure(&NAMES), figure(&NAMES), figure(&["a", "b"])];
    let text = page(&evaluation(), &figures).unwrap();
    assert_eq!(text.matches("class=\"figure\"").count(), 3);
    assert_eq!(text.matches("class=\"panel\"").count(), 8);
    assert_eq!(text.matches("<canvas").count(), 8);
    // Two sequences and the one curve.
    assert_eq!(text.matches("<svg").count(), 3);
    let pictures = text.split("src=\"data:image/webp;base64,").skip(1);
    let pictures: Vec<_> = pictures
        .map(|part| part.split('"').next().unwrap())
        .collect();
    let originals = figures.iter().flat_map(|figure| &figure.panels);
    assert_eq!(pictures.len(), 8);
    for (text, panel) in pictures.into_iter().zip(originals) {
        let bytes = BASE64_STANDARD.decode(text).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(read, panel.picture);
    }
}

#[test]
fn the_blurred_one_and_the_last_network_are_chosen_first() {
    let text = page(&evaluation(), &[figure(&NAMES)]).unwrap();
    let chosen = text
        .split("<option ")
        .filter(|part| part.contains(" selected>"));
    let chosen: Vec<_> = chosen
        .map(|part| &part[..part.find("</").unwrap()])
        .collect();
    assert_eq!(
        chosen,
        [
            "value=\"0\" selected>blurred input",
            "value=\"1\" selected>lite"
        ]
    );
    assert!(text.contains("25.00 dB, 0.8000</span>"));
    assert!(text.contains("26.00 dB, 0.8000 (+1.00 dB)</span>"));
}

#[test]
fn the_magnifier_begins_where_the_pictures_differ_most() {
    let mut figure = figure(&["blurred input", "lite"]);
    let first = figure.panels[0].picture.clone();
    figure.panels[1].picture = first.clone();
    for (x, y) in [(410, 250), (415, 255), (420, 260)] {
        figure.panels[1]
            .picture
            .put_pixel(x, y, image::Rgb([255; 3]));
    }
    let text = page(&evaluation(), &[figure.clone()]).unwrap();
    // Blocks of 40 × 26⅔ pixels: column 10, row 9.
    assert!(text.contains("data-x=\"0.875\" data-y=\"0.7916666666666666\""));
    figure.panels[1].picture = first;
    let text = page(&evaluation(), &[figure]).unwrap();
    assert!(text.contains("data-x=\"0.5\" data-y=\"0.5\""));
}

#[test]
fn nothing_in_the_page_points_outside() {
    let reaching = [
        "src",
        "href",
        "xlink:href",
        "action",
        "srcset",
        "data",
        "poster",
        "style",
    ];
    for (evaluation, figures) in [(evaluation(), vec![figure(&NAMES)]), hostile()] {
        let text = page(&evaluation, &figures).unwrap();
        for (name, value) in attributes(&text) {
            let is_picture = name == "src" && value.starts_with("data:image/webp;base64,");
            assert!(
                is_picture || !reaching.contains(&name.as_str()),
                "{name}={value}"
            );
        }
        assert!(!text.contains("url(") && !text.contains("@import"));
        let policy = text.split("Policy\" content=\"").nth(1).unwrap();
        assert!(
            policy.starts_with("default-src &#x27;none&#x27;; img-src data:;"),
            "{policy:.99}"
        );
    }
    let text = page(&evaluation(), &[figure(&NAMES)]).unwrap();
    let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!text.contains("http:") && !text.contains("https:"));
}

#[test]
fn names_do_not_act_in_the_page() {
    let (evaluation, figures) = hostile();
    let text = page(&evaluation, &figures).unwrap();
    assert_eq!(text.matches("<script").count(), 1);
    assert_eq!(text.matches("</script").count(), 1);
    assert_eq!(text.matches("<style").count(), 1);
    assert_eq!(text.matches("<img ").count(), HOSTILE.len());
    let names = attributes(&text).into_iter().map(|(name, _)| name);
    assert!(
        !names
            .into_iter()
            .any(|name| name.starts_with("on") || name.contains('='))
    );
    assert!(text.contains("{{ 7 * 7 }}"), "a name was run as a template");
    assert!(text.contains("bell\\u{7} escape\\u{1b}[31m right to left\\u{202e}gnp.exe\\r\\nnext"));
    assert!(
        text.chars()
            .all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}'))
    );
}

#[test]
fn figures_that_cannot_be_shown_are_refused() {
    let refused = |figure: Figure| page(&evaluation(), &[figure]).unwrap_err();
    let error = refused(figure(&[]));
    assert_eq!(
        error.to_string(),
        "figure walk_001 000007.png has no pictures, expected at least one"
    );
    let mut uneven = figure(&NAMES);
    uneven.panels[1].picture = RgbImage::new(480, 319);
    assert_eq!(
        refused(uneven).to_string(),
        "figure walk_001 000007.png has a picture of (480, 319) pixels, expected (480, 320) as in \
         the first one"
    );
    let mut empty = figure(&["a"]);
    empty.panels[0].picture = RgbImage::new(0, 0);
    assert!(matches!(refused(empty), ReportError::Picture { .. }));
}

#[test]
fn the_size_of_all_pictures_is_bounded() {
    let mut left = usize::MAX;
    view(&figure(&NAMES), &mut left).unwrap();
    let size = usize::MAX - left;
    let mut left = 2 * size - 1;
    view(&figure(&NAMES), &mut left).unwrap();
    assert_eq!(left, size - 1);
    let error = view(&figure(&NAMES), &mut left).unwrap_err();
    assert!(matches!(error, ReportError::PageTooLarge { .. }), "{error}");
}

#[test]
fn an_evaluation_without_anything_is_still_a_page() {
    let mut empty = evaluation();
    empty.entries.clear();
    empty.curves.clear();
    empty.tables.clear();
    empty.notes.clear();
    let text = page(&empty, &[]).unwrap();
    assert!(text.contains("<h2 id=\"scores\">") && !text.contains("<h2 id=\"pictures\">"));
    assert!(text.trim_end().ends_with("</html>"));
}

/// All tags of the page, without those inside of style and script.
fn tags(text: &str) -> Vec<String> {
    let inside = |begin: &str, end: &str| {
        let rest = text.split_once(begin).expect("a begin").1;
        rest.split_once(end).expect("an end").0.to_owned()
    };
    let rest = text.replace(&inside("<style>", "</style>"), "");
    let rest = rest.replace(&inside("<script>", "</script>"), "");
    let tag = |part: &str| part.split_once('>').expect("an end").0.to_owned();
    rest.split('<').skip(1).map(tag).collect()
}

/// Name and value of all attributes in all tags; the value is empty where there is none.
fn attributes(text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    for tag in tags(text) {
        // Outside and inside of quotes in turn.
        let parts: Vec<&str> = tag.split('"').collect();
        for pair in parts.chunks(2) {
            let mut names: Vec<&str> = pair[0].split_whitespace().collect();
            if let (Some(value), Some(name)) = (pair.get(1), names.pop()) {
                let name = name.strip_suffix('=').expect("a name before each value");
                attributes.push((name.to_owned(), (*value).to_owned()));
            }
            attributes.extend(
                names
                    .into_iter()
                    .map(|name| (name.to_owned(), String::new())),
            );
        }
    }
    assert!(attributes.len() > 100);
    attributes
}
