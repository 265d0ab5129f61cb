// SPDX-License-Identifier: MIT OR Apache-2.0
//! A slow second opinion in `f64`: pixel by pixel from the definitions, with its own list of
//! where samples lie.

use super::{Matrix, Owned, Range};
use crate::frame::Frame;

/// Where the samples of a format lie.
pub(super) struct Places {
    /// Plane, byte offset and byte step of each component: RGB, luma, or luma with U and V.
    components: [(usize, usize, usize); 3],
    /// How many of them there are.
    count: usize,
    /// Luma columns and rows of a chroma sample; none without chroma.
    chroma: Option<(usize, usize)>,
    /// Bits of a code.
    pub(super) bits: u32,
    /// Which bit of a word is the lowest of the code.
    lowest: u32,
    /// Whether words begin with their high byte.
    high_first: bool,
}

/// Component of a sample, and column and row on the component's own grid.
pub(super) type Place = (usize, usize, usize);

/// The list of the reference. Byte offsets and steps of words are twice those of bytes.
pub(super) fn places(name: &str) -> Places {
    // A name without its order and depth, then whether its words begin with the high byte.
    let (name, high_first) = match name.strip_suffix("BE") {
        Some(name) => (name, true),
        None => (name.strip_suffix("LE").unwrap_or(name), false),
    };
    let (name, bits, lowest) = match name {
        "P010_10" | "Y210" => (name, 10, 6),
        "P012_" | "Y212_" | "Y412_" => (name, 12, 4),
        "GRAY16_" | "P016_" | "v216" => (name, 16, 0),
        "AYUV64" => ("AYUV", 16, 0),
        "ARGB64" => ("ARGB", 16, 0),
        _ => match name.rsplit_once('_') {
            Some((packed, "")) => (packed.trim_end_matches("64"), 16, 0),
            Some((planar, depth)) => (planar, depth.parse().expect("a depth"), 0),
            None => (name, 8, 0),
        },
    };
    let (components, chroma) = components(name);
    Places {
        components: match bits {
            8 => components,
            _ => components.map(|(plane, offset, step)| (plane, 2 * offset, 2 * step)),
        },
        count: if name.starts_with("GRAY") { 1 } else { 3 },
        chroma,
        bits,
        lowest,
        high_first,
    }
}

/// Plane, offset and step in samples of each component, and what a chroma sample covers.
fn components(name: &str) -> ([Place; 3], Option<(usize, usize)>) {
    let planar = [(0, 0, 1), (1, 0, 1), (2, 0, 1)];
    let (components, chroma) = match name {
        "RGB" => ([(0, 0, 3), (0, 1, 3), (0, 2, 3)], None),
        "BGR" => ([(0, 2, 3), (0, 1, 3), (0, 0, 3)], None),
        "RGBx" | "RGBA" => ([(0, 0, 4), (0, 1, 4), (0, 2, 4)], None),
        "BGRx" | "BGRA" => ([(0, 2, 4), (0, 1, 4), (0, 0, 4)], None),
        "xRGB" | "ARGB" => ([(0, 1, 4), (0, 2, 4), (0, 3, 4)], None),
        "xBGR" | "ABGR" => ([(0, 3, 4), (0, 2, 4), (0, 1, 4)], None),
        "RGBP" => (planar, None),
        "BGRP" => ([(2, 0, 1), (1, 0, 1), (0, 0, 1)], None),
        "GBR" | "GBRA" => ([(2, 0, 1), (0, 0, 1), (1, 0, 1)], None),
        "GRAY8" | "GRAY16_" => ([(0, 0, 1); 3], None),
        "I420" | "A420" => (planar, Some((2, 2))),
        "YV12" => ([(0, 0, 1), (2, 0, 1), (1, 0, 1)], Some((2, 2))),
        "NV12" | "AV12" | "P010_10" | "P012_" | "P016_" => {
            ([(0, 0, 1), (1, 0, 2), (1, 1, 2)], Some((2, 2)))
        }
        "NV21" => ([(0, 0, 1), (1, 1, 2), (1, 0, 2)], Some((2, 2))),
        "Y42B" | "I422" | "A422" => (planar, Some((2, 1))),
        "NV16" => ([(0, 0, 1), (1, 0, 2), (1, 1, 2)], Some((2, 1))),
        "NV61" => ([(0, 0, 1), (1, 1, 2), (1, 0, 2)], Some((2, 1))),
        "YUY2" | "Y210" | "Y212_" => ([(0, 0, 2), (0, 1, 4), (0, 3, 4)], Some((2, 1))),
        "UYVY" | "v216" => ([(0, 1, 2), (0, 0, 4), (0, 2, 4)], Some((2, 1))),
        "YVYU" => ([(0, 0, 2), (0, 3, 4), (0, 1, 4)], Some((2, 1))),
        "VYUY" => ([(0, 1, 2), (0, 2, 4), (0, 0, 4)], Some((2, 1))),
        "Y444" | "A444" => (planar, Some((1, 1))),
        "NV24" => ([(0, 0, 1), (1, 0, 2), (1, 1, 2)], Some((1, 1))),
        "v308" => ([(0, 0, 3), (0, 1, 3), (0, 2, 3)], Some((1, 1))),
        "IYU2" => ([(0, 1, 3), (0, 0, 3), (0, 2, 3)], Some((1, 1))),
        "AYUV" => ([(0, 1, 4), (0, 2, 4), (0, 3, 4)], Some((1, 1))),
        "VUYA" => ([(0, 2, 4), (0, 1, 4), (0, 0, 4)], Some((1, 1))),
        "Y412_" => ([(0, 1, 4), (0, 0, 4), (0, 2, 4)], Some((1, 1))),
        other => panic!("the reference does not know {other}"),
    };
    (components, chroma)
}

