// SPDX-License-Identifier: MIT OR Apache-2.0
//! The own form behind [`Conv2d`] against LibTorch in float64: how tensors may lie in memory, and
//! which calls are left to LibTorch.

use super::Noise;
use crate::ops::conv::Conv2d;
use crate::ops::conv::own::{Layer, OwnForm};
use crate::ops::{is_channels_last, zeros};
use tch::{Device, Kind, Tensor};

/// Seeded numbers, planar.
fn random(seed: u64, size: &[i64]) -> Tensor {
    let count = usize::try_from(size.iter().product::<i64>()).expect("a count");
    Tensor::from_slice(&Noise(seed).numbers(count)).view(size)
}

/// The same numbers in channels-last memory.
fn channels_last(x: &Tensor) -> Tensor {
    let (n, c, h, w) = x.size4().expect("a map");
    let mut y = zeros([n, c, h, w], Kind::Float, Device::Cpu).expect("zeros");
    y.copy_(x);
    assert!(is_channels_last(&y));
    y
}

fn weights(input: i64, out: i64) -> (Tensor, Tensor) {
    square_weights(input, out, 3)
}

fn square_weights(input: i64, out: i64, kernel: i64) -> (Tensor, Tensor) {
    let scale = ((kernel * kernel * input) as f64).sqrt();
    let weight = random(1, &[out, input, kernel, kernel]) / scale;
    (weight, random(2, &[out]))
}

/// Output channels that the own form takes.
fn outputs(form: (i64, i64)) -> i64 {
    if form == (3, 1) { 7 } else { 19 }
}

/// What LibTorch computes in float64.
fn expected(x: &Tensor, residual: Option<&Tensor>, relu: bool) -> Tensor {
    expected_of((3, 1), x, residual, relu)
}

/// The same for a kernel and a stride.
fn expected_of(
    (kernel, stride): (i64, i64),
    x: &Tensor,
    residual: Option<&Tensor>,
    relu: bool,
) -> Tensor {
    let (weight, bias) = square_weights(x.size()[1], outputs((kernel, stride)), kernel);
    let double = |x: &Tensor| x.to_kind(Kind::Double);
    let (x, weight, bias) = (double(x), double(&weight), double(&bias));
    let (strides, padding) = ([stride; 2], [kernel / 2; 2]);
    let mut y = x.conv2d(&weight, Some(&bias), strides, padding, [1, 1], 1);
    if let Some(residual) = residual {
        y += double(residual);
    }
    if relu { y.relu() } else { y }
}

fn check(x: &Tensor, residual: Option<&Tensor>, relu: bool) {
    check_of((3, 1), x, residual, relu);
}

fn check_of(form: (i64, i64), x: &Tensor, residual: Option<&Tensor>, relu: bool) {
    let (weight, bias) = square_weights(x.size()[1], outputs(form), form.0);
    let layer = Conv2d::new(weight, bias, form.1);
    let y = layer.run(x, residual, relu).expect("a convolution");
    let expected = expected_of(form, x, residual, relu);
    assert_eq!(y.size(), expected.size());
    let difference = (y.to_kind(Kind::Double) - expected).abs();
    let most = difference.max().double_value(&[]);
    let (size, steps) = (x.size(), x.stride());
    assert!(most < 2e-5, "{most}: {form:?} {size:?} steps {steps:?}");
}

#[test]
fn every_tiny_map_in_both_orders_of_memory() {
    for (height, width) in (1..=5).flat_map(|h| (1..=5).map(move |w| (h, w))) {
        for channels in [1, 3, 9] {
            let x = random(3, &[1, channels, height, width]);
            let residual = random(4, &[1, 7, height, width]);
            for relu in [false, true] {
                check(&x, None, relu);
                check(&channels_last(&x), None, relu);
                check(&x, Some(&channels_last(&residual)), relu);
                check(&channels_last(&x), Some(&residual), relu);
            }
        }
    }
}

#[test]
fn every_kernel_and_stride_in_both_orders_of_memory() {
    for (kernel, stride) in [1, 3, 5, 7].into_iter().flat_map(|k| [(k, 1), (k, 2)]) {
        for (height, width) in (1..=6).flat_map(|h| [1, 2, 5, 6, 33].map(|w| (h, w))) {
            let x = random(3, &[1, 9, height, width]);
            let (down, across) = (
                (height + stride - 1) / stride,
                (width + stride - 1) / stride,
            );
            let residual = random(4, &[1, outputs((kernel, stride)), down, across]);
            for x in [
                x.shallow_clone(),
                channels_last(&x),
                channels_last(&x).narrow(1, 2, 3),
            ] {
                check_of((kernel, stride), &x, None, false);
                check_of((kernel, stride), &x, Some(&residual), true);
            }
        }
    }
}

#[test]
fn the_own_form_takes_odd_kernels_with_strides_of_one_and_two() {
    let takes = |kernel, stride, input, out| {
        let (weight, bias) = square_weights(input, out, kernel);
        let layer = Layer {
            weight: &weight,
            bias: &bias,
            stride,
        };
        let x = channels_last(&random(3, &[1, input, 4, 5]));
        let y = OwnForm::default().run(layer, &[&x], None, false);
        y.expect("it runs").is_some()
    };
    for (kernel, stride, input, out) in [
        (3, 1, 1, 1),
        (5, 1, 48, 24),
        (5, 1, 3, 20),
        (5, 2, 16, 24),
        (1, 1, 32, 32),
        (1, 2, 32, 8),
    ] {
        assert!(takes(kernel, stride, input, out));
    }
    assert!(!takes(5, 3, 48, 24));
}

