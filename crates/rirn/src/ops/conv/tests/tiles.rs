// SPDX-License-Identifier: MIT OR Apache-2.0
//! The form in tiles: every unit of this machine against the plain form with factors of bfloat16, what is
//! refused, and numbers that are special.

use super::{Case, Noise};
use crate::ops::conv::job::Misfit;
use crate::ops::conv::parallel::Inline;
use crate::ops::conv::pool::Pool;
use crate::ops::conv::simd::{Isa, switch_is};
use crate::ops::conv::tiles::{Tiles, Unit, from_bf16, to_bf16};

/// Kernels and strides.
const FORMS: [(usize, usize); 6] = [(1, 1), (1, 2), (3, 1), (3, 2), (5, 1), (5, 2)];

fn units() -> impl Iterator<Item = Unit> {
    Unit::ALL.into_iter().filter(|unit| unit.usable())
}

/// Compares every unit with the plain form. Sums of float32 in another order are as near as those of the
/// other forms.
fn check(case: Case) {
    for unit in units() {
        let unit = Some(unit);
        let case = Case {
            unit,
            ..case.clone()
        };
        let (most, _) = case.error(Isa::Portable, &Inline);
        assert!(most < 2e-5, "{most} in {case:?}");
    }
}

#[test]
fn all_small_sizes() {
    for form in FORMS {
        for height in 1..=6 {
            for width in 1..=6 {
                check(Case::direct(form, (height, width), &[3], 5));
            }
        }
    }
}

#[test]
fn all_widths_around_blocks() {
    for (form, inputs) in [((3, 1), &[2][..]), ((5, 2), &[2]), ((3, 2), &[1, 1])] {
        for width in (1..=4).chain(29..=36).chain(62..=68) {
            for out in [3, 16, 20] {
                check(Case::direct(form, (2, width), inputs, out));
            }
        }
    }
}

#[test]
fn all_channel_counts() {
    for channels in 1..=70 {
        check(Case::direct((3, 1), (3, 5), &[channels], 9));
        check(Case::direct((1, 1), (3, 5), &[channels], 17));
        check(Case::direct((3, 1), (2, 7), &[9], channels));
    }
    for (form, input, out) in [((3, 1), 80, 80), ((5, 1), 48, 60), ((1, 1), 300, 133)] {
        check(Case::direct(form, (5, 34), &[input], out));
    }
}

#[test]
fn several_sources_and_maps_within_others() {
    for inputs in [&[1, 1][..], &[3, 8], &[20, 60], &[17, 1, 16], &[33, 7, 2]] {
        for extra in [0, 1, 24] {
            for form in [(1, 1), (5, 1), (3, 2)] {
                let mut case = Case::direct(form, (6, 13), inputs, 21);
                case.extra = extra;
                check(case);
            }
        }
    }
}

#[test]
fn seeded() {
    let mut noise = Noise(79);
    for seed in 0..120 {
        let mut inputs = vec![1 + noise.below(40)];
        while noise.below(3) == 0 {
            inputs.push(1 + noise.below(25));
        }
        let form = FORMS[noise.below(FORMS.len())];
        let size = (1 + noise.below(40), 1 + noise.below(50));
        let mut case = Case::direct(form, size, &inputs, 1 + noise.below(70));
        case.extra = [0, 0, 1, 8, 13][noise.below(5)];
        case.residual = noise.below(2) == 0;
        case.relu = noise.below(2) == 0;
        case.seed = seed;
        check(case);
    }
}

#[test]
fn threads_change_nothing() {
    let pool = Pool::new(4);
    for (form, unit) in [(5, 1), (3, 2)]
        .into_iter()
        .flat_map(|form| units().map(move |unit| (form, unit)))
    {
        let mut case = Case::direct(form, (61, 43), &[7, 3], 20);
        (case.residual, case.unit) = (true, Some(unit));
        let data = case.data();
        let bits = |output: Vec<f32>| -> Vec<u32> { output.iter().map(|x| x.to_bits()).collect() };
        let alone = bits(case.run(Isa::Portable, &data, &Inline));
        for _ in 0..10 {
            assert!(alone == bits(case.run(Isa::Portable, &data, &pool)));
        }
    }
}

