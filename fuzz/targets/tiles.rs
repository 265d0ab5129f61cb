// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans of tiles: they cover the frame, stay within it, and the shares of a pixel sum up to 1.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rirn::engine::{axis_sums, blended_ones, tile_rects};
use rirn_fuzz::Numbers;

fuzz_target!(|input: &[u8]| {
    let mut numbers = Numbers(input);
    // As large as the caps allow, along one axis.
    let (height, width) = (numbers.size() % 16384 + 1, numbers.size() % 512 + 1);
    let (edge, overlap) = (numbers.size(), numbers.size());
    let rects = tile_rects(height, width, edge, overlap);
    assert!(!rects.is_empty());
    for [top, left, rows, columns] in &rects {
        assert!(*rows > 0 && *columns > 0);
        assert!(top + rows <= height && left + columns <= width);
        assert!(edge == 0 || (*rows).max(*columns) <= edge.max(64));
    }
    let are_ones = |sums: &[f32]| sums.iter().all(|sum| (sum - 1.0).abs() < 1e-4);
    for length in [height, width] {
        let sums = axis_sums(length, edge, overlap);
        assert!(sums.len() == length && are_ones(&sums));
    }
    // Both axes at once: a pixel of a tile costs more than the whole plan of a long axis.
    if height * width <= 1 << 14 {
        let frame = blended_ones(height, width, edge, overlap);
        assert!(are_ones(frame.data()));
    }
});
