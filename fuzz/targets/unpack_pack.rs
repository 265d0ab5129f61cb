// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pixels to numbers and back, in every format: what is not changed comes out as it came in,
//! padding is not touched, and no value of a network breaks anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn::Frame;
use rirn::pixel::{
    Colorimetry, Matrix, Mix, Picture, PictureMut, PixelFormat, Range, Siting, Split, pack, unpack,
};
use rirn_fuzz::Numbers;

/// What padding is filled with before a picture is written.
const PADDING: u8 = 0xa5;

struct Case {
    format: PixelFormat,
    width: usize,
    height: usize,
    colorimetry: Colorimetry,
    /// Bytes and stride of each plane.
    planes: Vec<(Vec<u8>, usize)>,
}

impl Case {
    fn new(numbers: &mut Numbers<'_>) -> Self {
        let format = numbers.one(&PixelFormat::ALL);
        let (width, height) = (
            usize::from(numbers.byte() % 40) + 1,
            usize::from(numbers.byte() % 40) + 1,
        );
        let flags = numbers.byte();
        let siting = Siting {
            h_cosited: flags & 1 > 0,
            v_cosited: flags & 2 > 0,
        };
        let range = if flags & 4 > 0 {
            Range::Full
        } else {
            Range::Limited
        };
        let matrix = numbers.one(&Matrix::ALL);
        let plane = |index| {
            let (row, rows) = format
                .plane_size(index, width, height)
                .expect("a small picture");
            let stride = row + usize::from(numbers.byte() % 8);
            // The fuzzer's bytes are few: they go round and round.
            let first = numbers.byte();
            let step = numbers.byte();
            let bytes = (0..stride * rows).map(|i| first.wrapping_add(step.wrapping_mul(i as u8)));
            (bytes.collect(), stride)
        };
        let planes = (0..format.plane_count()).map(plane).collect();
        Self {
            format,
            width,
            height,
            colorimetry: Colorimetry {
                matrix,
                range,
                siting,
            },
            planes,
        }
    }

    fn picture(&self) -> Picture<'_> {
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
        .expect("the planes are large enough")
    }

    /// What `pack` writes into planes full of padding.
    fn packed(&self, blurred: &Frame, sharp: &Frame, mix: &Mix) -> Vec<Vec<u8>> {
        let mut out: Vec<_> = self
            .planes
            .iter()
            .map(|(bytes, _)| vec![PADDING; bytes.len()])
            .collect();
        let strides = self.planes.iter().map(|(_, stride)| *stride);
        let planes = out.iter_mut().map(Vec::as_mut_slice).zip(strides);
        let made = PictureMut::new(
            self.format,
            self.width,
            self.height,
            self.colorimetry,
            planes,
        );
        let mut output = made.expect("as large as the input");
        pack(&self.picture(), blurred, sharp, mix, &mut output).expect("all sizes agree");
        out
    }

    /// Padding is as it was; with `same`, pixels are those of the input.
    fn check(&self, out: &[Vec<u8>], same: bool) {
        for (index, (bytes, stride)) in self.planes.iter().enumerate() {
            let (row, _) = self
                .format
                .plane_size(index, self.width, self.height)
                .expect("small");
            let rows = bytes.chunks(*stride).zip(out[index].chunks(*stride));
            for (input, output) in rows {
                assert!(!same || input[..row] == output[..row]);
                assert!(output[row..].iter().all(|byte| *byte == PADDING));
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let mut numbers = Numbers(input);
    let case = Case::new(&mut numbers);
    let mut blurred = Frame::new(1, 1);
    unpack(&case.picture(), &mut blurred).expect("a small frame");
    assert!(
        blurred
            .data()
            .iter()
            .all(|value| (0.0..=1.0).contains(value))
    );

    let at = numbers.float();
    let split = match numbers.byte() % 3 {
        0 => Split::None,
        1 => Split::Vertical(at),
        _ => Split::Horizontal(at),
    };
    let mix = Mix {
        strength: numbers.float(),
        split,
    };
    case.check(&case.packed(&blurred, &blurred, &mix), true);

    let mut sharp = blurred.clone();
    let few = [
        numbers.float(),
        numbers.float(),
        numbers.float(),
        numbers.float(),
    ];
    let stride = usize::from(numbers.byte()) + 1;
    for (value, new) in sharp
        .data_mut()
        .iter_mut()
        .step_by(stride)
        .zip(few.iter().cycle())
    {
        *value = *new;
    }
    case.check(&case.packed(&blurred, &sharp, &mix), false);
});
