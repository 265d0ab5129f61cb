// SPDX-License-Identifier: MIT OR Apache-2.0
//! The colours that the network sees, against those that GStreamer's own converter makes of the
//! same buffer: `docs/ELEMENT.md`, formats.

use crate::harness::{Rig, bytes, caps, info, timed, with_stub};
use gst_video::{VideoConverter, VideoConverterConfig, VideoDitherMethod, VideoFrame};
use rirn::pixel::PixelFormat;
use rirn::testing::Stub;
use std::sync::{Arc, Mutex};

/// Matrices in limited range, then in full range as GStreamer numbers them.
const COLORIMETRIES: [&str; 8] = [
    "bt601",
    "bt709",
    "smpte240m",
    "bt2020",
    "1:4:0:0",
    "1:3:0:0",
    "1:5:0:0",
    "1:6:0:0",
];

/// Greatest distance in codes of 8 bits, for formats of 8 bits and for deeper ones. In its 16 bits
/// the converter writes a code c of 8 bits as 257 c, but counts the limits as 256 c, so that it is
/// up to one code off in luma and in chroma.
const TOLERANCE: [f32; 2] = [2.0, 1.0];

#[test]
fn the_network_sees_the_colours_that_videoconvert_sees() {
    for format in PixelFormat::ALL {
        for (width, height) in [(64, 48), (33, 17)] {
            if [PixelFormat::Nv61, PixelFormat::Vyuy].contains(&format) && width % 2 == 1 {
                // GStreamer 1.22 exchanges U and V of their last column, reading and writing.
                continue;
            }
            let caps = caps(format.name(), width, height);
            check(&caps);
            if !info(&caps).is_yuv() {
                continue;
            }
            for colorimetry in COLORIMETRIES {
                let mut caps = caps.clone();
                caps.make_mut().set("colorimetry", colorimetry);
                check(&caps);
            }
        }
    }
}

/// Brings a smooth picture into these caps and compares.
#[track_caller]
fn check(caps: &gst::Caps) {
    let (width, height) = (info(caps).width() as usize, info(caps).height() as usize);
    let [rgb, deep] = ["RGB", "ARGB64"].map(|format| crate::harness::caps(format, width, height));
    let is_deep = info(caps).comp_depth(0) > 8;
    let has_flat_chroma = !is_deep && info(caps).format_info().w_sub().contains(&1);
    let buffer = convert(smooth(&rgb, has_flat_chroma), &rgb, caps);
    // To 16 bits: on the way to 8 it takes short cuts that are several codes off.
    let expected = bytes(&convert(buffer.clone(), caps, &deep));
    let words = expected
        .as_chunks::<2>()
        .0
        .iter()
        .map(|word| u16::from_ne_bytes(*word));
    let words: Vec<_> = words.map(|word| f32::from(word) / 257.0).collect();
    let colours = words
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|[_, colours @ ..]| colours);
    let seen = seen(buffer, caps);
    assert_eq!(seen.len(), 3 * width * height, "{caps}");
    let tolerance = TOLERANCE[usize::from(is_deep)];
    for (index, (value, expected)) in seen.iter().zip(colours).enumerate() {
        let value = 255.0 * value;
        let (x, y) = (index / 3 % width, index / 3 / width);
        assert!(
            (value - expected).abs() <= tolerance,
            "{caps}: {value} and not {expected} in colour {} at {x}, {y}",
            index % 3
        );
    }
}

/// A picture without edges. No colour is like another one, and none comes near black or white.
/// Chroma is flat where it is subsampled in bytes, as the converter rounds what it interpolates.
fn smooth(rgb: &gst::Caps, has_flat_chroma: bool) -> gst::Buffer {
    let info = info(rgb);
    let stride = usize::try_from(info.stride()[0]).expect("a stride");
    let mut bytes = vec![0; info.size()];
    for (y, row) in bytes.chunks_mut(stride).enumerate() {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let [right, down, both] = [x / 4, y / 4, (x + y) / 8];
            let tilted = [50 + right, 110 - down, 70 + both];
            let flat = [50 + both, 110 + both, 70 + both];
            *pixel = if has_flat_chroma { flat } else { tilted }.map(|code| code as u8);
        }
    }
    timed(bytes, 0)
}

/// What GStreamer makes of a buffer.
fn convert(buffer: gst::Buffer, from: &gst::Caps, to: &gst::Caps) -> gst::Buffer {
    let (from, to) = (info(from), info(to));
    let mut config = VideoConverterConfig::new();
    config.set_dither_method(VideoDitherMethod::None);
    let converter = VideoConverter::new(&from, &to, Some(config)).expect("a converter");
    let source = VideoFrame::from_buffer_readable(buffer, &from).expect("the buffer maps");
    let target = timed(vec![0; to.size()], 0);
    let mut target = VideoFrame::from_buffer_writable(target, &to).expect("the buffer maps");
    converter.frame(&source, &mut target);
    target.into_buffer()
}

/// What the network gets, as RGB in [0, 1], pixel by pixel.
fn seen(buffer: gst::Buffer, caps: &gst::Caps) -> Vec<f32> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let element = with_stub(move || {
        let noted = Arc::clone(&noted);
        Stub::new(move |window, state| {
            let pixels = window.f_permute([0, 2, 3, 1])?.f_contiguous()?;
            let pixels = Vec::try_from(pixels.f_flatten(0, -1)?)?;
            *noted.lock().expect("the lock") = pixels;
            Ok((window.shallow_clone(), state))
        })
    });
    Rig::new(element, caps).one(buffer);
    let seen = seen.lock().expect("the lock");
    seen.clone()
}
