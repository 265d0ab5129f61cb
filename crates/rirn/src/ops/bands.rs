// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures to frames and corrections back into pictures by the pixel floor, in bands of rows: by
//! the own threads where own kernels are used, elsewhere by the calling one; and large copies. No bit
//! depends on the bands.

use super::conv::own;
use super::pad::by_rows;
use super::{passes, spare};
use crate::error::{Error, Result};
use crate::pixel::{Mix, Picture, PictureMut, pack_band, unpack_band};
use std::sync::atomic::{AtomicBool, Ordering};
use tch::{Device, Kind, Tensor};

/// Luma rows of a band; even, see [`PictureMut::into_bands`]. Enough of them, so that the tables
/// which each band makes for itself count for nothing.
const ROWS: usize = 32;

/// The picture as a frame `[1, 3, height, width]`, float32, channels last, in the memory of the
/// host: the values of [`crate::pixel::unpack`].
pub(crate) fn unpack(picture: &Picture<'_>) -> Result<Tensor> {
    let (height, width) = (picture.height(), picture.width());
    let size = [1, 3, side(height)?, side(width)?];
    let mut frame = spare::map(3, size[2], size[3])?;
    let values = own::numbers_to_write(&mut frame).ok_or_else(|| out_of_order(&size, size))?;
    let bands: Vec<_> = values.chunks_mut(ROWS * 3 * width).enumerate().collect();
    each(bands, |(place, values)| {
        let first = ROWS * place;
        unpack_band(picture, first..(first + ROWS).min(height), values);
    });
    Ok(frame)
}

/// Writes what [`crate::pixel::pack`] writes, if all of `sharp` is finite, and says whether it is;
/// else `output` means nothing. Frames `[1, 3, height, width]` of any kind and order.
pub(crate) fn pack(
    input: &Picture<'_>,
    blurred: &Tensor,
    sharp: &Tensor,
    mix: &Mix,
    output: PictureMut<'_>,
) -> Result<bool> {
    let size = [1, 3, side(input.height())?, side(input.width())?];
    let in_order = [in_order(blurred, size)?, in_order(sharp, size)?];
    let is_finite = pack_in_order(input, &in_order, mix, output)?;
    for (made, given) in in_order.into_iter().zip([blurred, sharp]) {
        if !spare::share_memory(&made, given) {
            spare::give_back(made);
        }
    }
    Ok(is_finite)
}

/// The same with frames in channels-last order.
fn pack_in_order(
    input: &Picture<'_>,
    [blurred, sharp]: &[Tensor; 2],
    mix: &Mix,
    output: PictureMut<'_>,
) -> Result<bool> {
    let size = [1, 3, side(input.height())?, side(input.width())?];
    let frames = own::numbers_in_order(blurred).zip(own::numbers_in_order(sharp));
    let (blurred, sharp) = frames.ok_or_else(|| out_of_order(&sharp.size(), size))?;
    let finite = AtomicBool::new(true);
    each(output.into_bands(ROWS), |mut band| {
        let rows = band.rows();
        let row = 3 * input.width();
        if passes::all_finite(&sharp[rows.start * row..rows.end * row]) {
            pack_band(input, [blurred, sharp], mix, &mut band);
        } else {
            finite.store(false, Ordering::Relaxed);
        }
    });
    Ok(finite.into_inner())
}

/// Copies a picture into one of the same kind and size, by several threads: one alone takes as long
/// for a large picture as a GPU for a good part of its work.
pub(crate) fn copy(from: &Picture<'_>, to: PictureMut<'_>) {
    own::by_copiers(to.into_bands(ROWS).into_iter(), |mut band| {
        band.copy_from(from)
    });
}

/// Calls `work` with every item.
fn each<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    if own::computes(Kind::Float, Device::Cpu) {
        own::in_parallel(items.into_iter(), work);
    } else {
        items.into_iter().for_each(work);
    }
}

/// A frame of this size as float32 in channels-last order in the memory of the host; itself where it
/// is that.
fn in_order(frame: &Tensor, size: [i64; 4]) -> Result<Tensor> {
    let found = frame.size();
    if found != size {
        return Err(out_of_order(&found, size));
    }
    let here = frame.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
    // Cropped, it has gaps between its rows.
    if own::numbers_in_order(&here).is_none()
        && let Some(made) = by_rows(&here, [size[2], size[3]])?
    {
        return Ok(made);
    }
    let rows = here.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}

