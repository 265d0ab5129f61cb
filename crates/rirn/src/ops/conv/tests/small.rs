// SPDX-License-Identifier: MIT OR Apache-2.0
//! Few small cases that reach every line of the kernels: for Miri, which sees every access that
//! lies outside of a map or races with another one.
use super::pairs::Two;
use super::{Case, usable};
use crate::ops::conv::memory::Scratch;
use crate::ops::conv::parallel::Inline;
use crate::ops::conv::pool::Pool;
use crate::ops::conv::simd::Isa;
use crate::ops::conv::tiles::Unit;

/// Tiles inside and at every border, whole and cut; full and part vectors; two sources with
/// something between their pixels; residual and ReLU.
fn case(wide: usize) -> Case {
    let mut case = Case::new(10, 9, &[3, wide + 1], wide + 2);
    case.extra = 2;
    case.residual = true;
    case.relu = true;
    case
}

#[test]
fn every_line() {
    for isa in usable() {
        let wide = [4, 8, 16][isa as usize];
        for taps in [3, 5] {
            let mut case = case(wide);
            case.taps = taps;
            let (most, _) = case.error(isa, &Inline);
            assert!(most < 2e-5, "{most} with {isa:?}");
        }
        let (most, _) = Case::new(1, 1, &[1], 1).error(isa, &Inline);
        assert!(most < 2e-5, "{most} with {isa:?}");
    }
}

/// Panels of one, two and three vectors, whole and part; segments inside and at both rims; one
/// source without gaps, and two with something between their pixels.
#[test]
fn every_line_of_the_direct_form() {
    for isa in usable() {
        let lanes = [4, 8, 16][isa as usize];
        for out in [1, 2 * lanes, 4 * lanes + 1] {
            let mut case = Case::direct((3, 1), (3, 37), &[2], out);
            let (most, _) = case.error(isa, &Inline);
            assert!(most < 2e-5, "{most} with {isa:?}");
            case = Case::direct((5, 2), (4, 30), &[1, 2], out);
            case.extra = 2;
            case.residual = true;
            case.relu = true;
            let (most, _) = case.error(isa, &Inline);
            assert!(most < 2e-5, "{most} with {isa:?}");
            let (most, _) = Case::direct((1, 1), (2, 30), &[1, 2], out).error(isa, &Inline);
            assert!(most < 2e-5, "{most} with {isa:?}");
        }
    }
}

/// Panels of one and of two tiles, whole and part; blocks whole and cut; strips from one source without
/// gaps and from two that are joined; rows of taps above and below the map.
#[test]
fn every_line_of_the_form_in_tiles() {
    for unit in Unit::ALL.into_iter().filter(|unit| unit.usable()) {
        let mut cases = [
            Case::direct((3, 1), (3, 3), &[2], 17),
            Case::direct((5, 2), (4, 5), &[1, 2], 3),
            Case::direct((1, 1), (1, 34), &[1], 2),
        ];
        cases[1].extra = 2;
        cases[1].residual = true;
        cases[1].relu = true;
        for mut case in cases {
            case.unit = Some(unit);
            let (most, _) = case.error(Isa::Portable, &Inline);
            assert!(most < 2e-5, "{most} with {unit:?}");
        }
    }
}

/// The same for two layers in one call, whose strips are of one map and of the next.
#[test]
fn every_line_of_two_layers_in_tiles() {
    for unit in Unit::ALL.into_iter().filter(|unit| unit.usable()) {
        for (size, channels) in [((3, 34), [2, 17, 1]), ((4, 3), [1, 2, 18])] {
            let two = Two::new(unit, [(3, 1), (3, 1)], size, channels);
            let together = two.together(&mut Scratch::default(), &Inline);
            assert!(two.apart() == together, "{unit:?} {size:?}");
        }
    }
}

#[test]
fn several_threads() {
    let pool = Pool::new(3);
    for isa in usable() {
        let case = Case::new(29, 33, &[2], 2);
        let (most, _) = case.error(isa, &pool);
        assert!(most < 2e-5, "{most} with {isa:?}");
        let case = Case::direct((3, 2), (29, 9), &[2], 2);
        let (most, _) = case.error(isa, &pool);
        assert!(most < 2e-5, "{most} with {isa:?}");
    }
}
