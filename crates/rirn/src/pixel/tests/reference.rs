// SPDX-License-Identifier: MIT OR Apache-2.0
//! A slow second opinion in `f64`: pixel by pixel from the definitions, with its own list of
//! where samples lie.

use super::{Matrix, Owned, Range};
use crate::frame::Frame;

/// Plane, byte offset and byte step of each component; and whether there is chroma.
fn places(name: &str) -> (&'static [(usize, usize, usize)], bool) {
    match name {
        "RGB" => (&[(0, 0, 3), (0, 1, 3), (0, 2, 3)], false),
        "BGR" => (&[(0, 2, 3), (0, 1, 3), (0, 0, 3)], false),
        "RGBx" | "RGBA" => (&[(0, 0, 4), (0, 1, 4), (0, 2, 4)], false),
        "BGRx" | "BGRA" => (&[(0, 2, 4), (0, 1, 4), (0, 0, 4)], false),
        "xRGB" | "ARGB" => (&[(0, 1, 4), (0, 2, 4), (0, 3, 4)], false),
        "xBGR" | "ABGR" => (&[(0, 3, 4), (0, 2, 4), (0, 1, 4)], false),
        "GRAY8" => (&[(0, 0, 1)], false),
        "I420" => (&[(0, 0, 1), (1, 0, 1), (2, 0, 1)], true),
        "YV12" => (&[(0, 0, 1), (2, 0, 1), (1, 0, 1)], true),
        "NV12" => (&[(0, 0, 1), (1, 0, 2), (1, 1, 2)], true),
        "NV21" => (&[(0, 0, 1), (1, 1, 2), (1, 0, 2)], true),
        other => panic!("the reference does not know {other}"),
    }
}

/// Plane and byte of sample (`x`, `y`) of a component, on the component's own grid.
fn index(picture: &Owned, component: usize, x: usize, y: usize) -> (usize, usize) {
    let (plane, offset, step) = places(picture.format.name()).0[component];
    (plane, y * picture.planes[plane].1 + x * step + offset)
}

fn code(picture: &Owned, component: usize, x: usize, y: usize) -> f64 {
    let (plane, index) = index(picture, component, x, y);
    f64::from(picture.planes[plane].0[index])
}

/// Zero and scale of luma, grey and RGB, then of chroma.
fn levels(range: Range) -> [(f64, f64); 2] {
    match range {
        Range::Full => [(0.0, 255.0), (128.0, 255.0)],
        Range::Limited => [(16.0, 219.0), (128.0, 224.0)],
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
fn between(at: usize, count: usize, cosited: bool) -> (usize, usize, f64) {
    let position = if cosited {
        at as f64 / 2.0
    } else {
        (at as f64 - 0.5) / 2.0
    };
    let floor = position.floor();
    let last = count as f64 - 1.0;
    (
        floor.clamp(0.0, last) as usize,
        (floor + 1.0).clamp(0.0, last) as usize,
        position - floor,
    )
}

/// A chroma value at a luma pixel.
fn chroma(picture: &Owned, component: usize, x: usize, y: usize) -> f64 {
    let siting = picture.colorimetry.siting;
    let (left, right, across) = between(x, picture.width.div_ceil(2), siting.h_cosited);
    let (upper, lower, down) = between(y, picture.height.div_ceil(2), siting.v_cosited);
    let at = |x, y| code(picture, component, x, y);
    let above = at(left, upper) * (1.0 - across) + at(right, upper) * across;
    let below = at(left, lower) * (1.0 - across) + at(right, lower) * across;
    let (zero, scale) = levels(picture.colorimetry.range)[1];
    (above * (1.0 - down) + below * down - zero) / scale
}

/// RGB of a pixel.
pub(super) fn rgb(picture: &Owned, x: usize, y: usize) -> [f64; 3] {
    let (zero, scale) = levels(picture.colorimetry.range)[0];
    let value = |component| (code(picture, component, x, y) - zero) / scale;
    let (components, has_chroma) = places(picture.format.name());
    let rgb = if has_chroma {
        let [kr, kg, kb] = weights(picture.colorimetry.matrix);
        let (luma, u, v) = (value(0), chroma(picture, 1, x, y), chroma(picture, 2, x, y));
        let red = luma + v * 2.0 * (1.0 - kr);
        let blue = luma + u * 2.0 * (1.0 - kb);
        // Green is what red and blue leave of the luma.
        [red, (luma - kr * red - kb * blue) / kg, blue]
    } else {
        [0, 1, 2].map(|channel| value(channel.min(components.len() - 1)))
    };
    rgb.map(|value| value.clamp(0.0, 1.0))
}

/// The exact, unrounded codes of the output: calls `check(plane, byte, code)` for each sample.
pub(super) fn pack(
    input: &Owned,
    blurred: &Frame,
    sharp: &Frame,
    strength: f64,
    mut check: impl FnMut(usize, usize, f64),
) {
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
    let [(_, scale), (_, chroma_scale)] = levels(input.colorimetry.range);
    let (components, has_chroma) = places(input.format.name());
    let mut put = |component, x, y, change: f64| {
        let (plane, index) = index(input, component, x, y);
        check(
            plane,
            index,
            f64::from(input.planes[plane].0[index]) + change,
        );
    };
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let change = difference(x, y);
        if components.len() == 3 && !has_chroma {
            (0..3).for_each(|channel| put(channel, x, y, scale * change[channel]));
            continue;
        }
        put(0, x, y, scale * luma(change));
        if has_chroma && x % 2 == 0 && y % 2 == 0 {
            let siting = input.colorimetry.siting;
            let mean = average(x, y, [siting.h_cosited, siting.v_cosited], difference);
            let u = (mean[2] - luma(mean)) / (2.0 - 2.0 * kb);
            let v = (mean[0] - luma(mean)) / (2.0 - 2.0 * kr);
            put(1, x / 2, y / 2, chroma_scale * u);
            put(2, x / 2, y / 2, chroma_scale * v);
        }
    }
}

/// The mean around even pixel (`x`, `y`) that a chroma sample stands for.
fn average(
    x: usize,
    y: usize,
    cosited: [bool; 2],
    difference: impl Fn(usize, usize) -> [f64; 3],
) -> [f64; 3] {
    let taps = |at: usize, cosited| match cosited {
        true => vec![(at.saturating_sub(1), 0.25), (at, 0.5), (at + 1, 0.25)],
        false => vec![(at, 0.5), (at + 1, 0.5)],
    };
    let mut mean = [0.0; 3];
    for (y, of_row) in taps(y, cosited[1]) {
        for (x, of_column) in taps(x, cosited[0]) {
            let change = difference(x, y);
            (0..3).for_each(|channel| mean[channel] += of_row * of_column * change[channel]);
        }
    }
    mean
}