impl Places {
    /// Luma columns and rows that a sample of a component stands for.
    pub(super) fn covered(&self, component: usize) -> (usize, usize) {
        match self.chroma {
            Some(covered) if component > 0 => covered,
            _ => (1, 1),
        }
    }
}

/// Plane and byte of sample (`x`, `y`) of a component, on the component's own grid.
fn index(picture: &Owned, places: &Places, (component, x, y): Place) -> (usize, usize) {
    let (plane, offset, step) = places.components[component];
    (plane, y * picture.planes[plane].1 + x * step + offset)
}

pub(super) fn code(picture: &Owned, places: &Places, place: Place) -> f64 {
    let (plane, index) = index(picture, places, place);
    let bytes = &picture.planes[plane].0[index..];
    if places.bits == 8 {
        return f64::from(bytes[0]);
    }
    let (low, high) = match places.high_first {
        true => (bytes[1], bytes[0]),
        false => (bytes[0], bytes[1]),
    };
    let word = u32::from(low) + 256 * u32::from(high);
    f64::from((word >> places.lowest) % (1 << places.bits))
}

/// The codes of all [`samples`].
pub(crate) fn codes(picture: &Owned) -> Vec<f64> {
    let places = places(picture.format.name());
    let samples = samples(picture).into_iter();
    samples.map(|place| code(picture, &places, place)).collect()
}

/// Every sample of a picture.
pub(super) fn samples(picture: &Owned) -> Vec<Place> {
    let places = places(picture.format.name());
    let mut samples = Vec::new();
    for component in 0..places.count {
        let (across, down) = places.covered(component);
        let (columns, rows) = (
            picture.width.div_ceil(across),
            picture.height.div_ceil(down),
        );
        samples.extend((0..rows * columns).map(|i| (component, i % columns, i / columns)));
    }
    samples
}

/// The picture with all bits of its codes cleared: what belongs to no colour.
pub(crate) fn without_codes(picture: &Owned) -> Owned {
    let places = places(picture.format.name());
    let Places { bits, lowest, .. } = places;
    let mut rest = picture.clone();
    for place in samples(picture) {
        let (plane, index) = index(picture, &places, place);
        let bytes = &mut rest.planes[plane].0[index..];
        if bits == 8 {
            bytes[0] = 0;
        } else {
            let code = ((1_u32 << bits) - 1) << lowest;
            let high = usize::from(!places.high_first);
            bytes[1 - high] &= !(code as u8);
            bytes[high] &= !((code >> 8) as u8);
        }
    }
    rest
}

/// Zero and scale of luma, grey and RGB, then of chroma.
pub(super) fn levels(range: Range, bits: u32) -> [(f64, f64); 2] {
    // Codes of `bits` bits in one of 8 bits.
    let deeper = f64::from(1_u32 << (bits - 8));
    match range {
        Range::Full => {
            let top = 256.0 * deeper - 1.0;
            [(0.0, top), (128.0 * deeper, top)]
        }
        Range::Limited => [
            (16.0 * deeper, 219.0 * deeper),
            (128.0 * deeper, 224.0 * deeper),
        ],
    }
}

fn weights(matrix: Matrix) -> [f64; 3] {
    let (kr, kb) = match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Smpte240m => (0.212, 0.087),
        Matrix::Bt2020 => (0.2627, 0.0593),
        Matrix::Fcc => (0.3, 0.11),
    };
    [kr, 1.0 - kr - kb, kb]
}