/// An even kernel with this padding makes the map larger, which the own form does not.
#[test]
fn even_and_oblong_kernels_are_left_to_libtorch() {
    let x = channels_last(&random(3, &[1, 5, 8, 9]));
    for (weight, size) in [([7, 5, 4, 4], [1, 7, 9, 10]), ([7, 5, 3, 1], [1, 7, 8, 11])] {
        let layer = Conv2d::new(random(1, &weight), random(2, &[7]), 1);
        let y = layer.run(&x, None, false).expect("a convolution");
        assert_eq!(y.size(), size);
    }
    let layer = Conv2d::new(random(1, &[7, 5, 3, 3]), random(2, &[7]), 3);
    let y = layer.run(&x, None, false).expect("a convolution");
    assert_eq!(y.size(), [1, 7, 3, 3]);
}

/// A residual that LibTorch would stretch over the map.
#[test]
fn a_residual_of_another_size_is_left_to_libtorch() {
    let x = channels_last(&random(3, &[1, 5, 8, 9]));
    let (weight, bias) = square_weights(5, 19, 5);
    let layer = Conv2d::new(weight, bias, 2);
    let residual = random(4, &[1, 19, 1, 1]);
    let y = layer.run(&x, Some(&residual), false).expect("it runs");
    let difference = (y - layer.run(&x, None, false).expect("it runs") - residual).abs();
    assert!(difference.max().double_value(&[]) < 2e-5);
}

#[test]
fn slices_of_wider_maps() {
    let wide = random(5, &[1, 24, 13, 18]);
    for wide in [wide.shallow_clone(), channels_last(&wide)] {
        for x in [
            wide.narrow(1, 0, 12),
            wide.narrow(1, 12, 12),
            wide.narrow(1, 5, 1),
            wide.narrow(2, 3, 7),
            wide.narrow(3, 2, 9),
            wide.narrow(1, 4, 9).narrow(2, 2, 1),
            wide.narrow(1, 4, 9).narrow(3, 2, 1),
            wide.narrow(1, 4, 9).narrow(2, 2, 1).narrow(3, 5, 1),
            wide.transpose(2, 3),
            wide.narrow(1, 3, 1).expand([1, 9, 13, 18], false),
        ] {
            let (_, _, height, width) = x.size4().expect("a map");
            check(&x, None, false);
            let residual = channels_last(&random(6, &[1, 20, height, width]));
            check(&x, Some(&residual.narrow(1, 13, 7)), true);
        }
    }
}

#[test]
fn several_pictures_at_once_and_other_kinds_are_left_to_libtorch() {
    check(&random(7, &[2, 5, 6, 7]), None, true);
    let (weight, bias) = weights(5, 7);
    let double = |x: Tensor| x.to_kind(Kind::Double);
    let layer = Conv2d::new(double(weight), double(bias), 1);
    let x = double(random(8, &[1, 5, 6, 7]));
    let y = layer.run(&x, None, false).expect("a convolution");
    assert_eq!(y.kind(), Kind::Double);
    assert!(
        (y - expected(&x, None, false))
            .abs()
            .max()
            .double_value(&[])
            < 1e-12
    );
}

#[test]
fn gradients_reach_input_weight_and_residual() {
    let (weight, bias) = weights(5, 7);
    let leaf = |x: Tensor| x.set_requires_grad(true);
    for (asks_x, asks_weight) in [(true, false), (false, true)] {
        let x = random(9, &[1, 5, 6, 7]).set_requires_grad(asks_x);
        let weight = weight.copy().set_requires_grad(asks_weight);
        let residual = leaf(random(10, &[1, 7, 6, 7]));
        let layer = Conv2d::new(weight.shallow_clone(), bias.copy(), 1);
        let y = layer.run(&x, Some(&residual), false).expect("it runs");
        y.sum(Kind::Float).backward();
        assert!(residual.grad().defined());
        assert_eq!(x.grad().defined(), asks_x);
        assert_eq!(weight.grad().defined(), asks_weight);
    }
}

#[test]
fn weights_written_after_the_first_call_are_seen() {
    let (mut weight, mut bias) = weights(5, 7);
    let x = random(11, &[1, 5, 6, 7]);
    let layer = Conv2d::new(weight.shallow_clone(), bias.shallow_clone(), 1);
    let before = layer.run(&x, None, false).expect("it runs");
    let _ = weight.g_mul_scalar_(2.0);
    let _ = bias.g_mul_scalar_(2.0);
    let after = layer.run(&x, None, false).expect("it runs");
    assert!((before * 2.0 - after).abs().max().double_value(&[]) < 2e-5);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (weight, bias) = weights(16, 24);
    let x = channels_last(&random(12, &[1, 16, 50, 60]));
    let layer = Conv2d::new(weight, bias, 1);
    let threads = tch::get_num_threads();
    let mut runs = [1, 3, 2].into_iter().map(|threads| {
        tch::set_num_threads(threads);
        layer.run(&x, None, false).expect("it runs")
    });
    let first = runs.next().expect("a run");
    assert!(runs.all(|other| other == first));
    tch::set_num_threads(threads);
}
