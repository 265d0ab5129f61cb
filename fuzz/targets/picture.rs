// SPDX-License-Identifier: MIT OR Apache-2.0
//! A picture whose lender lies: any size, stride and number of bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn::pixel::{Colorimetry, Matrix, Picture, PictureMut, PixelFormat, Range, Siting};
use rirn_fuzz::Numbers;

const COLORIMETRY: Colorimetry = Colorimetry {
    matrix: Matrix::Bt709,
    range: Range::Limited,
    siting: Siting {
        h_cosited: true,
        v_cosited: false,
    },
};

/// Whether the bytes suffice, computed where nothing can overflow.
fn fits(format: PixelFormat, size: (usize, usize), planes: &[(Vec<u8>, usize)]) -> bool {
    if size.0 == 0 || size.1 == 0 || planes.len() != format.plane_count() {
        return false;
    }
    let plane_fits = |(index, (bytes, stride)): (usize, &(Vec<u8>, usize))| {
        format
            .plane_size(index, size.0, size.1)
            .is_some_and(|(row, rows)| {
                let needed = *stride as u128 * (rows as u128 - 1) + row as u128;
                *stride >= row && bytes.len() as u128 >= needed
            })
    };
    planes.iter().enumerate().all(plane_fits)
}

fuzz_target!(|input: &[u8]| {
    let mut numbers = Numbers(input);
    let format = numbers.one(&PixelFormat::ALL);
    let size = (numbers.size(), numbers.size());
    let count = usize::from(numbers.byte() % 6);
    let plane = |_| (vec![7; numbers.size() & 0xffff], numbers.size());
    let mut planes: Vec<(Vec<u8>, usize)> = (0..count).map(plane).collect();

    let expected = fits(format, size, &planes);
    let borrowed = planes.iter().map(|(bytes, stride)| (&bytes[..], *stride));
    let picture = Picture::new(format, size.0, size.1, COLORIMETRY, borrowed);
    assert_eq!(picture.is_ok(), expected);
    if let Ok(picture) = picture {
        for plane in 0..format.plane_count() {
            let (row, rows) = format
                .plane_size(plane, size.0, size.1)
                .expect("it was made");
            (0..rows).for_each(|y| assert_eq!(picture.row(plane, y).len(), row));
        }
    }
    let borrowed = planes
        .iter_mut()
        .map(|(bytes, stride)| (&mut bytes[..], *stride));
    let picture = PictureMut::new(format, size.0, size.1, COLORIMETRY, borrowed);
    assert_eq!(picture.is_ok(), expected);
    if let Ok(mut picture) = picture {
        for plane in 0..format.plane_count() {
            let (_, rows) = format
                .plane_size(plane, size.0, size.1)
                .expect("it was made");
            (0..rows).for_each(|y| picture.row_mut(plane, y).fill(9));
        }
    }
});
