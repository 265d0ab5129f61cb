// SPDX-License-Identifier: MIT OR Apache-2.0
//! Padding to the size that a network can halve (replicate: works for every size from 1 on,
//! reflection would need more pixels than it pads). Where own kernels compute, by the own threads and
//! into spare maps, so that a size which is no multiple costs little.

use super::conv::own::{self, Rows};
use super::spare;
use crate::error::Result;
use tch::Tensor;

/// `x` `[batch, channels, height, width]`, continued right and bottom to the next multiples by
/// repeating the last column and row.
pub(crate) fn pad_to_multiple(x: &Tensor, multiple: i64) -> Result<Tensor> {
    let (_, _, height, width) = x.size4()?;
    let (bottom, right) = (
        (-height).rem_euclid(multiple),
        (-width).rem_euclid(multiple),
    );
    if (right, bottom) == (0, 0) {
        return Ok(x.shallow_clone());
    }
    match by_rows(x, [height + bottom, width + right])? {
        Some(padded) => Ok(padded),
        None => Ok(x.f_replication_pad2d([0, right, 0, bottom])?),
    }
}

/// `x` as a new map of so many rows and columns, the last ones repeated where there are more than before;
/// nothing where own kernels cannot read it.
pub(super) fn by_rows(x: &Tensor, [height, width]: [i64; 2]) -> Result<Option<Tensor>> {
    let Some(from) = own::takes(x).then(|| Rows::of(x)).flatten() else {
        return Ok(None);
    };
    let (_, channels, ..) = x.size4()?;
    let mut made = spare::map(channels, height, width)?;
    let Some(into) = own::numbers_to_write(&mut made) else {
        return Ok(None);
    };
    let pixel = channels as usize;
    let rows = into.chunks_mut(pixel * width as usize).enumerate();
    own::in_parallel(rows, |(y, into)| {
        let from = from.row(y.min(from.count() - 1));
        let (there, beyond) = into.split_at_mut(from.len().min(into.len()));
        there.copy_from_slice(&from[..there.len()]);
        for more in beyond.chunks_exact_mut(pixel) {
            more.copy_from_slice(&from[from.len() - pixel..]);
        }
    });
    Ok(Some(made))
}

#[cfg(test)]
mod tests {
    use super::{by_rows, pad_to_multiple};
    use crate::ops::is_channels_last;
    use crate::ops::noise::Noise;
    use tch::{Kind, Tensor};

    #[test]
    fn the_last_row_and_column_are_repeated() {
        let x = Tensor::arange(6, (Kind::Float, tch::Device::Cpu)).view([1, 1, 2, 3]);
        let padded = pad_to_multiple(&x, 4).expect("padding works");
        let expected = Tensor::from_slice(&[
            0f32, 1., 2., 2., 3., 4., 5., 5., 3., 4., 5., 5., 3., 4., 5., 5.,
        ])
        .view([1, 1, 4, 4]);
        assert_eq!(padded, expected);
    }

    #[test]
    fn padding_is_libtorchs_in_every_order_and_can_be_undone() {
        let mut noise = Noise(3);
        for (channels, height, width) in [(3, 5, 6), (3, 8, 7), (15, 9, 8), (1, 1, 1), (3, 67, 131)]
        {
            let x = noise.map(channels, (height, width));
            let [right, bottom] = [width, height].map(|side| (4 - side % 4) % 4);
            let expected = x.replication_pad2d([0, right, 0, bottom]);
            for x in [x.shallow_clone(), x.contiguous(), x.to_kind(Kind::Double)] {
                let padded = pad_to_multiple(&x, 4).expect("padding works");
                assert_eq!(padded.to_kind(Kind::Float), expected);
            }
            let view = expected.narrow(2, 0, height).narrow(3, 0, width);
            let cropped = by_rows(&view, [height, width]).expect("cropping works");
            if let Some(cropped) = cropped {
                assert!(is_channels_last(&cropped));
                assert_eq!(cropped, x);
            }
        }
    }

    #[test]
    fn one_pixel_becomes_a_square() {
        let x = Tensor::from_slice(&[7f32]).view([1, 1, 1, 1]);
        let padded = pad_to_multiple(&x, 4).expect("padding works");
        assert_eq!(
            padded,
            Tensor::full([1, 1, 4, 4], 7, (Kind::Float, tch::Device::Cpu))
        );
    }

    #[test]
    fn padding_keeps_channels_last_memory() {
        let x = crate::ops::zeros([1, 3, 5, 6], Kind::Float, tch::Device::Cpu).expect("zeros");
        assert!(is_channels_last(&x));
        assert!(is_channels_last(
            &pad_to_multiple(&x, 4).expect("padding works")
        ));
    }
}
