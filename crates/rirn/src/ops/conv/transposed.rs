// SPDX-License-Identifier: MIT OR Apache-2.0
//! Transposed convolution with stride 2 and padding 1, kernels of 3 and 4, output exactly twice as
//! large. LibTorch's form is the reference. The own form is a 3×3 convolution to the four pixels that
//! each pixel becomes: pixel 2j + d of the output hears pixel j + (d + 1 − k)/2 through tap k, where
//! that is a whole number, so only pixels j − 1 to j + 1, and zero padding fits as well.

use super::composed::Composed;
use super::{Conv2d, cuda, own, takes, version};
use crate::cancel;
use crate::error::Result;
use crate::ops::spare;
use tch::{Kind, Tensor};

/// A transposed convolution with its tensors: weight `[in, out, k, k]` and bias `[out]`.
pub(crate) struct ConvTranspose2d {
    weight: Tensor,
    bias: Tensor,
    own: Composed,
}

impl ConvTranspose2d {
    /// The tensors may still be undefined, as long as nothing is computed.
    pub(crate) fn new(weight: Tensor, bias: Tensor) -> Self {
        Self {
            weight,
            bias,
            own: Composed::default(),
        }
    }

    /// `[batch, in, height, width]` to `[batch, out, 2·height, 2·width]`, then perhaps ReLU.
    pub(crate) fn run(&self, x: &Tensor, relu: bool) -> Result<Tensor> {
        cancel::check()?;
        let (batch, _, height, width) = x.size4()?;
        let own = self.version()?.filter(|_| batch == 1 && takes(x));
        if let Some(version) = own {
            let fours = self.own.run(version, || self.compose(), x, relu)?;
            return spread(fours, [height, width]);
        }
        // The output padding makes both sides exactly twice as long.
        let output_padding = self.weight.size()[2] % 2;
        let mut y = match cuda::transposed(&self.weight, &self.bias, x, output_padding)? {
            Some(y) => y,
            None => x.f_conv_transpose2d(
                &self.weight,
                Some(&self.bias),
                [2, 2],
                [1, 1],
                [output_padding, output_padding],
                1,
                [1, 1],
            )?,
        };
        Ok(if relu { y.f_relu_()? } else { y })
    }

    /// Changes whenever LibTorch writes into weight or bias; nothing while they are being trained.
    pub(crate) fn version(&self) -> Result<Option<i64>> {
        version(&self.weight, &self.bias)
    }

    /// The same layer in float32.
    pub(crate) fn in_float(&self) -> Result<Self> {
        let [weight, bias] = super::in_kind([&self.weight, &self.bias], Kind::Float)?;
        Ok(Self::new(weight, bias))
    }

    /// `[in, out, k, k]`
    #[cfg(test)]
    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The 3×3 convolution to row and column within the four pixels, output channel.
    fn compose(&self) -> Result<Conv2d> {
        let (input, output, kernel, _) = self.weight.size4()?;
        let options = (self.weight.f_kind()?, self.weight.device());
        let weight = Tensor::f_zeros([2, 2, output, input, 3, 3], options)?;
        for (row, y, down) in taps(kernel) {
            for (column, x, right) in taps(kernel) {
                let from = self.weight.f_select(3, right)?.f_select(2, down)?;
                let to = weight.f_select(0, row)?.f_select(0, column)?;
                let mut to = to.f_select(3, x)?.f_select(2, y)?;
                to.f_copy_(&from.f_transpose(0, 1)?)?;
            }
        }
        let weight = weight.f_view([4 * output, input, 3, 3])?;
        Ok(Conv2d::new(weight, self.bias.f_repeat([4])?, 1))
    }
}

/// Which of two pixels hears through which of the three taps of the convolution which tap of the
/// transposed one.
fn taps(kernel: i64) -> impl Iterator<Item = (i64, i64, i64)> {
    let all = (0..2).flat_map(move |pixel| (0..kernel).map(move |tap| (pixel, tap)));
    let whole = all.filter(|(pixel, tap)| (pixel + 1 - tap) % 2 == 0);
    whole.map(|(pixel, tap)| (pixel, (pixel + 1 - tap) / 2 + 1, tap))
}

/// `[1, 4·out, height, width]`, four pixels each, to `[1, out, 2·height, 2·width]`.
fn spread(fours: Tensor, [height, width]: [i64; 2]) -> Result<Tensor> {
    if let Some(y) = spread_by_rows(&fours, [height, width])? {
        spare::give_back(fours);
        return Ok(y);
    }
    let rows = fours
        .f_permute([0, 2, 3, 1])?
        .f_reshape([height, width, 2, -1])?
        .f_permute([0, 2, 1, 3])?
        .f_reshape([1, 2 * height, 2 * width, -1])?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}

/// The same on all threads, into used memory if there is some; nothing where own kernels cannot read it.
fn spread_by_rows(fours: &Tensor, [height, width]: [i64; 2]) -> Result<Option<Tensor>> {
    let (_, four, ..) = fours.size4()?;
    let mut made = spare::map(four / 4, 2 * height, 2 * width)?;
    let read = own::takes(fours).then(|| own::numbers_in_order(fours));
    let (Some(from), Some(into)) = (read.flatten(), own::numbers_to_write(&mut made)) else {
        return Ok(None);
    };
    let (four, width) = (four as usize, width as usize);
    // Of the four pixels the upper two come first, side by side as in the output.
    let rows = into.chunks_mut(width * four / 2).enumerate();
    own::in_parallel(rows, |(y, into)| {
        let from = from[y / 2 * width * four..].chunks_exact(four);
        for (into, pixels) in into.chunks_exact_mut(four / 2).zip(from) {
            into.copy_from_slice(&pixels[y % 2 * four / 2..][..four / 2]);
        }
    });
    Ok(Some(made))
}

#[cfg(test)]
mod tests {
    use super::ConvTranspose2d;
    use crate::ops::noise::Noise;
    use tch::Tensor;

    #[test]
    fn the_own_form_is_libtorchs() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(5);
        for (kernel, input, output, height, width) in [
            (3, 1, 1, 1, 1),
            (4, 1, 2, 1, 3),
            (3, 5, 7, 6, 4),
            (4, 16, 9, 9, 13),
            (3, 40, 20, 12, 17),
        ] {
            let weight = noise.tensor(&[input, output, kernel, kernel]);
            let bias = noise.tensor(&[output]);
            let x = noise.map(input, (height, width));
            let padding = kernel % 2;
            let exact = x.conv_transpose2d(
                &weight,
                Some(&bias),
                [2, 2],
                [1, 1],
                [padding, padding],
                1,
                [1, 1],
            );
            let layer = ConvTranspose2d::new(weight, bias);
            let most = |x: &Tensor| x.abs().max().double_value(&[]);
            let size = most(&exact);
            for (relu, exact) in [(false, exact.shallow_clone()), (true, exact.relu())] {
                let own = layer.run(&x, relu).expect("it runs");
                assert_eq!(own.size(), exact.size());
                let off = most(&(&own - &exact)) / size;
                assert!(
                    off < 1e-5,
                    "{kernel} {input} {output} {height} {width} {relu}: {off}"
                );
                assert!(crate::ops::is_channels_last(&own));
            }
        }
    }
}
