// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`page`]: an evaluation as one HTML page that needs nothing besides itself.
//!
//! Tables, charts, and for each [`Figure`] a before-after slider between any two of its pictures
//! with a magnified region of all of them, as in the paper's figures S3 to S17. Without scripts
//! the pictures stand side by side. The page's policy forbids every request, and every script and
//! style besides its own; all names are escaped by the template engine, after control characters
//! were made visible.
//!
//! Pictures are lossless WebP inside the page, a third larger as text: one of 640×360 takes some
//! 0.3 MB, a larger one in proportion, and all together take at most [`MAX_PICTURES`].

mod picture;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::RgbImage;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use crate::eval::scores::{Entry, Evaluation, FrameScore};
use crate::report::ReportError;
use crate::report::chart::{Palette, per_frame, svg};
use crate::report::table::{decimals, reading, signed, summary};
use crate::visible::visible;

/// The most that the pictures of a page may take as text, in bytes. Phones open no larger page.
pub const MAX_PICTURES: usize = 64 << 20;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// One frame as several networks show it.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Name of the sequence.
    pub sequence: String,
    /// Name of the frame's file.
    pub file: String,
    /// The blurred input, the output of each network, and the truth where there is one; all of
    /// one size.
    pub panels: Vec<Panel>,
}

/// One picture of a [`Figure`].
#[derive(Debug, Clone)]
pub struct Panel {
    /// Name of the entry.
    pub name: String,
    /// Its score on this frame; none for the truth.
    pub score: Option<FrameScore>,
    /// The picture.
    pub picture: RgbImage,
}

/// The page, as text in UTF-8.
///
/// # Errors
/// [`ReportError::NoPictures`] and [`ReportError::Sizes`] for a figure whose pictures cannot lie
/// on each other, [`ReportError::PageTooLarge`] beyond [`MAX_PICTURES`],
/// [`ReportError::Picture`] where the encoder refuses a picture, as it does an empty one.
pub fn page(evaluation: &Evaluation, figures: &[Figure]) -> Result<String, ReportError> {
    let palette = Palette::new(evaluation);
    let safe = |curve: &_| Value::from_safe_string(svg(curve, &palette));
    let mut left = MAX_PICTURES;
    let figures: Result<Vec<_>, _> = figures
        .iter()
        .map(|figure| view(figure, &mut left))
        .collect();
    let entries = evaluation.entries.iter();
    let described = entries.filter(|entry| !entry.about.is_empty());
    let about = |e: &Entry| context! { name => e.name, about => e.about };
    let page = context! {
        title => evaluation.title,
        reading => reading(evaluation),
        policy => policy(),
        style => Value::from_safe_string(STYLE.into()),
        script => Value::from_safe_string(SCRIPT.into()),
        summary => summary(evaluation),
        about => described.map(about).collect::<Vec<_>>(),
        frames => per_frame(evaluation).iter().map(safe).collect::<Vec<_>>(),
        curves => evaluation.curves.iter().map(safe).collect::<Vec<_>>(),
        tables => evaluation.tables,
        figures => figures?,
        notes => evaluation.notes,
    };
    Ok(environment().render_named_str("page.html", TEMPLATE, page)?)
}

/// An engine that escapes each text, and shows the control characters of each.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            minijinja::escape_formatter(out, state, &Value::from(visible(text)))
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment
}

/// The content security policy: the page's own style and script by their hashes, pictures from
/// inside the page, nothing else.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// What the template needs of a figure; `left` is what is left of [`MAX_PICTURES`].
pub(super) fn view(figure: &Figure, left: &mut usize) -> Result<Value, ReportError> {
    let what = format!(
        "figure {} {}",
        visible(&figure.sequence),
        visible(&figure.file)
    );
    let expected = picture::common_size(&figure.panels, &what)?;
    let blurred = figure.panels[0].score.as_ref();
    let mut panels = Vec::new();
    for panel in &figure.panels {
        let uri = picture::data_uri(&panel.picture).map_err(|cause| ReportError::Picture {
            what: format!("{what} {}", visible(&panel.name)),
            cause,
        })?;
        let limit = MAX_PICTURES;
        *left = left
            .checked_sub(uri.len())
            .ok_or(ReportError::PageTooLarge { limit })?;
        panels.push(context! {
            name => panel.name,
            score => score(panel.score.as_ref(), blurred),
            uri => Value::from_safe_string(uri),
        });
    }
    let (focus_x, focus_y) = picture::focus(&figure.panels);
    Ok(context! {
        sequence => figure.sequence,
        file => figure.file,
        panels => panels,
        // The last network; the truth has no score.
        right => figure.panels.iter().rposition(|p| p.score.is_some()).filter(|&i| i > 0)
            .unwrap_or(figure.panels.len() - 1),
        width => expected.0,
        height => expected.1,
        focus_x => focus_x,
        focus_y => focus_y,
    })
}

/// The score of a panel in words, with the gain over the blurred one.
fn score(own: Option<&FrameScore>, blurred: Option<&FrameScore>) -> Option<String> {
    let own = own?;
    let text = format!("{} dB, {}", decimals(own.psnr, 2)?, decimals(own.ssim, 4)?);
    let base = blurred.filter(|blurred| !std::ptr::eq(*blurred, own));
    let gain = base.and_then(|base| signed(own.psnr - base.psnr, 2));
    Some(gain.map_or(text.clone(), |gain| format!("{text} ({gain} dB)")))
}
