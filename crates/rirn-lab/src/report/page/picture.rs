// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures of a page: checked, encoded, and where they are worth a closer look.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::codecs::webp::WebPEncoder;
use image::{ImageEncoder as _, ImageError, RgbImage};

use super::Panel;
use crate::report::ReportError;

/// Blocks in each direction among which [`focus`] chooses.
const BLOCKS: u32 = 12;

/// Width and height of all panels. `what` names their figure in an error.
pub(super) fn common_size(panels: &[Panel], what: &str) -> Result<(u32, u32), ReportError> {
    let first = panels
        .first()
        .ok_or_else(|| ReportError::NoPictures { what: what.into() })?;
    let expected = first.picture.dimensions();
    let sizes = panels.iter().map(|panel| panel.picture.dimensions());
    match sizes.into_iter().find(|&read| read != expected) {
        Some(read) => Err(ReportError::Sizes {
            what: what.into(),
            read,
            expected,
        }),
        None => Ok(expected),
    }
}

/// The picture as an address that holds it: lossless WebP in Base64.
pub(super) fn data_uri(picture: &RgbImage) -> Result<String, ImageError> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    let color = image::ExtendedColorType::Rgb8;
    WebPEncoder::new_lossless(&mut bytes).write_image(picture, width, height, color)?;
    Ok(format!(
        "data:image/webp;base64,{}",
        BASE64_STANDARD.encode(bytes)
    ))
}

/// The middle of the block in which the last panel differs most from the first, as shares of
/// width and height: that is where blur shows.
pub(super) fn focus(panels: &[Panel]) -> (f64, f64) {
    let (Some(first), Some(last)) = (panels.first(), panels.last()) else {
        return (0.5, 0.5);
    };
    let (width, height) = first.picture.dimensions();
    let mut sums = [0_u64; (BLOCKS * BLOCKS) as usize];
    for (x, y, pixel) in first.picture.enumerate_pixels() {
        let other = last.picture.get_pixel(x, y);
        let differ = pixel
            .0
            .iter()
            .zip(other.0)
            .map(|(a, b)| u64::from(a.abs_diff(b)));
        let block = block_of(y, height) * BLOCKS + block_of(x, width);
        sums[block as usize] += differ.sum::<u64>();
    }
    let most = sums.iter().copied().max().filter(|&most| most > 0);
    let best = most.and_then(|most| sums.iter().position(|&sum| sum == most));
    let middle = |block: u32| (f64::from(block) + 0.5) / f64::from(BLOCKS);
    best.map_or((0.5, 0.5), |best| {
        (middle(best as u32 % BLOCKS), middle(best as u32 / BLOCKS))
    })
}

fn block_of(place: u32, size: u32) -> u32 {
    (u64::from(place) * u64::from(BLOCKS) / u64::from(size)) as u32
}