fn side(pixels: usize) -> Result<i64> {
    i64::try_from(pixels).map_err(|_| Error::Shape(format!("{pixels} pixels are too many")))
}

/// Sizes are those of the picture; only a network that gives another size is refused.
fn out_of_order(found: &[i64], size: [i64; 4]) -> Error {
    Error::Shape(format!(
        "a frame {found:?} does not have the picture's size, {size:?}, or not its order"
    ))
}

#[cfg(test)]
mod tests {
    use super::{copy, pack, unpack};
    use crate::frame::Frame;
    use crate::ops::is_channels_last;
    use crate::pixel::tests::{Owned, for_all, moved};
    use crate::pixel::{Matrix, Mix, Split};
    use tch::{Kind, Tensor};

    fn tensor(frame: &Frame) -> Tensor {
        let size = [1, frame.height() as i64, frame.width() as i64, 3];
        let rows = Tensor::from_slice(frame.data()).view(size);
        rows.permute([0, 3, 1, 2])
    }

    /// The picture that comes of `sharp`, if all of it is finite.
    fn packed(picture: &Owned, sharp: &Tensor, mix: &Mix) -> Option<Owned> {
        let (input, mut output) = (picture.view(), picture.filled(0xa5));
        let blurred = unpack(&input).expect("a frame");
        let finite = pack(&input, &blurred, sharp, mix, output.view_mut());
        finite
            .expect("frames of the picture's size")
            .then_some(output)
    }

    #[test]
    fn frames_and_pictures_are_those_of_the_pixel_floor() {
        for_all(&[Matrix::Bt601], |picture, dice| {
            let (blurred, frame) = (picture.unpacked(), unpack(&picture.view()));
            let frame = frame.expect("a frame");
            assert!(is_channels_last(&frame));
            assert_eq!(frame, tensor(&blurred));
            let sharp = moved(&blurred, dice);
            let mix = Mix {
                strength: 0.7,
                split: Split::Vertical(0.2),
            };
            let expected = picture.packed(&blurred, &sharp, &mix).rows();
            let sharp = tensor(&sharp);
            let (_, _, height, width) = sharp.size4().expect("a frame");
            let padded = sharp.replication_pad2d([0, 3, 0, 2]);
            let cropped = padded.narrow(2, 0, height).narrow(3, 0, width);
            let planar = [sharp.contiguous(), sharp.to_kind(Kind::Double)];
            for sharp in planar.into_iter().chain([cropped, sharp]) {
                let output = packed(picture, &sharp, &mix).expect("finite");
                assert_eq!(output.rows(), expected);
            }
        });
    }

    #[test]
    fn copies_are_the_picture_and_leave_the_padding_alone() {
        let mut several = 0;
        for_all(&[Matrix::Fcc], |picture, _| {
            let [mut copied, mut expected] = [picture.filled(0xa5), picture.filled(0xa5)];
            copy(&picture.view(), copied.view_mut());
            expected.view_mut().copy_from(&picture.view());
            assert_eq!(copied.rows(), picture.rows());
            assert_eq!(copied.planes, expected.planes);
            several += usize::from(picture.view().height() > super::ROWS);
        });
        assert!(several > 0, "no picture has two bands");
    }

    #[test]
    fn one_value_that_is_not_finite_is_found_wherever_it_is() {
        let mut pictures = 0;
        for_all(&[Matrix::Fcc], |picture, dice| {
            pictures += 1;
            if pictures % 7 > 0 {
                return;
            }
            let mut sharp = picture.unpacked();
            let at = dice.next() as usize % sharp.data().len();
            for wild in [f32::NAN, f32::INFINITY] {
                sharp.data_mut()[at] = wild;
                assert!(packed(picture, &tensor(&sharp), &Mix::default()).is_none());
            }
        });
    }

    #[test]
    fn a_frame_of_another_size_is_refused() {
        for_all(&[Matrix::Bt709], |picture, _| {
            let (input, mut output) = (picture.view(), picture.clone());
            let blurred = unpack(&input).expect("a frame");
            let [wide, none] = [blurred.repeat([1, 1, 1, 2]), blurred.narrow(2, 0, 0)];
            for sharp in [wide, none] {
                let refused = pack(&input, &blurred, &sharp, &Mix::default(), output.view_mut());
                let text = refused.expect_err("another size").to_string();
                let sizes = [sharp.size(), blurred.size()].map(|size| format!("{size:?}"));
                assert!(sizes.iter().all(|size| text.contains(size)), "{text}");
            }
            assert_eq!(output.rows(), picture.rows());
        });
    }
}
