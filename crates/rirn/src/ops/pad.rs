// SPDX-License-Identifier: MIT OR Apache-2.0
//! Padding to the size that a network can halve (replicate: works for every size from 1 on,
//! reflection would need more pixels than it pads).

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
    Ok(x.f_replication_pad2d([0, right, 0, bottom])?)
}

#[cfg(test)]
mod tests {
    use super::pad_to_multiple;
    use crate::ops::is_channels_last;
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