/// The two chroma samples around luma sample `at`, and the share of the second.
fn between(at: usize, factor: usize, length: usize, cosited: bool) -> (usize, usize, f64) {
    if factor == 1 {
        return (at, at, 0.0);
    }
    let position = if cosited {
        at as f64 / 2.0
    } else {
        (at as f64 - 0.5) / 2.0
    };
    let floor = position.floor();
    let last = length.div_ceil(2) as f64 - 1.0;
    (
        floor.clamp(0.0, last) as usize,
        (floor + 1.0).clamp(0.0, last) as usize,
        position - floor,
    )
}

/// A chroma value at a luma pixel.
fn chroma(picture: &Owned, places: &Places, (component, x, y): Place) -> f64 {
    let siting = picture.colorimetry.siting;
    let (factor_x, factor_y) = places.covered(component);
    let (left, right, across) = between(x, factor_x, picture.width, siting.h_cosited);
    let (upper, lower, down) = between(y, factor_y, picture.height, siting.v_cosited);
    let at = |x, y| code(picture, places, (component, x, y));
    let above = at(left, upper) * (1.0 - across) + at(right, upper) * across;
    let below = at(left, lower) * (1.0 - across) + at(right, lower) * across;
    let (zero, scale) = levels(picture.colorimetry.range, places.bits)[1];
    (above * (1.0 - down) + below * down - zero) / scale
}

/// RGB of a pixel.
pub(super) fn rgb(picture: &Owned, x: usize, y: usize) -> [f64; 3] {
    let places = places(picture.format.name());
    let (zero, scale) = levels(picture.colorimetry.range, places.bits)[0];
    let value = |component| (code(picture, &places, (component, x, y)) - zero) / scale;
    let rgb = if places.chroma.is_some() {
        let [kr, kg, kb] = weights(picture.colorimetry.matrix);
        let luma = value(0);
        let [u, v] = [1, 2].map(|component| chroma(picture, &places, (component, x, y)));
        let red = luma + v * 2.0 * (1.0 - kr);
        let blue = luma + u * 2.0 * (1.0 - kb);
        // Green is what red and blue leave of the luma.
        [red, (luma - kr * red - kb * blue) / kg, blue]
    } else {
        [0, 1, 2].map(|channel| value(channel.min(places.count - 1)))
    };
    rgb.map(|value| value.clamp(0.0, 1.0))
}

/// What the correction adds to each of the [`samples`], exactly, in codes.
pub(super) fn corrections(
    input: &Owned,
    blurred: &Frame,
    sharp: &Frame,
    strength: f64,
) -> Vec<f64> {
    let (width, height) = (input.width, input.height);
    let difference = |x: usize, y: usize| {
        let at = 3 * (y.min(height - 1) * width + x.min(width - 1));
        [0, 1, 2].map(|channel| {
            let sharp = f64::from(sharp.data()[at + channel]).clamp(0.0, 1.0);
            strength * (sharp - f64::from(blurred.data()[at + channel]))
        })
    };
    let [kr, kg, kb] = weights(input.colorimetry.matrix);
    let luma = |[r, g, b]: [f64; 3]| kr * r + kg * g + kb * b;
    let places = places(input.format.name());
    let [(_, scale), (_, chroma_scale)] = levels(input.colorimetry.range, places.bits);
    let is_rgb = places.count == 3 && places.chroma.is_none();
    let siting = input.colorimetry.siting;
    let change = |(component, x, y): Place| {
        if is_rgb {
            return scale * difference(x, y)[component];
        }
        if component == 0 {
            return scale * luma(difference(x, y));
        }
        let (across, down) = places.covered(component);
        let columns = taps(x * across, across, siting.h_cosited);
        let rows = taps(y * down, down, siting.v_cosited);
        let mean = average(&columns, &rows, difference);
        let (colour, weight) = if component == 1 {
            (mean[2], kb)
        } else {
            (mean[0], kr)
        };
        chroma_scale * (colour - luma(mean)) / (2.0 - 2.0 * weight)
    };
    samples(input).into_iter().map(change).collect()
}

/// Luma samples that a chroma sample stands for, from `at` on, and their shares.
fn taps(at: usize, factor: usize, cosited: bool) -> Vec<(usize, f64)> {
    match (factor, cosited) {
        (1, _) => vec![(at, 1.0)],
        (_, true) => vec![(at.saturating_sub(1), 0.25), (at, 0.5), (at + 1, 0.25)],
        (_, false) => vec![(at, 0.5), (at + 1, 0.5)],
    }
}

/// The mean over columns and rows with their shares.
fn average(
    columns: &[(usize, f64)],
    rows: &[(usize, f64)],
    difference: impl Fn(usize, usize) -> [f64; 3],
) -> [f64; 3] {
    let mut mean = [0.0; 3];
    for (y, of_row) in rows {
        for (x, of_column) in columns {
            let change = difference(*x, *y);
            (0..3).for_each(|channel| mean[channel] += of_row * of_column * change[channel]);
        }
    }
    mean
}
