// SPDX-License-Identifier: MIT OR Apache-2.0
//! The direct form: every instruction set of this machine against the plain form, what is refused,
//! and numbers that are special.
use super::{Case, Noise, usable};
use crate::ops::conv::direct::Direct;
use crate::ops::conv::job::{Job, Misfit, Sink, Source};
use crate::ops::conv::parallel::Inline;
use crate::ops::conv::pool::Pool;
use crate::ops::conv::simd::Isa;

/// Kernels and strides.
const FORMS: [(usize, usize); 8] = [
    (1, 1),
    (1, 2),
    (3, 1),
    (3, 2),
    (5, 1),
    (5, 2),
    (7, 1),
    (7, 2),
];

#[test]
fn all_small_sizes() {
    for form in FORMS {
        for height in 1..=9 {
            for width in 1..=9 {
                Case::direct(form, (height, width), &[3], 5).check();
            }
        }
    }
}

#[test]
fn all_widths() {
    for (form, inputs) in [((5, 1), &[2][..]), ((5, 2), &[2]), ((3, 2), &[1, 1])] {
        for width in 1..=80 {
            for out in [3, 12, 20] {
                Case::direct(form, (2, width), inputs, out).check();
            }
        }
    }
}

#[test]
fn all_channel_counts() {
    for channels in 1..=70 {
        Case::direct((5, 2), (5, 9), &[channels], 9).check();
        Case::direct((1, 1), (5, 9), &[channels], 17).check();
        Case::direct((5, 1), (4, 7), &[9], channels).check();
    }
    for (form, input, out) in [
        ((5, 1), 48, 60),
        ((5, 1), 130, 24),
        ((1, 1), 300, 133),
        ((7, 2), 33, 64),
    ] {
        Case::direct(form, (7, 14), &[input], out).check();
    }
}

#[test]
fn several_sources() {
    for inputs in [&[1, 1][..], &[3, 8], &[20, 60], &[17, 1, 16], &[33, 7, 2]] {
        for extra in [0, 1, 24] {
            for form in [(1, 1), (5, 1), (3, 2)] {
                let mut case = Case::direct(form, (6, 13), inputs, 21);
                case.extra = extra;
                case.check();
            }
        }
    }
}

#[test]
fn seeded() {
    let mut noise = Noise(78);
    for seed in 0..250 {
        let mut inputs = vec![1 + noise.below(25)];
        while noise.below(3) == 0 {
            inputs.push(1 + noise.below(25));
        }
        let form = FORMS[noise.below(FORMS.len())];
        let size = (1 + noise.below(12), 1 + noise.below(90));
        let mut case = Case::direct(form, size, &inputs, 1 + noise.below(70));
        case.extra = [0, 0, 1, 8, 13][noise.below(5)];
        case.residual = noise.below(2) == 0;
        case.relu = noise.below(2) == 0;
        case.seed = seed;
        case.check();
    }
}

#[test]
fn threads_change_nothing() {
    let pool = Pool::new(4);
    for form in [(5, 1), (3, 2)] {
        let mut case = Case::direct(form, (61, 43), &[7, 3], 20);
        case.residual = true;
        let data = case.data();
        for isa in usable() {
            let bits =
                |output: Vec<f32>| -> Vec<u32> { output.iter().map(|x| x.to_bits()).collect() };
            let alone = bits(case.run(isa, &data, &Inline));
            for _ in 0..20 {
                assert!(alone == bits(case.run(isa, &data, &pool)));
            }
        }
    }
}

#[test]
fn not_a_number_stays_with_its_neighbours() {
    for (isa, (kernel, stride)) in usable().flat_map(|isa| FORMS.map(|form| (isa, form))) {
        for (y, x) in [(4, 5), (0, 0), (8, 50), (3, 49), (8, 0)] {
            let mut case = Case::direct((kernel, stride), (9, 51), &[4], 17);
            case.relu = true;
            let mut data = case.data();
            data.sources[0][(y * 51 + x) * 4] = f32::NAN;
            let output = case.run(isa, &data, &Inline);
            let across = case.size().1;
            for (i, pixel) in output.chunks_exact(17).enumerate() {
                let (v, u) = (i / across * stride, i % across * stride);
                let near = v.abs_diff(y) <= kernel / 2 && u.abs_diff(x) <= kernel / 2;
                assert!(pixel.iter().all(|x| x.is_nan() == near));
            }
        }
    }
}

