// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 1: pictures of a video system to frames of numbers, and corrections back into pictures.
//!
//! [`unpack`] turns a [`Picture`] of any [`PixelFormat`] into an RGB [`Frame`]. [`pack`] does not
//! convert back: it carries only what the network changed into a copy of the input, so that
//! whatever the network leaves alone comes out bit by bit as it came in, in 4:2:0 as well.
//!
//! Values are gamma-coded as in the picture; a code is `zero + scale * value`, with 0 and the
//! largest code for full range; of 8 bits, 16 and 219 for limited luma and RGB, 128 and 224 for
//! limited chroma, and for deeper samples these shifted. Scaling, transfer curves and interlacing
//! are not done here.

mod bands;
mod bytes;
mod chroma;
mod codes;
mod color;
mod correction;
mod format;
mod ground;
mod luma;
mod mix;
mod picture;
mod rgb;
mod wide;
mod yuv;

#[cfg(test)]
pub(crate) mod tests;

pub use color::{Colorimetry, Matrix, Range, Siting};
pub use format::{Family, PixelFormat};
pub use luma::Luma;
pub use mix::{Mix, Split};
pub use picture::{Picture, PictureMut};

pub(crate) use bands::{pack_band, unpack_band};
pub(crate) use chroma::Axis;
pub(crate) use color::{Level, ToRgb, ToYuv, top_code};
pub(crate) use format::{Component, Sample};
pub(crate) use picture::Shape;

use crate::error::PixelError;
use crate::frame::Frame;
use bands::Rows;
use correction::Correction;

/// Reads a picture as RGB, `[height, width, 3]`, limited to `[0, 1]`.
///
/// The frame takes the picture's size and keeps its memory where that suffices. Subsampled chroma
/// is interpolated linearly from where its siting says it is; beyond an edge the sample at the
/// edge repeats. Grey becomes three equal values.
///
/// # Errors
/// [`PixelError::Memory`] or [`PixelError::TooLarge`] if the frame cannot be made that large.
pub fn unpack(picture: &Picture<'_>, frame: &mut Frame) -> Result<(), PixelError> {
    frame.resize(picture.height(), picture.width())?;
    unpack_into(
        picture,
        &mut (0..picture.height()),
        &mut Rows::new(0, picture.width(), frame.data_mut()),
    );
    Ok(())
}

/// Reads these rows, from top to bottom.
fn unpack_into(picture: &Picture<'_>, rows: &mut dyn Iterator<Item = usize>, into: &mut Rows<'_>) {
    match picture.format().family() {
        Family::Rgb => rgb::unpack(picture, rows, into),
        Family::Gray => yuv::unpack_gray(picture, rows, into),
        Family::Yuv => yuv::unpack(picture, rows, into),
    }
}

/// Writes `input + strength * (sharp - blurred)` to `output`.
///
/// `blurred` is what [`unpack`] gave for `input`; `sharp`, the network's answer, is limited to
/// `[0, 1]` first. The difference goes linearly into the format: through the matrix, scaled to
/// codes, and averaged onto the chroma grid (the two samples of a pair where chroma sits between
/// them, `[1 2 1] / 4` around the even one where it sits on that; edges repeat). Codes are rounded
/// to nearest, halves up, and limited to what the format's bits hold, not to its nominal range.
///
/// Where `sharp` equals `blurred`, on the untouched side of the split, and for alpha and padding,
/// the bits are those of the input; so are always the bits of a word that belong to no sample. A
/// sample of chroma is on the side of its first luma column or row; the other side is exactly what
/// it would be without the split. A pixel with a non-finite difference takes no correction. Stride
/// padding of `output` is not written.
///
/// With [`Split::Difference`] mid-grey stands for the input: the middle between black and white,
/// halves up, and neutral chroma; and the difference is four times as large. Alpha, padding and
/// unused bits are the input's all the same.
///
/// # Errors
/// [`PixelError::Format`], [`PixelError::PictureSize`] or [`PixelError::Colorimetry`] if the
/// pictures do not agree, [`PixelError::FrameSize`] if a frame has another size; nothing is
/// written then.
pub fn pack(
    input: &Picture<'_>,
    blurred: &Frame,
    sharp: &Frame,
    mix: &Mix,
    output: &mut PictureMut<'_>,
) -> Result<(), PixelError> {
    check_shapes(input.shape(), output.shape())?;
    check_frame("blurred", blurred, input)?;
    check_frame("sharp", sharp, input)?;
    write(input, [blurred.data(), sharp.data()], mix, output);
    Ok(())
}

/// Writes the rows that `output` has; both pictures agree, and so do all values of both frames.
fn write(
    input: &Picture<'_>,
    [blurred, sharp]: [&[f32]; 2],
    mix: &Mix,
    output: &mut PictureMut<'_>,
) {
    let correction = Correction::new(blurred, sharp, input.shape(), mix);
    match input.format().family() {
        Family::Rgb => rgb::pack(input, correction, output),
        Family::Gray => yuv::pack_gray(input, correction, output),
        Family::Yuv => yuv::pack(input, correction, output),
    }
}

/// Both pictures are of one kind and size.
pub(crate) fn check_shapes(from: Shape, to: Shape) -> Result<(), PixelError> {
    if to.format != from.format {
        let (found, expected) = (to.format.name(), from.format.name());
        return Err(PixelError::Format { found, expected });
    }
    if (to.width, to.height) != (from.width, from.height) {
        return Err(PixelError::PictureSize {
            found_width: to.width,
            found_height: to.height,
            width: from.width,
            height: from.height,
        });
    }
    if to.colorimetry != from.colorimetry {
        return Err(PixelError::Colorimetry);
    }
    Ok(())
}

/// The frame has the picture's size.
fn check_frame(
    which: &'static str,
    frame: &Frame,
    picture: &Picture<'_>,
) -> Result<(), PixelError> {
    if (frame.width(), frame.height()) == (picture.width(), picture.height()) {
        return Ok(());
    }
    Err(PixelError::FrameSize {
        which,
        found_width: frame.width(),
        found_height: frame.height(),
        width: picture.width(),
        height: picture.height(),
    })
}
