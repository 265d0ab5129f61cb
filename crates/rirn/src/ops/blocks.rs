// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames as maps of blocks of 4×4 pixels: 48 channels at a quarter of the size, in the order row
//! and column within the block, colour. In channels-last memory twelve neighbouring numbers of a
//! row stay neighbours.

use super::conv::own;
use super::spare;
use crate::error::Result;
use tch::Tensor;

/// Edge of a block in pixels.
pub(crate) const BLOCK: i64 = 4;
/// Values of a row of a block.
const PIECE: usize = 12;
/// Values of a block.
const VALUES: usize = 48;

/// The frame `[1, 3, 4h, 4w]` as a map of blocks `[1, 48, h, w]`.
pub(crate) fn blocks_of_frame(frame: &Tensor) -> Result<Tensor> {
    blocks_less(frame, 0.0)
}

/// Each value less `middle`.
fn blocks_less(frame: &Tensor, middle: f32) -> Result<Tensor> {
    let (_, _, height, width) = frame.size4()?;
    let (h, w) = (height / BLOCK, width / BLOCK);
    if own::takes(frame)
        && let Some(from) = own::numbers_in_order(frame)
    {
        let mut blocks = spare::map(VALUES as i64, h, w)?;
        if let Some(into) = own::numbers_to_write(&mut blocks) {
            // `h` rows of blocks, and as many bands of four rows of the frame.
            let across = into.len() / h.max(1) as usize;
            let bands = into.chunks_mut(across).zip(from.chunks(across));
            own::in_parallel(bands, |(into, band)| gather(into, band, middle));
            return Ok(blocks);
        }
    }
    let frame = match middle {
        0.0 => frame.shallow_clone(),
        _ => frame.f_sub_scalar(f64::from(middle))?,
    };
    let blocks = frame
        .f_permute([0, 2, 3, 1])?
        .f_reshape([h, BLOCK, w, BLOCK * 3])?
        .f_permute([0, 2, 1, 3])?
        .f_reshape([1, h, w, BLOCK * BLOCK * 3])?;
    Ok(blocks.f_permute([0, 3, 1, 2])?)
}

/// The same around 0 of a frame around 0.5, whose numbers own kernels can read.
pub(crate) fn centred_blocks_of_frame(frame: &Tensor) -> Result<Tensor> {
    blocks_less(frame, 0.5)
}

/// A map of blocks `[1, 48, h, w]`, of which the first begins one pixel above and left of the frame,
/// as the frame `[1, 3, 4h, 4w]`. The last row and column lie in blocks that are not there: their
/// numbers mean nothing.
pub(crate) fn frame_of_shifted_blocks(blocks: &Tensor) -> Result<Tensor> {
    let (_, _, h, w) = blocks.size4()?;
    let (height, width) = (BLOCK * h, BLOCK * w);
    if let Some(frame) = by_rows(blocks, |y, into, from| {
        scatter(into, from, y, |_, piece| piece)
    })? {
        return Ok(frame);
    }
    // One pixel more on every side takes what lies outside, and keeps rows of blocks whole.
    let options = (blocks.f_kind()?, blocks.device());
    let room = Tensor::f_empty([height + 2, width + 2, 3], options)?;
    let covered = room.f_narrow(0, 0, height)?.f_narrow(1, 0, width)?;
    let (down, right) = (3 * (width + 2), 3);
    let mut places = covered.f_as_strided(
        [h, w, BLOCK, BLOCK * 3],
        [BLOCK * down, BLOCK * right, down, 1],
        None::<i64>,
    )?;
    let blocks = blocks
        .f_permute([0, 2, 3, 1])?
        .f_view([h, w, BLOCK, BLOCK * 3])?;
    places.f_copy_(&blocks)?;
    let frame = room.f_narrow(0, 1, height)?.f_narrow(1, 1, width)?;
    Ok(frame.f_permute([2, 0, 1])?.f_unsqueeze(0)?)
}

/// The same with a frame `[1, 3, 4h, 4w]` added to it; nothing where own kernels cannot read one of both.
pub(crate) fn shifted_blocks_onto(blocks: &Tensor, under: &Tensor) -> Result<Option<Tensor>> {
    let (_, _, h, w) = blocks.size4()?;
    let fits = own::takes(under) && under.size() == [1, 3, BLOCK * h, BLOCK * w];
    let Some(under) = fits.then(|| own::numbers_in_order(under)).flatten() else {
        return Ok(None);
    };
    let row = 3 * (BLOCK * w) as usize;
    by_rows(blocks, |y, into, from| {
        let under = &under[row * y..][..row];
        scatter(into, from, y, |place, piece| {
            let under = under[place..].iter().zip(piece);
            let mut sums = [0.0; PIECE];
            for (sum, (under, value)) in sums.iter_mut().zip(under) {
                *sum = value + under;
            }
            sums
        });
    })
}

