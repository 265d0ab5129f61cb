// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every instruction set of this machine against the plain form.
use super::{Case, Noise, usable};
use crate::ops::conv::parallel::Inline;
use crate::ops::conv::pool::Pool;

#[test]
fn all_small_sizes() {
    for height in 1..=10 {
        for width in 1..=10 {
            Case::new(height, width, &[3], 5).check();
            Case::of_five(height, width, &[3], 5).check();
        }
    }
}

#[test]
fn all_channel_counts() {
    for channels in 1..=50 {
        Case::new(6, 9, &[channels], 9).check();
        Case::new(6, 9, &[9], channels).check();
        Case::of_five(5, 7, &[channels], 9).check();
        Case::of_five(5, 7, &[9], channels).check();
    }
    for (input, out) in [
        (1, 1),
        (80, 80),
        (100, 100),
        (160, 80),
        (144, 32),
        (64, 3),
        (33, 133),
    ] {
        Case::new(9, 14, &[input], out).check();
    }
}

#[test]
fn several_sources() {
    for inputs in [
        &[1, 1][..],
        &[3, 8],
        &[8, 3],
        &[20, 60],
        &[17, 1, 16],
        &[33, 31, 7, 2],
    ] {
        for extra in [0, 1, 24] {
            let mut case = Case::new(7, 13, inputs, 21);
            case.extra = extra;
            case.check();
        }
    }
}

#[test]
fn seeded() {
    let mut noise = Noise(77);
    for seed in 0..250 {
        let mut inputs = vec![1 + noise.below(40)];
        while noise.below(3) == 0 {
            inputs.push(1 + noise.below(40));
        }
        let mut case = Case::new(
            1 + noise.below(40),
            1 + noise.below(40),
            &inputs,
            1 + noise.below(70),
        );
        case.extra = [0, 0, 1, 8, 13][noise.below(5)];
        case.residual = noise.below(2) == 0;
        case.relu = noise.below(2) == 0;
        case.taps = [3, 5][noise.below(2)];
        case.seed = seed;
        case.check();
    }
}

#[test]
fn threads_change_nothing() {
    let pool = Pool::new(4);
    let mut case = Case::new(61, 83, &[20, 12], 40);
    case.residual = true;
    let data = case.data();
    for isa in usable() {
        let alone: Vec<_> = case
            .run(isa, &data, &Inline)
            .iter()
            .map(|x| x.to_bits())
            .collect();
        for _ in 0..20 {
            let shared: Vec<_> = case
                .run(isa, &data, &pool)
                .iter()
                .map(|x| x.to_bits())
                .collect();
            assert!(alone == shared);
        }
    }
}

#[test]
fn error_figures() {
    for isa in usable() {
        for c in [8, 32, 80, 160] {
            for case in [Case::new(48, 48, &[c], 32), Case::of_five(48, 48, &[c], 32)] {
                let (most, rms) = case.error(isa, &Inline);
                assert!(
                    most < 2e-5 && rms < 2e-6,
                    "{isa:?} {c} {}: {most:.2e} {rms:.2e}",
                    case.taps
                );
            }
        }
    }
}
