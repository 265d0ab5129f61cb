// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is done to each value by itself, in one pass on all threads: LibTorch has one thread beside
//! the own kernels, and takes five passes through memory for the last step of ATB.
#![allow(unsafe_code)]

use super::conv::own;
use super::{mul, spare};
use crate::error::Result;
use tch::Tensor;

/// Numbers that a thread takes at once.
pub(super) const CHUNK: usize = 16 * 1024;

/// σ(a) ⊙ new + σ(b) ⊙ old, the last step of ATB (table S4), all of one shape; in the memory of `a` where nobody asks for gradients.
pub(crate) fn blend(mut a: Tensor, new: &Tensor, mut b: Tensor, old: &Tensor) -> Result<Tensor> {
    let fits = |x: &Tensor| own::takes(x) && x.size() == a.size();
    if [&a, new, &b, old].into_iter().all(fits)
        && let [Some(new), Some(from), Some(old)] = [new, &b, old].map(own::numbers_in_order)
        && let Some(into) = own::numbers_to_write(&mut a)
    {
        blend_numbers(into, new, from, old);
        spare::give_back(b);
        return Ok(a);
    }
    let mut blended = mul(a.f_sigmoid_()?, new)?;
    let kept = b.f_sigmoid_()?;
    Ok(if blended.requires_grad() {
        blended.f_add(&mul(kept, old)?)?
    } else {
        blended.f_addcmul_(&kept, old)?
    })
}

/// The exact GELU (by the error function, not the tanh formula), in the memory of `x` where nobody
/// asks for gradients.
pub(crate) fn gelu(mut x: Tensor) -> Result<Tensor> {
    if own::takes(&x)
        && let Some(numbers) = own::numbers_to_write(&mut x)
    {
        own::in_parallel(numbers.chunks_mut(CHUNK), gelu_chunk);
        return Ok(x);
    }
    Ok(x.f_gelu("none")?)
}

fn blend_numbers(a: &mut [f32], new: &[f32], b: &[f32], old: &[f32]) {
    let inputs = new
        .chunks(CHUNK)
        .zip(b.chunks(CHUNK))
        .zip(old.chunks(CHUNK));
    own::in_parallel(a.chunks_mut(CHUNK).zip(inputs), |(a, ((new, b), old))| {
        blend_chunk(a, new, b, old);
    });
}

/// A loop for the instructions that own kernels ask for, which makes it one over vectors.
macro_rules! loop_over_vectors {
    ($name:ident($($argument:ident: $type:ty),*) $body:block) => {
        #[cfg(target_arch = "x86_64")]
        fn $name($($argument: $type),*) {
            #[target_feature(enable = "avx2,fma")]
            fn with_avx2($($argument: $type),*) $body
            // SAFETY: own kernels take nothing on processors without AVX2 and FMA.
            unsafe { with_avx2($($argument),*) }
        }

        #[cfg(not(target_arch = "x86_64"))]
        fn $name($($argument: $type),*) $body
    };
}
pub(super) use loop_over_vectors;

loop_over_vectors!(blend_chunk(a: &mut [f32], new: &[f32], b: &[f32], old: &[f32]) {
    for (((a, new), b), old) in a.iter_mut().zip(new).zip(b).zip(old) {
        *a = logistic(*a) * new + logistic(*b) * old;
    }
});

loop_over_vectors!(gelu_chunk(numbers: &mut [f32]) {
    for x in numbers {
        *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
});

/// The error function, off by 3e-7 at most (Abramowitz, Stegun, Handbook of Mathematical Functions,
/// 7.1.26, whose own error is 1.5e-7).
#[inline(always)]
fn erf(x: f32) -> f32 {
    const P: f32 = 0.327_591_1;
    const A: [f32; 5] = [
        1.061_405_4,
        -1.453_152,
        1.421_413_7,
        -0.284_496_74,
        0.254_829_6,
    ];
    let z = x.abs();
    let t = 1.0 / P.mul_add(z, 1.0);
    let series = A[1..].iter().fold(A[0], |sum, term| sum.mul_add(t, *term));
    (1.0 - series * t * exp(-z * z)).copysign(x)
}

#[inline(always)]
pub(super) fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent, off by 3e-7 at most.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    2.0 * logistic(2.0 * x) - 1.0
}

