// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the pixel floor, and the pictures that they share.

mod accuracy;
mod bands;
mod identity;
mod luma;
pub(crate) mod reference;
mod refusals;
mod table;
mod wide;

use super::{
    Colorimetry, Family, Matrix, Mix, Picture, PictureMut, PixelFormat, Range, Siting, Split, pack,
    unpack,
};
use crate::frame::Frame;

/// Widths and heights, odd ones among them, down to a single pixel.
const SIZES: [(usize, usize); 8] = [
    (1, 1),
    (1, 2),
    (2, 1),
    (3, 3),
    (16, 16),
    (17, 19),
    (33, 17),
    (64, 48),
];

/// A seeded source of numbers (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// Between -1 and 1.
    pub(crate) fn signed(&mut self) -> f32 {
        (self.next() % 20_001) as f32 / 10_000.0 - 1.0
    }
}

/// A picture that owns its planes.
#[derive(Clone)]
pub(crate) struct Owned {
    format: PixelFormat,
    width: usize,
    height: usize,
    colorimetry: Colorimetry,
    pub(crate) planes: Vec<(Vec<u8>, usize)>,
}

impl Owned {
    /// All bytes random, padded rows, the last row cut short behind its pixels.
    fn random(
        format: PixelFormat,
        (width, height): (usize, usize),
        colorimetry: Colorimetry,
        dice: &mut Dice,
    ) -> Self {
        let plane = |plane| {
            let (row, rows) = format.plane_size(plane, width, height).unwrap();
            let stride = row + 5 * plane + 3;
            (
                (0..stride * (rows - 1) + row)
                    .map(|_| dice.byte())
                    .collect(),
                stride,
            )
        };
        let planes = (0..format.plane_count()).map(plane).collect();
        Self {
            format,
            width,
            height,
            colorimetry,
            planes,
        }
    }

    /// The same picture with every byte, padding included, set to `byte`.
    pub(crate) fn filled(&self, byte: u8) -> Self {
        let mut filled = self.clone();
        filled
            .planes
            .iter_mut()
            .for_each(|(bytes, _)| bytes.fill(byte));
        filled
    }

    pub(crate) fn view(&self) -> Picture<'_> {
        let planes = self
            .planes
            .iter()
            .map(|(bytes, stride)| (&bytes[..], *stride));
        Picture::new(
            self.format,
            self.width,
            self.height,
            self.colorimetry,
            planes,
        )
        .unwrap()
    }

    pub(crate) fn view_mut(&mut self) -> PictureMut<'_> {
        let planes = self
            .planes
            .iter_mut()
            .map(|(bytes, stride)| (&mut bytes[..], *stride));
        PictureMut::new(
            self.format,
            self.width,
            self.height,
            self.colorimetry,
            planes,
        )
        .unwrap()
    }

    pub(crate) fn unpacked(&self) -> Frame {
        let mut frame = Frame::default();
        unpack(&self.view(), &mut frame).unwrap();
        frame
    }

    /// What `pack` makes of this picture; bytes that it does not write are `0xa5`.
    pub(crate) fn packed(&self, blurred: &Frame, sharp: &Frame, mix: &Mix) -> Self {
        let mut output = self.filled(0xa5);
        pack(&self.view(), blurred, sharp, mix, &mut output.view_mut()).unwrap();
        output
    }

    /// The bytes of all rows without stride padding, plane by plane.
    pub(crate) fn rows(&self) -> Vec<Vec<u8>> {
        let picture = self.view();
        let planes = 0..self.format.plane_count();
        planes
            .flat_map(|p| (0..picture.rows(p)).map(move |y| (p, y)))
            .map(|(plane, y)| picture.row(plane, y).to_vec())
            .collect()
    }
}

/// `frame` with every value moved at random, some beyond `[0, 1]`.
pub(crate) fn moved(frame: &Frame, dice: &mut Dice) -> Frame {
    let mut moved = frame.clone();
    moved
        .data_mut()
        .iter_mut()
        .for_each(|value| *value += 0.4 * dice.signed());
    moved
}

/// Both ranges with all four sitings under one matrix.
fn colorimetries(matrix: Matrix) -> impl Iterator<Item = Colorimetry> {
    (0..8).map(move |bits| Colorimetry {
        matrix,
        range: if bits & 1 == 0 {
            Range::Full
        } else {
            Range::Limited
        },
        siting: Siting {
            h_cosited: bits & 2 != 0,
            v_cosited: bits & 4 != 0,
        },
    })
}

/// Runs `check` on random pictures of every format, range, siting and size under `matrices`.
pub(crate) fn for_all(matrices: &[Matrix], mut check: impl FnMut(&Owned, &mut Dice)) {
    let mut dice = Dice(0x5eed);
    for format in PixelFormat::ALL {
        for colorimetry in matrices.iter().flat_map(|matrix| colorimetries(*matrix)) {
            for size in SIZES {
                check(
                    &Owned::random(format, size, colorimetry, &mut dice),
                    &mut dice,
                );
            }
        }
    }
}
