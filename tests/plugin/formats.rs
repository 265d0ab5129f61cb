// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pixels through the element, in every format: `docs/ELEMENT.md`, pads and formats.

use crate::harness::{Rig, brighter, caps, frame, identity, info, timed};
use crate::layout::{codes, visible};
use rirn::pixel::PixelFormat;

/// Smallest, odd, and odd with a last block that is not whole.
const SIZES: [(usize, usize); 3] = [(16, 16), (33, 17), (641, 359)];

#[test]
fn a_network_that_changes_nothing_leaves_every_byte_of_every_format() {
    for format in PixelFormat::ALL {
        for (width, height) in SIZES {
            let caps = caps(format.name(), width, height);
            let mut rig = Rig::new(identity(), &caps);
            for index in 0..3 {
                let input = frame(&caps, index, 7);
                let output = rig.one(input.clone());
                assert_ne!(
                    output.as_ptr(),
                    input.as_ptr(),
                    "the network's way was taken"
                );
                let same = visible(&output, &caps) == visible(&input, &caps);
                assert!(same, "{format} {width}x{height}");
            }
        }
    }
}

#[test]
fn every_colorimetry_is_left_bit_by_bit_where_nothing_changes() {
    // Range, matrix, transfer and primaries as GStreamer numbers them, HLG and PQ among them.
    let colorimetries = [
        "bt601",
        "bt709",
        "smpte240m",
        "bt2020",
        "bt2100-pq",
        "bt2100-hlg",
        "1:3:5:1",
        "1:4:0:0",
        "0:0:0:0",
    ];
    for colorimetry in colorimetries {
        for format in ["I420", "NV12", "YUY2", "Y444", "P010_10LE", "I422_12LE"] {
            let mut caps = caps(format, 35, 19);
            caps.make_mut().set("colorimetry", colorimetry);
            let mut rig = Rig::new(identity(), &caps);
            let input = frame(&caps, 0, 8);
            let output = rig.one(input.clone());
            let same = visible(&output, &caps) == visible(&input, &caps);
            assert!(same, "{format} {colorimetry}");
        }
    }
}

#[test]
fn a_brighter_picture_is_brighter_by_as_much_in_every_colour() {
    for format in PixelFormat::ALL {
        let caps = caps(format.name(), 33, 17);
        let info = info(&caps);
        if info.is_yuv() {
            continue;
        }
        let mut rig = Rig::new(brighter(0.1), &caps);
        let input = frame(&caps, 0, 9);
        let output = rig.one(input.clone());
        for component in 0..info.n_components() {
            let pairs = codes(&input, &caps, component as u8).into_iter();
            let is_alpha = component == 3;
            for (before, after) in pairs.zip(codes(&output, &caps, component as u8)) {
                if is_alpha {
                    assert_eq!(after, before, "{format}: alpha");
                } else {
                    assert_shifted(format, info.comp_depth(component as u8), before, after);
                }
            }
        }
    }
}

/// `after` is `before` plus a tenth of the range of `depth` bits.
#[track_caller]
fn assert_shifted(format: PixelFormat, depth: u32, before: u32, after: u32) {
    let top = (1_u32 << depth) - 1;
    // A half falls to either side in float32.
    let shift = top / 10..=top.div_ceil(10);
    if before >= top - shift.end() {
        assert!(after >= top - 1, "{format}: {before} became {after}");
    } else {
        assert!(
            shift.contains(&after.wrapping_sub(before)),
            "{format}: {before} became {after}, not {shift:?} more"
        );
    }
}

#[test]
fn a_brighter_picture_keeps_its_padding() {
    for (format, padding) in [("RGBx", 3), ("BGRx", 3), ("xRGB", 0), ("xBGR", 0)] {
        let caps = caps(format, 33, 17);
        let mut rig = Rig::new(brighter(0.1), &caps);
        let input = frame(&caps, 0, 10);
        let output = rig.one(input.clone());
        let [before, after] = [&input, &output].map(|buffer| {
            let pixels = visible(buffer, &caps).into_iter().skip(padding);
            pixels.step_by(4).collect::<Vec<_>>()
        });
        assert_eq!(before, after, "{format}");
    }
}

#[test]
fn brighter_yuv_is_brighter_in_luma_and_keeps_its_chroma() {
    // Grey added to RGB is no chroma.
    for format in PixelFormat::ALL {
        for (width, height) in [(34, 18), (33, 17)] {
            let caps = caps(format.name(), width, height);
            let info = info(&caps);
            if !info.is_yuv() {
                continue;
            }
            // Far from white in every depth, at either end of a word.
            let input = timed(vec![0x56; info.size()], 0);
            let mut rig = Rig::new(brighter(0.1), &caps);
            let output = rig.one(input.clone());
            for component in 0..info.n_components() {
                let component = component as u8;
                let more = match component {
                    // A tenth of the limited range.
                    0 => 21.9 * f64::from(1_u32 << (info.comp_depth(0) - 8)),
                    _ => 0.0,
                };
                let before = codes(&input, &caps, component).into_iter();
                let expected: Vec<_> = before
                    .map(|code| (f64::from(code) + more).round() as u32)
                    .collect();
                let found = codes(&output, &caps, component);
                assert_eq!(found, expected, "{format} component {component}");
            }
        }
    }
}
