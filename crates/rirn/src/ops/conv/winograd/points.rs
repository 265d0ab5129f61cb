// SPDX-License-Identifier: MIT OR Apache-2.0
//! The transforms of F(4x4, 3x3) and F(2x2, 5x5) in one dimension (Toom-Cook at 0, ±A, ±B and
//! infinity): six values of the input, of which either four neighbours with three weights each come or
//! two with five.
//! With the usual points ±1, ±2 the corner of a tile is computed five times less exactly; of all
//! multiples of 1/16, ±11/16 and ±3/2 give about the smallest largest error, 1.4 times that of a
//! plain sum. Every factor of the input's transform is exact in float32.
#![allow(unsafe_code)]

use crate::ops::conv::simd::Vector;

/// The smaller point.
const A: f32 = 0.6875;
/// The larger point.
const B: f32 = 1.5;

/// Six neighbours of the input to six values of its transform.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn input<V: Vector>(d: [V; 6]) -> [V; 6] {
    // SAFETY: by the contract of this function.
    unsafe {
        let (a, b) = (V::splat(A), V::splat(B));
        let (aa, bb) = (V::splat(A * A), V::splat(B * B));
        let (sum, product) = (V::splat(A * A + B * B), V::splat(A * A * B * B));
        let even_a = d[2].mul_sub_from(bb, d[4]);
        let odd_a = d[1].mul_sub_from(bb, d[3]);
        let even_b = d[2].mul_sub_from(aa, d[4]);
        let odd_b = d[1].mul_sub_from(aa, d[3]);
        [
            d[0].mul_add(product, d[2].mul_sub_from(sum, d[4])),
            odd_a.mul_add(a, even_a),
            odd_a.mul_sub_from(a, even_a),
            odd_b.mul_add(b, even_b),
            odd_b.mul_sub_from(b, even_b),
            d[1].mul_add(product, d[3].mul_sub_from(sum, d[5])),
        ]
    }
}

/// Six products to the neighbours of the output, four or two.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn output<V: Vector, const E: usize>(m: [V; 6]) -> [V; E] {
    // SAFETY: by the contract of this function.
    unsafe {
        let (even_a, odd_a) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (even_b, odd_b) = (m[3].add(m[4]), m[3].sub(m[4]));
        let (a, b) = (V::splat(A), V::splat(B));
        let (aa, bb) = (V::splat(A * A), V::splat(B * B));
        let (aaa, bbb) = (V::splat(A * A * A), V::splat(B * B * B));
        let mut y = [m[0].add(even_a).add(even_b); E];
        if E == 2 {
            y[1] = odd_b.mul_add(b, odd_a.mul_add(a, m[5]));
        } else {
            y[1] = odd_b.mul_add(b, odd_a.mul(a));
            y[2] = even_b.mul_add(bb, even_a.mul(aa));
            y[3] = odd_b.mul_add(bbb, odd_a.mul_add(aaa, m[5]));
        }
        y
    }
}

/// Weights `[taps][taps]` to their 36 transformed values `[6][6]`.
pub(super) fn weights(w: &[f32], taps: usize) -> [f64; 36] {
    let rows = weight_rows(taps);
    let mut values = [0.0; 36];
    for (i, value) in values.iter_mut().enumerate() {
        for (j, &w) in w.iter().enumerate() {
            *value += rows[i / 6][j / taps] * rows[i % 6][j % taps] * f64::from(w);
        }
    }
    values
}

/// The transform of so many weights as a matrix: at each point the polynomial of the weights over
/// the product of the differences to the other points; at infinity the last weight.
fn weight_rows(taps: usize) -> [Vec<f64>; 6] {
    let (aa, bb) = (f64::from(A * A), f64::from(B * B));
    let row = |point: f32, scale: f64| {
        let powers = (0..taps as i32).map(|power| f64::from(point).powi(power));
        powers.map(|x| x / scale).collect()
    };
    let (scale_a, scale_b) = (2.0 * aa * (aa - bb), 2.0 * bb * (bb - aa));
    let mut last = vec![0.0; taps];
    last[taps - 1] = 1.0;
    [
        row(0.0, aa * bb),
        row(A, scale_a),
        row(-A, scale_a),
        row(B, scale_b),
        row(-B, scale_b),
        last,
    ]
}