#[test]
fn denormals_and_huge_numbers() {
    for scale in [1e-39_f32, 1e-20, 1e15] {
        let case = Case::direct((5, 1), (7, 9), &[5], 9);
        let mut data = case.data();
        data.bias.fill(0.0);
        data.sources[0].iter_mut().for_each(|x| *x *= scale);
        let plain = case.plain(&data);
        for isa in usable() {
            for (&a, &b) in case.run(isa, &data, &Inline).iter().zip(&plain) {
                let error = (f64::from(a) - b).abs() / f64::from(scale);
                // The format itself is good to 1.4e-45 / 1e-39 there, a few hundred times over.
                let most = if scale < 1e-38 { 1e-3 } else { 2e-5 };
                assert!(error < most, "{error} {isa:?} {scale}");
            }
        }
    }
}

fn run(len: [usize; 3], stride: [usize; 3], height: usize, width: usize) -> Result<(), Misfit> {
    let layer = Direct::new(&[0.5; 2 * 3 * 25], &[0.0; 2], &[3], 5, 2).unwrap();
    let [source, residual, mut output] = len.map(|n| vec![1.0; n]);
    let job = Job {
        height,
        width,
        sources: &[Source {
            data: &source,
            stride: stride[0],
        }],
        residual: Some(Source {
            data: &residual,
            stride: stride[1],
        }),
        relu: false,
        output: Sink {
            data: &mut output,
            stride: stride[2],
        },
    };
    layer.run(job, &Inline)
}

#[test]
fn refused_maps() {
    let strides = [4, 3, 5];
    // 5 * 7 pixels of the source, 3 * 4 of the others.
    let lens = [34 * 4 + 3, 11 * 3 + 2, 11 * 5 + 2];
    assert_eq!(run(lens, strides, 5, 7), Ok(()));
    for map in 0..3 {
        let mut short = lens;
        short[map] -= 1;
        assert!(run(short, strides, 5, 7).is_err());
        let mut narrow = strides;
        narrow[map] = [2, 1, 1][map];
        assert!(run(lens, narrow, 5, 7).is_err());
        let mut endless = strides;
        endless[map] = usize::MAX;
        assert!(run(lens, endless, 5, 7).is_err());
    }
    assert!(run(lens, strides, 6, 7).is_err());
    assert!(run(lens, strides, 0, 7).is_err());
    assert!(run(lens, strides, 5, 0).is_err());
    assert!(run(lens, strides, usize::MAX, 2).is_err());
    assert!(run(lens, strides, usize::MAX / 8, usize::MAX / 8).is_err());
}

#[test]
fn refused_layers() {
    let new = |weights, inputs: &[usize], kernel, stride| {
        Direct::new(&vec![0.0; weights], &[0.0], inputs, kernel, stride)
    };
    assert!(new(75, &[3], 5, 1).is_ok());
    assert!(new(75, &[1, 2], 5, 2).is_ok());
    for (weights, inputs, kernel, stride) in [
        (75, &[2][..], 5, 1),
        (75, &[3, 0], 5, 1),
        (75, &[3], 3, 1),
        (75, &[3], 5, 0),
        (75, &[3], 5, 3),
        (48, &[3], 4, 1),
        (0, &[3], 0, 1),
        (0, &[], 5, 1),
        (25, &[usize::MAX, 2], 5, 1),
        (1, &[1], usize::MAX, 1),
    ] {
        assert!(new(weights, inputs, kernel, stride).is_err());
    }
    assert!(Direct::new(&[], &[], &[3], 5, 1).is_err());
    for isa in Isa::ALL {
        let layer = Direct::with_isa(isa, &[0.0], &[0.0], &[1], (1, 1));
        assert_eq!(layer.is_ok(), isa.usable());
    }
}
