// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page in a real browser: it is opened by a headless Chromium, used by a script that is put
//! into a copy of the page (`probe.js`, let in by its hash), and what the script saw is compared.
//!
//! Needs `chromium`, `chromium-browser` or `google-chrome` in PATH. Where there is none the tests
//! fail, unless the variable RIRNDEBLUR_BROWSER is `no`: then they do nothing.

mod run;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{HOSTILE, evaluation, figure, hostile};
use crate::report::page;
use run::open;

const NAMES: [&str; 3] = ["blurred input", "lite", "sharp"];
const PROBE: &str = include_str!("probe.js");
const DESKTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (360, 800);

#[test]
fn slider_choice_and_magnifier_work() {
    let Some(seen) = open(&with_probe(&small_page()), DESKTOP, false).map(|run| run.seen) else {
        return;
    };
    assert_eq!(
        seen["violations"], 0,
        "the page's policy stops the page's own parts"
    );
    assert_eq!(seen["widths"], json!([480, 480, 480]));
    assert_eq!(seen["controls"], true);
    let used = &seen["use"];
    let clips = [
        "inset(0px 50% 0px 0px)",
        "inset(0px 75% 0px 0px)",
        "inset(0px 100% 0px 0px)",
    ];
    let clips = [
        clips[0],
        clips[1],
        clips[2],
        "inset(0px 0% 0px 0px)",
        clips[0],
    ];
    assert_eq!(used["clips"], json!(clips));
    assert_eq!(used["takes"], json!([true, true, false, false]));
    assert_eq!(used["takesMoved"], json!([true, false]));
    assert_eq!(used["first"], json!([[0, 1], [true, true, false]]));
    assert_eq!(used["truth"], json!([[0, 2], [true, false, true]]));
    assert_eq!(used["swapped"], json!([[2, 0], "0"]));

    let white = [255; 3];
    let (red, green, blue) = ([200, 40, 40], [40, 200, 40], [40, 40, 200]);
    let (plain, spot) = (json!([red, green, blue]), json!([red, white, white]));
    assert_eq!(used["away"], plain);
    assert_eq!(used["spot"], spot);
    assert_eq!(
        used["held"], spot,
        "it follows the pointer although it should not"
    );
    assert_eq!(used["pressed"], plain);
    assert!(
        used["keyed"]
            .as_f64()
            .is_some_and(|by| by > 0.5 && by < 3.0),
        "{used}"
    );
    assert!(
        used["zoom"]
            .as_f64()
            .is_some_and(|zoom| (zoom - 3.0).abs() < 0.1),
        "{used}"
    );
    assert_eq!(used["rendering"], json!(["auto", "pixelated"]));
}

#[test]
fn without_the_script_pictures_stand_side_by_side() {
    let page = small_page();
    let (before, script) = page.rsplit_once("<script>").expect("a script");
    let after = script.split_once("</script>").expect("its end").1;
    let page = with_probe(&format!("{before}{after}"));
    let Some(seen) = open(&page, DESKTOP, false).map(|run| run.seen) else {
        return;
    };
    assert_eq!(seen["live"], false);
    assert_eq!(seen["controls"], false);
    assert_eq!(seen["widths"], json!([480, 480, 480]));
    let top = &seen["tops"][0];
    assert_eq!(seen["tops"], json!([top, top, top]));
}

#[test]
fn a_phone_shows_it_without_scrolling_sideways() {
    let Some(seen) = open(&with_probe(&small_page()), PHONE, false).map(|run| run.seen) else {
        return;
    };
    assert_eq!(seen["width"], 360);
    assert_eq!(seen["overflow"], 0);
    assert_eq!(seen["tableScrolls"], true);
    assert_eq!(seen["use"]["takes"], json!([true, true, false, false]));
    assert_eq!(
        seen["use"]["spot"],
        json!([[200, 40, 40], [255, 255, 255], [255, 255, 255]])
    );
}

#[test]
fn it_is_dark_where_the_reader_wants_it_dark() {
    let page = with_probe(&small_page());
    let Some(light) = open(&page, DESKTOP, false).map(|run| run.seen) else {
        return;
    };
    let dark = open(&page, DESKTOP, true)
        .map(|run| run.seen)
        .expect("a browser");
    let bright = |seen: &Value, what: &str| brightness(seen[what].as_str().expect("a colour"));
    assert!(
        bright(&light, "background") > 230.0 && bright(&light, "colour") < 60.0,
        "{light}"
    );
    assert!(
        bright(&dark, "background") < 40.0 && bright(&dark, "colour") > 200.0,
        "{dark}"
    );
    assert!(bright(&dark, "line") > bright(&light, "line"), "{dark}");
}

#[test]
fn hostile_names_do_nothing_and_nothing_is_asked_of_the_network() {
    let (evaluation, figures) = hostile();
    let page = page(&evaluation, &figures).expect("a page");
    let Some(run) = open(&with_probe(&page), PHONE, false) else {
        return;
    };
    assert_eq!(
        run.seen["title"], HOSTILE[3],
        "a name has changed the title"
    );
    assert_eq!(run.seen["requests"], json!([]));
    assert_eq!(run.seen["violations"], 0);
    assert_eq!(run.seen["overflow"], 0);
    assert_eq!(run.seen["widths"], json!(vec![480; 6]));
    assert_eq!(run.asked, Vec::<String>::new());

    // That the log would show it: the same with an element that does ask.
    let open_page = small_page().replace("http-equiv=\"Content-Security-Policy\"", "name=\"x\"");
    let asking = "<body><img src=\"http://hostile.invalid/a.png\" alt=\"\">";
    let open_page = with_probe(&open_page).replacen("<body>", asking, 1);
    let run = open(&open_page, PHONE, false).expect("a browser");
    assert_eq!(run.asked, ["http://hostile.invalid/a.png"]);
}

fn small_page() -> String {
    page(&evaluation(), &[figure(&NAMES)]).expect("a page")
}

/// A copy of the page with the probe in front of everything, which its policy lets in.
fn with_probe(page: &str) -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(PROBE));
    let allowed = format!("script-src &#x27;sha256-{hash}&#x27; ");
    let page = page.replacen("script-src ", &allowed, 1);
    let place = "<meta name=\"viewport\"";
    page.replacen(place, &format!("<script>{PROBE}</script>\n{place}"), 1)
}

/// Mean of red, green and blue of `rgb(r, g, b)`.
fn brightness(colour: &str) -> f64 {
    let digits = colour.trim_start_matches("rgb(").trim_end_matches(')');
    let parts = digits
        .split(',')
        .map(|part| part.trim().parse::<f64>().expect("a number"));
    parts.sum::<f64>() / 3.0
}