/// A step reads on behind its taps, where weights of zero stand: what is not a number may spoil pixels
/// to its left, as many as the zeros cover, but none elsewhere, and never is it lost.
#[test]
fn not_a_number_stays_near_and_is_not_lost() {
    for (unit, form) in units().flat_map(|unit| FORMS.map(|form| (unit, form))) {
        let (kernel, stride) = form;
        for (y, x) in [(4, 5), (0, 0), (8, 50), (3, 49), (8, 0)] {
            let mut case = Case::direct(form, (9, 51), &[4], 17);
            (case.relu, case.unit) = (true, Some(unit));
            let mut data = case.data();
            data.sources[0][(y * 51 + x) * 4] = f32::NAN;
            let output = case.run(Isa::Portable, &data, &Inline);
            let across = case.size().1;
            let behind = (kernel * 4_usize).next_multiple_of(32).div_ceil(4) - kernel;
            for (i, pixel) in output.chunks_exact(17).enumerate() {
                let (v, u) = (i / across * stride, i % across * stride);
                let near = v.abs_diff(y) <= kernel / 2 && u.abs_diff(x) <= kernel / 2;
                let perhaps =
                    v.abs_diff(y) <= kernel / 2 && (u..=u + kernel / 2 + behind).contains(&x);
                let spoilt = pixel.iter().all(|x| x.is_nan());
                assert!(spoilt || !near, "lost at {v} {u} with {form:?}");
                assert!(near || perhaps || pixel.iter().all(|x| x.is_finite()));
            }
        }
    }
}

#[test]
fn misfits_are_refused_and_nothing_is_written() {
    let weights = [1.0; 9 * 2 * 3];
    for unit in units() {
        let layer = |inputs: &[usize], form| Tiles::new(unit, &weights, &[0.0; 3], inputs, form);
        assert!(layer(&[2], (3, 1)).is_ok() && layer(&[1, 1], (3, 2)).is_ok());
        for (inputs, form) in [
            (&[1][..], (3, 1)),
            (&[2, 0], (3, 1)),
            (&[2], (3, 3)),
            (&[2], (2, 1)),
        ] {
            assert!(layer(inputs, form).is_err(), "{inputs:?} {form:?}");
        }
        assert!(matches!(layer(&[usize::MAX, 2], (3, 1)), Err(Misfit(_))));
    }
    if !Unit::Amx.usable() {
        assert!(Tiles::new(Unit::Amx, &weights, &[0.0; 3], &[2], (3, 1)).is_err());
    }
}

/// Linux lists the flags only where it also saves the tiles on a change of tasks.
#[cfg(target_os = "linux")]
#[test]
fn tiles_are_used_where_the_system_lists_them() {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags"));
    let flags: Vec<_> = flags.unwrap_or_default().split_whitespace().collect();
    let wanted = ["avx512f", "avx512_bf16", "amx_tile", "amx_bf16"];
    let listed = wanted.iter().all(|wanted| flags.contains(wanted));
    assert_eq!(Unit::Amx.usable(), listed && !switch_is("avx2"));
}

#[test]
fn rounding_is_to_nearest_even() {
    for (x, rounded) in [
        (1.0, 1.0),
        (-1.0 - 1.0 / 256.0, -1.0),
        (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0),
        (1.0 + 1.1 / 256.0, 1.0 + 2.0 / 256.0),
        (f32::INFINITY, f32::INFINITY),
        (f32::MAX, f32::INFINITY),
        (-0.0, -0.0),
    ] {
        assert_eq!(
            from_bf16(to_bf16(x)).to_bits(),
            f32::to_bits(rounded),
            "{x}"
        );
    }
    for bits in [0x7fc0_0000, 0xff80_0001, 0x7f80_0001] {
        assert!(from_bf16(to_bf16(f32::from_bits(bits))).is_nan());
    }
}
