// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is refused, and numbers that are special.
use super::{Case, usable};
use crate::ops::conv::job::{Job, Misfit, Sink, Source};
use crate::ops::conv::memory::Scratch;
use crate::ops::conv::parallel::{Inline, Parallel};
use crate::ops::conv::simd::Isa;
use crate::ops::conv::winograd::Winograd;

fn run(len: [usize; 3], stride: [usize; 3], height: usize, width: usize) -> Result<(), Misfit> {
    let layer = Winograd::new(3, &[0.5; 2 * 3 * 9], &[0.0; 2], &[3]).unwrap();
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
    layer.run(job, &mut Scratch::default(), &Inline)
}

#[test]
fn refused_maps() {
    let strides = [4, 3, 5];
    // 5 * 7 pixels: 34 whole strides and the channels of the last pixel.
    let lens = [34 * 4 + 3, 34 * 3 + 2, 34 * 5 + 2];
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
    assert!(run(lens, strides, 0, 7).is_err());
    assert!(run(lens, strides, 5, 0).is_err());
    assert!(run(lens, strides, usize::MAX, 2).is_err());
    assert!(run(lens, strides, usize::MAX / 8, usize::MAX / 8).is_err());
}

#[test]
fn refused_layers() {
    assert!(Winograd::new(3, &[0.0; 27], &[0.0], &[3]).is_ok());
    assert!(Winograd::new(3, &[0.0; 27], &[0.0], &[2]).is_err());
    assert!(Winograd::new(3, &[0.0; 27], &[0.0], &[3, 0]).is_err());
    assert!(Winograd::new(3, &[], &[], &[3]).is_err());
    assert!(Winograd::new(3, &[], &[0.0], &[]).is_err());
    assert!(Winograd::new(3, &[0.0; 27], &[0.0], &[usize::MAX, 4]).is_err());
    assert!(Winograd::new(5, &[0.0; 75], &[0.0], &[3]).is_ok());
    assert!(Winograd::new(5, &[0.0; 27], &[0.0], &[3]).is_err());
    assert!(Winograd::new(4, &[0.0; 48], &[0.0], &[3]).is_err());
}

#[test]
fn not_a_number_stays() {
    for isa in usable() {
        let mut case = Case::new(9, 11, &[4], 17);
        case.relu = true;
        let mut data = case.data();
        data.sources[0][(4 * 11 + 5) * 4] = f32::NAN;
        let output = case.run(isa, &data, &Inline);
        for (i, pixel) in output.chunks_exact(17).enumerate() {
            let near = (i / 11).abs_diff(4) <= 1 && (i % 11).abs_diff(5) <= 1;
            // A tile is poisoned as a whole, and tiles are 4x4.
            let tiles = (i / 11).abs_diff(4) <= 8 && (i % 11).abs_diff(5) <= 8;
            assert!(!near || pixel.iter().all(|x| x.is_nan()));
            assert!(tiles || pixel.iter().all(|x| !x.is_nan()));
        }
    }
}

#[test]
fn denormals_and_huge_numbers() {
    for scale in [1e-39_f32, 1e-20, 1e15] {
        let case = Case::new(7, 9, &[5], 9);
        let mut data = case.data();
        data.bias.fill(0.0);
        data.sources[0].iter_mut().for_each(|x| *x *= scale);
        let plain = case.plain(&data);
        for isa in usable() {
            for (&a, &b) in case.run(isa, &data, &Inline).iter().zip(&plain) {
                let error = (f64::from(a) - b).abs() / f64::from(scale);
                // The format itself is good to 1.4e-45 / 1e-39 there, a few hundred times over.
                assert!(
                    error < if scale < 1e-38 { 1e-3 } else { 2e-5 },
                    "{error} {isa:?} {scale}"
                );
            }
        }
    }
}

#[test]
fn whoever_hands_out_chunks_cannot_do_harm() {
    /// Calls the body with wrong chunks and threads, and too often.
    struct Careless;
    impl Parallel for Careless {
        fn threads(&self) -> usize {
            0
        }
        fn run(&self, chunks: usize, body: &(dyn Fn(usize, usize) + Sync)) {
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    scope.spawn(move || (0..chunks).for_each(|_| body(usize::MAX, thread)));
                }
            });
        }
    }
    let case = Case::new(40, 50, &[5], 9);
    let data = case.data();
    for isa in usable() {
        assert!(case.run(isa, &data, &Inline) == case.run(isa, &data, &Careless));
    }
}

#[test]
fn an_instruction_set_that_is_missing_is_refused() {
    for isa in Isa::ALL {
        let layer = Winograd::with_isa(isa, 3, &[0.0; 9], &[0.0], &[1]);
        assert_eq!(layer.is_ok(), isa.usable());
    }
    assert!(Isa::best(1).usable() && Isa::best(100).usable());
    assert!(Isa::Portable.usable());
}
