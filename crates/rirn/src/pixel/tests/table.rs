// SPDX-License-Identifier: MIT OR Apache-2.0
//! The format table.

use super::PixelFormat;

#[test]
fn every_format_has_its_own_name() {
    for format in PixelFormat::ALL {
        assert_eq!(PixelFormat::from_name(format.name()), Some(format));
    }
    assert_eq!(PixelFormat::from_name("rgb"), None);
}

#[test]
fn every_component_lies_within_its_plane() {
    for format in PixelFormat::ALL {
        let layout = format.layout();
        assert!((1..=4).contains(&layout.planes.len()));
        for component in layout.components {
            assert!(component.offset < component.step, "{format}");
            assert!(
                component.step <= layout.planes[component.plane].samples,
                "{format}"
            );
        }
    }
}

#[test]
fn the_last_pixels_of_an_odd_packed_row_are_whole() {
    for format in [PixelFormat::Yuy2, PixelFormat::Uyvy, PixelFormat::Yvyu] {
        assert_eq!(format.plane_size(0, 17, 19), Some((36, 19)));
    }
    for format in [PixelFormat::Y210, PixelFormat::V216] {
        assert_eq!(format.plane_size(0, 17, 19), Some((72, 19)));
    }
}

#[test]
fn odd_sizes_round_chroma_up() {
    assert_eq!(PixelFormat::I420.plane_size(1, 17, 19), Some((9, 10)));
    assert_eq!(PixelFormat::Nv12.plane_size(1, 17, 19), Some((18, 10)));
    assert_eq!(PixelFormat::Rgbx.plane_size(0, 17, 19), Some((68, 19)));
    assert_eq!(PixelFormat::P010.plane_size(1, 17, 19), Some((36, 10)));
    assert_eq!(PixelFormat::I42210.plane_size(1, 17, 19), Some((18, 19)));
    assert_eq!(PixelFormat::Rgb.plane_size(1, 17, 19), None);
    assert_eq!(PixelFormat::Rgb.plane_size(0, usize::MAX, 1), None);
}
