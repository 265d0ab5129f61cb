// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several tensors in place of their join: the same numbers to rounding, wherever they lie, whoever
//! computes them.

use super::Noise;
use crate::ops::cat;
use crate::ops::conv::own::{Layer, OwnForm, is_read_apart};
use crate::ops::conv::{Conv2d, takes};
use tch::{Kind, Tensor};

/// From 1 to `most`.
fn some(noise: &mut Noise, most: usize) -> i64 {
    i64::try_from(1 + noise.below(most)).expect("a count")
}

/// A map of its own, a range of channels of a wider one, or one in planar memory.
fn part(noise: &mut Noise, channels: i64, size: (i64, i64)) -> Tensor {
    match noise.below(4) {
        0 => {
            let wide = noise.map(channels + 11, size);
            wide.narrow(1, 5, channels)
        }
        1 => noise.map(channels, size).contiguous(),
        _ => noise.map(channels, size),
    }
}

fn layer(noise: &mut Noise, input: i64, out: i64, kernel: i64) -> (Tensor, Tensor) {
    let scale = ((kernel * kernel * input) as f64).sqrt();
    let weight = noise.tensor(&[out, input, kernel, kernel]) / scale;
    (weight, noise.tensor(&[out]))
}

fn most(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

/// LibTorch in float64 on the join.
fn exact(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    stride: i64,
    residual: Option<&Tensor>,
    relu: bool,
) -> Tensor {
    let [x, weight, bias] = [x, weight, bias].map(|x| x.to_kind(Kind::Double));
    let padding = [weight.size()[2] / 2; 2];
    let mut y = x.conv2d(&weight, Some(&bias), [stride; 2], padding, [1, 1], 1);
    if let Some(residual) = residual {
        y += residual.to_kind(Kind::Double);
    }
    if relu { y.relu() } else { y }
}

#[test]
fn parts_give_what_their_join_gives() {
    let mut noise = Noise(21);
    for round in 0..160 {
        let (kernel, stride) = [(1, 1), (3, 1), (5, 1), (5, 2), (3, 2)][noise.below(5)];
        let size = (some(&mut noise, 23), some(&mut noise, 40));
        let wide = [3, 8, 25][noise.below(3)];
        let parts: Vec<_> = (0..1 + noise.below(5))
            .map(|_| {
                let channels = some(&mut noise, wide);
                part(&mut noise, channels, size)
            })
            .collect();
        let parts: Vec<_> = parts.iter().collect();
        let joined = cat(&parts).expect("a join");
        let out = some(&mut noise, 40);
        let (weight, bias) = layer(&mut noise, joined.size()[1], out, kernel);
        let relu = noise.below(2) == 0;
        let plain = exact(&joined, (&weight, &bias), stride, None, false);
        let (_, _, height, width) = plain.size4().expect("a map");
        let residual = noise.map(out, (height, width));
        let residual = (noise.below(2) == 0).then_some(&residual);
        let expected = exact(&joined, (&weight, &bias), stride, residual, relu);
        let conv = Conv2d::new(weight, bias, stride);
        for y in [
            conv.run(&parts[..], residual, relu),
            conv.run(&joined, residual, relu),
        ] {
            let off = most(&(y.expect("it runs").to_kind(Kind::Double) - &expected));
            assert!(off < 2e-5, "{round}: {off}");
        }
    }
}

#[test]
fn the_own_form_reads_them_and_packs_anew_for_another_split() {
    let mut noise = Noise(22);
    if !takes(&noise.map(1, (1, 1))) {
        return;
    }
    let x = noise.map(40, (9, 14));
    for kernel in [1, 3] {
        let (weight, bias) = layer(&mut noise, 40, 12, kernel);
        let layer = Layer {
            weight: &weight,
            bias: &bias,
            stride: 1,
        };
        let expected = exact(&x, (&weight, &bias), 1, None, false);
        let form = OwnForm::default();
        for sizes in [&[32, 8][..], &[8, 32], &[40], &[16, 8, 16], &[32, 8]] {
            let parts = x.split_with_sizes(sizes, 1);
            let parts: Vec<_> = parts.iter().collect();
            assert!(is_read_apart(&parts, layer));
            let y = form.run(layer, &parts, None, false).expect("it runs");
            let off = most(&(y.expect("an own kernel").to_kind(Kind::Double) - &expected));
            assert!(off < 2e-5, "{sizes:?}: {off}");
        }
    }
}

#[test]
fn many_narrow_parts_are_joined() {
    let mut noise = Noise(23);
    let (weight, bias) = layer(&mut noise, 16, 8, 3);
    let layer = Layer {
        weight: &weight,
        bias: &bias,
        stride: 1,
    };
    let x = noise.map(16, (9, 14));
    let is_apart = |sizes: &[i64]| {
        let parts = x.split_with_sizes(sizes, 1);
        is_read_apart(&parts.iter().collect::<Vec<_>>(), layer)
    };
    assert!(is_apart(&[8, 8]) && is_apart(&[5, 11]) && !is_apart(&[3, 3, 3, 3, 4]));
}

#[test]
fn gradients_reach_every_part() {
    let mut noise = Noise(24);
    let (weight, bias) = layer(&mut noise, 16, 4, 3);
    let parts = [0, 1].map(|_| noise.map(8, (6, 7)).set_requires_grad(true));
    let conv = Conv2d::new(weight, bias, 1);
    let y = conv.run([&parts[0], &parts[1]], None, false);
    y.expect("it runs").square().sum(Kind::Float).backward();
    for part in &parts {
        assert!(most(&part.grad()) > 0.0);
    }
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let mut noise = Noise(25);
    let (weight, bias) = layer(&mut noise, 16, 4, 3);
    let conv = Conv2d::new(weight, bias, 1);
    let [x, low, narrow] =
        [(8, (6, 7)), (8, (5, 7)), (7, (6, 7))].map(|(n, size)| noise.map(n, size));
    for other in [&low, &narrow] {
        assert!(conv.run([&x, other], None, false).is_err());
        assert!(conv.run([other, &x], None, false).is_err());
    }
    assert!(conv.run(&[][..], None, false).is_err());
}