/// A new frame `[1, 3, 4h, 4w]` whose row `y` `write(y, row, blocks)` fills; nothing where own kernels
/// cannot read the blocks.
fn by_rows(
    blocks: &Tensor,
    write: impl Fn(usize, &mut [f32], &[f32]) + Sync,
) -> Result<Option<Tensor>> {
    let (_, _, h, w) = blocks.size4()?;
    let (height, width) = (BLOCK * h, BLOCK * w);
    let Some(from) = own::takes(blocks)
        .then(|| own::numbers_in_order(blocks))
        .flatten()
    else {
        return Ok(None);
    };
    let mut frame = spare::map(3, height, width)?;
    let Some(into) = own::numbers_to_write(&mut frame) else {
        return Ok(None);
    };
    let rows = into.chunks_mut(3 * width as usize).enumerate();
    own::in_parallel(rows, |(y, into)| write(y, into, from));
    Ok(Some(frame))
}

/// Four rows of a frame to a row of blocks, each value less `middle`.
fn gather(into: &mut [f32], band: &[f32], middle: f32) {
    for (number, row) in band.chunks_exact(band.len() / 4).enumerate() {
        let pieces = row.as_chunks::<PIECE>().0;
        for (block, piece) in into.as_chunks_mut::<VALUES>().0.iter_mut().zip(pieces) {
            // As arrays, so that a copy is a few instructions and no call.
            if let Some(place) = block[PIECE * number..].first_chunk_mut::<PIECE>() {
                *place = piece.map(|value| value - middle);
            }
        }
    }
}

/// Row `y` of the frame: the row below it of all pixels that the blocks cover, without its first pixel;
/// nothing where that lies in blocks that are not there. `made` gives what is written for a piece at a
/// place.
fn scatter(
    into: &mut [f32],
    blocks: &[f32],
    y: usize,
    made: impl Fn(usize, [f32; PIECE]) -> [f32; PIECE],
) {
    let (across, y) = (into.len() / PIECE * VALUES, y + 1);
    let band = blocks.chunks_exact(across).nth(y / 4).unwrap_or_default();
    let blocks = band.as_chunks::<VALUES>().0.iter();
    let mut pieces = blocks.filter_map(|block| block[PIECE * (y % 4)..].first_chunk::<PIECE>());
    let Some(first) = pieces.next() else { return };
    let (begin, rest) = into.split_at_mut(PIECE - 3);
    // The first pixel of the first block is outside.
    let mut shifted = [0.0; PIECE];
    shifted[..PIECE - 3].copy_from_slice(&first[3..]);
    begin.copy_from_slice(&made(0, shifted)[..PIECE - 3]);
    let places = (PIECE - 3..).step_by(PIECE);
    let rest = rest.as_chunks_mut::<PIECE>().0.iter_mut();
    for ((into, piece), place) in rest.zip(pieces).zip(places) {
        *into = made(place, *piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::noise::Noise;
    use tch::{Device, Kind};

    #[test]
    fn a_block_holds_its_rows_one_after_the_other() {
        let numbers = Tensor::arange(8 * 12 * 3, (Kind::Float, Device::Cpu));
        let frame = numbers.view([1, 8, 12, 3]).permute([0, 3, 1, 2]);
        let blocks = blocks_of_frame(&frame).expect("blocks");
        assert_eq!(blocks.size(), [1, 48, 2, 3]);
        assert!(crate::ops::is_channels_last(&blocks));
        for (y, x, colour) in (0..8).flat_map(|y| (0..12).map(move |x| (y, x, (x + y) % 3))) {
            let channel = (y % 4 * 4 + x % 4) * 3 + colour;
            let expected = frame.double_value(&[0, colour, y, x]);
            assert_eq!(blocks.double_value(&[0, channel, y / 4, x / 4]), expected);
        }
    }

    #[test]
    fn blocks_around_zero_and_blocks_onto_a_frame_are_those_of_two_passes() {
        let mut noise = Noise(8);
        let frame = noise.map(3, (20, 28));
        let found = centred_blocks_of_frame(&frame).expect("blocks");
        assert_eq!(found, blocks_of_frame(&(&frame - 0.5)).expect("blocks"));
        let blocks = noise.map(48, (5, 7));
        if let Some(found) = shifted_blocks_onto(&blocks, &frame).expect("a frame") {
            let alone = frame_of_shifted_blocks(&blocks).expect("a frame");
            let inside = |x: &Tensor| x.narrow(2, 0, 19).narrow(3, 0, 27);
            assert_eq!(inside(&found), inside(&(alone + &frame)));
        }
        let small = frame.narrow(2, 0, 16);
        assert!(shifted_blocks_onto(&blocks, &small).expect("no").is_none());
    }

    #[test]
    fn blocks_begin_one_pixel_outside() {
        let (h, w) = (3, 2);
        let numbers = Tensor::arange(h * w * 48, (Kind::Float, Device::Cpu));
        let blocks = numbers.view([1, h, w, 48]).permute([0, 3, 1, 2]);
        let frame = frame_of_shifted_blocks(&blocks).expect("a frame");
        assert_eq!(frame.size(), [1, 3, 12, 8]);
        for (y, x, colour) in (0..11).flat_map(|y| (0..7).map(move |x| (y, x, (x + y) % 3))) {
            let (row, column) = (y + 1, x + 1);
            let channel = (row % 4 * 4 + column % 4) * 3 + colour;
            let expected = blocks.double_value(&[0, channel, row / 4, column / 4]);
            assert_eq!(frame.double_value(&[0, colour, y, x]), expected);
        }
    }
}
