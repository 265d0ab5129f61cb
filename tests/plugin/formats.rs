// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pixels through the element, in every format: `docs/ELEMENT.md`, pads and formats.

use crate::harness::{Rig, brighter, caps, frame, identity, info, timed};
use crate::layout::visible;
use rirn::pixel::PixelFormat;

/// Smallest, odd, and odd with a last block that is not whole.
const SIZES: [(usize, usize); 3] = [(16, 16), (33, 17), (641, 359)];

/// What 0.1 of the range is in codes: 25.5, which falls to either side in float32.
const SHIFT: std::ops::RangeInclusive<u8> = 25..=26;

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
        for format in ["I420", "NV12"] {
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
fn a_brighter_picture_changes_the_colours_and_no_alpha_or_padding() {
    let formats = PixelFormat::ALL.into_iter();
    for format in formats.filter(|format| info(&caps(format.name(), 33, 17)).is_rgb()) {
        let caps = caps(format.name(), 33, 17);
        let description = info(&caps).format_info();
        let pixel = usize::try_from(description.pixel_stride()[0]).expect("a size");
        let colours = &description.poffset()[..3];
        let mut rig = Rig::new(brighter(0.1), &caps);
        let input = frame(&caps, 0, 9);
        let output = rig.one(input.clone());
        let pairs = visible(&input, &caps)
            .into_iter()
            .zip(visible(&output, &caps));
        for (index, (before, after)) in pairs.enumerate() {
            let byte = u32::try_from(index % pixel).expect("a byte of a pixel");
            let is_colour = colours.contains(&byte);
            assert_shifted(format, before, after, is_colour);
        }
    }
}

#[test]
fn a_brighter_grey_picture_is_brighter_by_as_much() {
    let caps = caps("GRAY8", 33, 17);
    let mut rig = Rig::new(brighter(0.1), &caps);
    let input = frame(&caps, 0, 10);
    let output = rig.one(input.clone());
    let pairs = visible(&input, &caps)
        .into_iter()
        .zip(visible(&output, &caps));
    for (before, after) in pairs {
        assert_shifted(PixelFormat::Gray8, before, after, true);
    }
}

#[track_caller]
fn assert_shifted(format: PixelFormat, before: u8, after: u8, is_colour: bool) {
    if !is_colour {
        assert_eq!(after, before, "{format}: a byte that is no colour");
    } else if before >= u8::MAX - SHIFT.end() {
        assert!(after >= u8::MAX - 1, "{format}: {before} became {after}");
    } else {
        let shift = after.wrapping_sub(before);
        assert!(
            SHIFT.contains(&shift),
            "{format}: {before} became {after}, not {SHIFT:?} more"
        );
    }
}

#[test]
fn brighter_yuv_is_brighter_in_luma_and_keeps_its_chroma() {
    // Grey added to RGB is no chroma; 0.1 of the limited range of luma are 21.9 codes.
    for format in ["I420", "YV12", "NV12", "NV21"] {
        let caps = caps(format, 34, 18);
        let grey = timed(vec![90; info(&caps).size()], 0);
        let mut rig = Rig::new(brighter(0.1), &caps);
        let output = visible(&rig.one(grey), &caps);
        let (luma, chroma) = output.split_at(34 * 18);
        assert!(luma.iter().all(|code| *code == 112), "{format}: luma");
        assert!(chroma.iter().all(|code| *code == 90), "{format}: chroma");
    }
}
