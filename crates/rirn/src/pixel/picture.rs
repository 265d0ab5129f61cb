// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures as the video system lends them: borrowed planes with strides.
//!
//! Bounds are checked once, when a view is made; afterwards every row of every plane is there.
//! Plane offsets and strides are the lender's, never derived from the width.

use super::color::Colorimetry;
use super::format::{Layout, PixelFormat};
use crate::error::PixelError;
use std::ops::Range;

/// Planes that a picture can have.
const MAX_PLANES: usize = 4;

/// What a picture is, apart from its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    pub(crate) format: PixelFormat,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) colorimetry: Colorimetry,
}

/// A checked plane: row `first + y` is the `row_bytes` bytes at `y * stride`.
#[derive(Debug, Default)]
pub(super) struct Plane<Bytes> {
    pub(super) bytes: Bytes,
    pub(super) stride: usize,
    pub(super) row_bytes: usize,
    pub(super) first: usize,
    pub(super) rows: usize,
}

/// A picture to be read.
///
/// ```
/// # use rirn::pixel::{Colorimetry, Matrix, Picture, PixelFormat, Range, Siting};
/// # let siting = Siting { h_cosited: true, v_cosited: false };
/// let colorimetry = Colorimetry { matrix: Matrix::Bt709, range: Range::Limited, siting };
/// let (luma, chroma) = ([16_u8; 4 * 2], [128_u8; 4]);
/// let planes = [(&luma[..], 4), (&chroma[..], 4)];
/// let picture = Picture::new(PixelFormat::Nv12, 4, 2, colorimetry, planes)?;
/// assert_eq!(picture.row(1, 0), [128; 4]);
/// # Ok::<(), rirn::error::PixelError>(())
/// ```
#[derive(Debug)]
pub struct Picture<'a> {
    shape: Shape,
    planes: [Plane<&'a [u8]>; MAX_PLANES],
}

/// A picture to be written.
#[derive(Debug)]
pub struct PictureMut<'a> {
    pub(super) shape: Shape,
    /// The luma rows that are here: all of them, or those of a band.
    pub(super) rows: Range<usize>,
    pub(super) planes: [Plane<&'a mut [u8]>; MAX_PLANES],
}

/// What both kinds of picture tell about themselves.
macro_rules! common_methods {
    () => {
        /// Memory layout.
        #[must_use]
        pub fn format(&self) -> PixelFormat {
            self.shape.format
        }

        /// Pixels of a row, at least 1.
        #[must_use]
        pub fn width(&self) -> usize {
            self.shape.width
        }

        /// Rows of pixels, at least 1.
        #[must_use]
        pub fn height(&self) -> usize {
            self.shape.height
        }

        /// How the codes are to be read.
        #[must_use]
        pub fn colorimetry(&self) -> Colorimetry {
            self.shape.colorimetry
        }

        pub(crate) fn shape(&self) -> Shape {
            self.shape
        }
    };
}

impl<'a> Picture<'a> {
    /// Views `planes`, each bytes and stride in bytes, as a picture of `width` x `height` pixels.
    ///
    /// Planes come in the order of GStreamer's `GstVideoFrame`. A plane may end with the last
    /// pixel of its last row, without that row's padding.
    ///
    /// # Errors
    /// [`PixelError::ZeroSize`], [`PixelError::PlaneCount`], [`PixelError::Stride`],
    /// [`PixelError::PlaneLength`], or [`PixelError::TooLarge`] where a byte count overflows.
    pub fn new(
        format: PixelFormat,
        width: usize,
        height: usize,
        colorimetry: Colorimetry,
        planes: impl IntoIterator<Item = (&'a [u8], usize)>,
    ) -> Result<Self, PixelError> {
        let shape = Shape {
            format,
            width,
            height,
            colorimetry,
        };
        let planes = check_planes(shape, planes)?;
        Ok(Self { shape, planes })
    }

    common_methods!();

    /// The bytes of row `y` of plane `plane`: all pixels, no stride padding.
    ///
    /// # Panics
    /// Where the picture has no such plane or the plane no such row.
    #[must_use]
    pub fn row(&self, plane: usize, y: usize) -> &'a [u8] {
        let plane = &self.planes[plane];
        let start = y * plane.stride;
        &plane.bytes[start..start + plane.row_bytes]
    }

    /// Rows of a plane; 0 for one that the format does not have.
    pub(super) fn rows(&self, plane: usize) -> usize {
        self.planes[plane].rows
    }
}

impl<'a> PictureMut<'a> {
    /// Views `planes` as a picture to be written; everything as in [`Picture::new`].
    ///
    /// # Errors
    /// Those of [`Picture::new`].
    pub fn new(
        format: PixelFormat,
        width: usize,
        height: usize,
        colorimetry: Colorimetry,
        planes: impl IntoIterator<Item = (&'a mut [u8], usize)>,
    ) -> Result<Self, PixelError> {
        let shape = Shape {
            format,
            width,
            height,
            colorimetry,
        };
        let planes = check_planes(shape, planes)?;
        let rows = 0..height;
        Ok(Self {
            shape,
            rows,
            planes,
        })
    }

    common_methods!();

    /// The bytes of row `y` of plane `plane` to be written: all pixels, no stride padding.
    ///
    /// # Panics
    /// Where the picture has no such plane or the plane no such row.
    #[must_use]
    pub fn row_mut(&mut self, plane: usize, y: usize) -> &mut [u8] {
        let plane = &mut self.planes[plane];
        let start = (y - plane.first) * plane.stride;
        &mut plane.bytes[start..start + plane.row_bytes]
    }
}

/// Checks size, number of planes, and each plane.
fn check_planes<B: AsRef<[u8]> + Default>(
    shape: Shape,
    given: impl IntoIterator<Item = (B, usize)>,
) -> Result<[Plane<B>; MAX_PLANES], PixelError> {
    let Shape {
        format,
        width,
        height,
        ..
    } = shape;
    if width == 0 || height == 0 {
        return Err(PixelError::ZeroSize { width, height });
    }
    let layout: &Layout = format.layout();
    let expected = layout.planes.len();
    let mut planes: [Plane<B>; MAX_PLANES] = Default::default();
    let mut found = 0;
    for (bytes, stride) in given {
        if found < expected {
            planes[found] = check_plane(shape, found, bytes, stride)?;
        }
        found += 1;
    }
    if found != expected {
        return Err(PixelError::PlaneCount {
            format: format.name(),
            found,
            expected,
        });
    }
    Ok(planes)
}

/// Checks that every row of one plane lies within its bytes.
fn check_plane<B: AsRef<[u8]>>(
    shape: Shape,
    plane: usize,
    bytes: B,
    stride: usize,
) -> Result<Plane<B>, PixelError> {
    let Shape {
        format,
        width,
        height,
        ..
    } = shape;
    let too_large = PixelError::TooLarge {
        what: "picture",
        width,
        height,
    };
    let Some((row_bytes, rows)) = format.plane_size(plane, width, height) else {
        return Err(too_large);
    };
    if stride < row_bytes {
        return Err(PixelError::Stride {
            plane,
            stride,
            row_bytes,
        });
    }
    // The last row needs its pixels only: lenders cut the padding behind it.
    let needed = stride
        .checked_mul(rows - 1)
        .and_then(|start| start.checked_add(row_bytes));
    let needed = needed.ok_or(too_large)?;
    let found = bytes.as_ref().len();
    if found < needed {
        return Err(PixelError::PlaneLength {
            plane,
            found,
            needed,
        });
    }
    Ok(Plane {
        bytes,
        stride,
        row_bytes,
        first: 0,
        rows,
    })
}