/// e^x with a relative error below 2e-7 from -87 to 87, where it stays beyond; NaN stays NaN. A
/// power of two times a polynomial: the Taylor series to the 7th power, of which the next term is
/// 5e-9 at the ends of its range, which is half of ln 2 to each side.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Added to a number of this range it leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, of which multiples of the first are exact (Cody, Waite 1980).
    const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const SERIES: [f32; 7] = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
    ];
    let x = x.clamp(-87.0, 87.0);
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN2[1], n.mul_add(-LN2[0], x));
    let series = SERIES[1..]
        .iter()
        .fold(SERIES[0], |sum, term| sum.mul_add(r, *term));
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    series.mul_add(r, 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::{blend, exp, gelu, tanh};
    use crate::ops::noise::Noise;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn the_exponential_is_within_its_bound() {
        for step in -86_999..=86_999 {
            let x = step as f32 * 1e-3;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 2e-7, "{x}: {error}");
        }
        assert!(exp(-1e9) > 0.0 && exp(1e9).is_finite() && exp(f32::NAN).is_nan());
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn the_hyperbolic_tangent_is_within_its_bound() {
        let most = (-200_000..=200_000).map(|n| n as f32 * 1e-4).map(|x| {
            let exact = f64::from(x).tanh();
            (f64::from(tanh(x)) - exact).abs()
        });
        let most = most.fold(0.0, f64::max);
        assert!(most < 3e-7, "{most}");
        assert_eq!([tanh(-1e9), tanh(0.0), tanh(1e9)], [-1.0, 0.0, 1.0]);
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn one_pass_gives_what_libtorch_gives_in_five() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(3);
        // Training plays batches without gradients to get old states.
        for (batch, channels, height, width) in
            [(1, 1, 1, 1), (1, 5, 7, 3), (1, 32, 33, 40), (2, 5, 7, 3)]
        {
            let [a, new, b, old] = [(); 4].map(|()| {
                let numbers = noise.tensor(&[batch, height, width, channels]);
                (numbers * 4.0).permute([0, 3, 1, 2])
            });
            let exact = a.sigmoid() * &new + b.sigmoid() * &old;
            // Planar memory is not the own form's business.
            let planar = blend(a.copy().contiguous(), &new, b.copy(), &old).expect("a blend");
            let own = blend(a, &new, b, &old).expect("a blend");
            for blended in [planar, own] {
                let off = (blended - &exact).abs().max().double_value(&[]);
                assert!(off < 4e-6, "{channels} {height} {width}: {off}");
            }
        }
    }

    #[test]
    fn gelu_is_the_exact_one() {
        let _no_grad = tch::no_grad_guard();
        let numbers = Tensor::linspace(-12, 12, 40_001, (Kind::Float, Device::Cpu));
        let exact = numbers.to_kind(Kind::Double).gelu("none");
        let own = gelu(numbers.view([1, 1, 1, -1])).expect("gelu");
        let off = (own.view([-1]) - exact).abs().max().double_value(&[]);
        assert!(off < 1e-6, "{off}");
        let spoiled = gelu(Tensor::from_slice(&[f32::NAN]).view([1, 1, 1, 1])).expect("gelu");
        assert!(spoiled.double_value(&[0, 0, 0, 0]).is_nan());
    }

    #[test]
    fn what_is_no_number_stays_none_and_gradients_come_back() {
        let one = |x: f32| Tensor::from_slice(&[x; 9]).view([1, 1, 3, 3]);
        let spoiled = blend(one(f32::NAN), &one(1.0), one(0.0), &one(1.0)).expect("a blend");
        assert!(spoiled.double_value(&[0, 0, 1, 1]).is_nan());
        let gate = one(0.5).set_requires_grad(true);
        let blended = blend(gate.shallow_clone() * 1.0, &one(2.0), one(0.0), &one(1.0));
        blended.expect("a blend").sum(Kind::Float).backward();
        let logistic = 1.0 / (1.0 + (-0.5_f64).exp());
        let slope = gate.grad().double_value(&[0, 0, 0, 0]);
        assert!(
            (slope - 2.0 * logistic * (1.0 - logistic)).abs() < 1e-6,
            "{slope}"
        );
    }
}
