// SPDX-License-Identifier: MIT OR Apache-2.0
//! What views and `pack` refuse, and that nothing makes them panic.

use super::{
    Colorimetry, Dice, Matrix, Mix, Owned, Picture, PictureMut, PixelFormat, Range, Siting, pack,
    unpack,
};
use crate::error::PixelError;
use crate::frame::Frame;
use proptest::prelude::*;

const COLORIMETRY: Colorimetry = Colorimetry {
    matrix: Matrix::Bt709,
    range: Range::Limited,
    siting: Siting {
        h_cosited: true,
        v_cosited: false,
    },
};

/// The error of a picture of `format`, `width` x `height`, from planes of (length, stride).
fn refusal(
    format: PixelFormat,
    width: usize,
    height: usize,
    planes: &[(usize, usize)],
) -> Option<PixelError> {
    let bytes: Vec<_> = planes
        .iter()
        .map(|(length, stride)| (vec![0; *length], *stride))
        .collect();
    let planes = bytes.iter().map(|(bytes, stride)| (&bytes[..], *stride));
    Picture::new(format, width, height, COLORIMETRY, planes).err()
}

#[test]
fn a_plane_may_end_with_its_last_pixel_but_not_before() {
    let planes = |last: usize| [(10 * 4 + 5, 10), (8 * 2 + last, 8)];
    assert_eq!(refusal(PixelFormat::Nv12, 5, 5, &planes(6)), None);
    let expected = PixelError::PlaneLength {
        plane: 1,
        found: 21,
        needed: 22,
    };
    assert_eq!(refusal(PixelFormat::Nv12, 5, 5, &planes(5)), Some(expected));
}

#[test]
fn a_stride_shorter_than_a_row_is_refused() {
    let expected = PixelError::Stride {
        plane: 0,
        stride: 14,
        row_bytes: 15,
    };
    assert_eq!(refusal(PixelFormat::Rgb, 5, 2, &[(99, 14)]), Some(expected));
    assert_eq!(refusal(PixelFormat::Rgb, 5, 2, &[(99, 15)]), None);
}

#[test]
fn every_plane_must_be_there_and_no_other() {
    let expected = |found| {
        Some(PixelError::PlaneCount {
            format: "I420",
            found,
            expected: 3,
        })
    };
    let planes = [(64, 8); 4];
    assert_eq!(refusal(PixelFormat::I420, 8, 8, &planes[..0]), expected(0));
    assert_eq!(refusal(PixelFormat::I420, 8, 8, &planes[..2]), expected(2));
    assert_eq!(refusal(PixelFormat::I420, 8, 8, &planes), expected(4));
    assert_eq!(refusal(PixelFormat::I420, 8, 8, &planes[..3]), None);
}

#[test]
fn a_picture_without_pixels_is_refused() {
    for (width, height) in [(0, 4), (4, 0), (0, 0)] {
        let expected = PixelError::ZeroSize { width, height };
        assert_eq!(
            refusal(PixelFormat::Gray8, width, height, &[(64, 8)]),
            Some(expected)
        );
    }
}

#[test]
fn sizes_that_overflow_are_refused() {
    let too_large = |width, height| {
        Some(PixelError::TooLarge {
            what: "picture",
            width,
            height,
        })
    };
    let max = usize::MAX;
    assert_eq!(
        refusal(PixelFormat::Rgb, max, 1, &[(9, max)]),
        too_large(max, 1)
    );
    assert_eq!(
        refusal(PixelFormat::Gray8, 4, max, &[(9, 8)]),
        too_large(4, max)
    );
    assert_eq!(
        refusal(PixelFormat::Gray8, 4, 3, &[(9, max / 2 - 1)]),
        too_large(4, 3)
    );
}

#[test]
fn pictures_and_frames_that_do_not_agree_are_refused() {
    let mut dice = Dice(7);
    let mut make = |format, size| Owned::random(format, size, COLORIMETRY, &mut dice);
    let input = make(PixelFormat::I420, (6, 4));
    let (frame, narrow) = (input.unpacked(), Frame::new(4, 5));
    let pack_to = |mut output: Owned, blurred: &Frame, sharp: &Frame| {
        pack(
            &input.view(),
            blurred,
            sharp,
            &Mix::default(),
            &mut output.view_mut(),
        )
    };
    let other = make(PixelFormat::Yv12, (6, 4));
    let expected = PixelError::Format {
        found: "YV12",
        expected: "I420",
    };
    assert_eq!(pack_to(other, &frame, &frame), Err(expected));

    let small = make(PixelFormat::I420, (6, 3));
    let refused = pack_to(small, &frame, &frame);
    assert!(matches!(
        refused,
        Err(PixelError::PictureSize {
            found_height: 3,
            height: 4,
            ..
        })
    ));

    let mut full = input.clone();
    full.colorimetry.range = Range::Full;
    assert_eq!(pack_to(full, &frame, &frame), Err(PixelError::Colorimetry));

    let refused = pack_to(input.clone(), &narrow, &frame);
    assert!(matches!(
        refused,
        Err(PixelError::FrameSize {
            which: "blurred",
            ..
        })
    ));
    let refused = pack_to(input.clone(), &frame, &narrow);
    assert!(matches!(
        refused,
        Err(PixelError::FrameSize {
            which: "sharp",
            found_width: 5,
            ..
        })
    ));
}

/// Mostly small, now and then absurd.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0_usize..24, 1 => Just(usize::MAX), 1 => Just(usize::MAX / 3 + 1)]
}

proptest! {
    #[test]
    fn no_plane_whatever_makes_a_view_or_a_kernel_panic(
        format in (0..PixelFormat::ALL.len()).prop_map(|index| PixelFormat::ALL[index]),
        size in (sizes(), sizes()),
        planes in prop::collection::vec((0_usize..2500, sizes(), 0_usize..90), 0..5),
    ) {
        let (width, height) = size;
        let given: Vec<_> = planes
            .iter()
            .map(|(length, stride, more)| (vec![77_u8; *length], stride.saturating_add(*more)))
            .collect();
        let mut target = given.clone();
        let from = given.iter().map(|(bytes, stride)| (&bytes[..], *stride));
        let to = target.iter_mut().map(|(bytes, stride)| (&mut bytes[..], *stride));
        let input = Picture::new(format, width, height, COLORIMETRY, from);
        let output = PictureMut::new(format, width, height, COLORIMETRY, to);
        prop_assert_eq!(input.as_ref().err(), output.as_ref().err());
        if let (Ok(input), Ok(mut output)) = (input, output) {
            let mut blurred = Frame::default();
            unpack(&input, &mut blurred).unwrap();
            let sharp = Frame::new(height, width);
            pack(&input, &blurred, &sharp, &Mix::default(), &mut output).unwrap();
        }
    }
}
