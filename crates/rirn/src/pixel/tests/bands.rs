// SPDX-License-Identifier: MIT OR Apache-2.0
//! No bit depends on the bands in which a picture is converted, nor on their order.

use super::{Dice, Matrix, Mix, Owned, Split, for_all, moved};
use crate::pixel::{pack_band, unpack_band};

const HEIGHTS: [usize; 4] = [2, 4, 6, 32];

fn height(dice: &mut Dice) -> usize {
    HEIGHTS[dice.next() as usize % HEIGHTS.len()]
}

#[test]
fn bands_of_a_frame_are_those_of_the_whole() {
    for_all(&[Matrix::Bt709], |picture, dice| {
        let (whole, view) = (picture.unpacked(), picture.view());
        // Odd heights as well: what is read may be cut anywhere.
        let height = height(dice) - dice.next() as usize % 2;
        let mut data = vec![f32::NAN; whole.data().len()];
        let bands = data.chunks_mut(3 * picture.width * height).enumerate();
        for (place, values) in bands.rev() {
            let first = place * height;
            unpack_band(&view, first..(first + height).min(picture.height), values);
        }
        assert_eq!(data, whole.data(), "{} in {height}", picture.format);
    });
}

#[test]
fn bands_of_a_picture_are_those_of_the_whole() {
    let mixes = [
        Split::None,
        Split::Vertical(0.4),
        Split::Horizontal(0.6),
        Split::Difference,
    ]
    .map(|split| Mix {
        strength: 0.9,
        split,
    });
    for_all(&[Matrix::Bt2020], |picture, dice| {
        let blurred = picture.unpacked();
        let mut sharp = moved(&blurred, dice);
        if dice.next().is_multiple_of(3) {
            let at = dice.next() as usize % sharp.data().len();
            sharp.data_mut()[at] = f32::NAN;
        }
        let mix = mixes[dice.next() as usize % mixes.len()];
        let whole = picture.packed(&blurred, &sharp, &mix);
        let mut output = picture.filled(0xa5);
        let height = height(dice);
        let bands = output.view_mut().into_bands(height);
        assert_eq!(bands.len(), picture.height.div_ceil(height));
        for mut band in bands.into_iter().rev() {
            let frames = [blurred.data(), sharp.data()];
            pack_band(&picture.view(), frames, &mix, &mut band);
        }
        // Padding, too, which nobody writes.
        assert_eq!(
            output.planes, whole.planes,
            "{} in {height}",
            picture.format
        );
    });
}

#[test]
fn a_picture_in_one_run_of_bytes_is_the_picture() {
    for_all(&[Matrix::Fcc], |picture, _| {
        let shape = picture.view().shape();
        let mut bytes = vec![0; shape.bytes()];
        let mut run = shape.view_mut(&mut bytes).expect("long enough");
        run.copy_from(&picture.view());
        let view = shape.view(&bytes).expect("long enough");
        let mut copy: Owned = picture.filled(0);
        copy.view_mut().copy_from(&view);
        assert_eq!(copy.rows(), picture.rows());
        for plane in 0..picture.format.plane_count() {
            for y in 0..view.rows(plane) {
                assert_eq!(view.row(plane, y), picture.view().row(plane, y));
            }
        }
        let short = &bytes[..bytes.len() - 1];
        assert!(shape.view(short).is_err());
    });
}
