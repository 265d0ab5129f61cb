// SPDX-License-Identifier: MIT OR Apache-2.0
//! A picture as numbers: what networks read and write.
//!
//! Values lie as `[height, width, 3]`, red, green, blue next to each other. That is LibTorch's
//! channels-last memory of a `[1, 3, height, width]` tensor, so a frame becomes a tensor without
//! being rearranged. A frame carries neither a time stamp nor a colorimetry.

use crate::error::PixelError;

/// Colour values of a pixel: red, green, blue.
const CHANNELS: usize = 3;

/// RGB values `[height, width, 3]`, rows from top to bottom.
///
/// Values lie in `[0, 1]` where the frame came from a picture; what a network puts out may lie
/// outside and may even be non-finite.
///
/// ```
/// # use rirn::frame::Frame;
/// let frame = Frame::new(2, 4);
/// assert_eq!((frame.height(), frame.width()), (2, 4));
/// assert_eq!(frame.data().len(), 2 * 4 * 3);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    height: usize,
    width: usize,
    data: Vec<f32>,
}

impl Frame {
    /// A black frame of `height` rows of `width` pixels; either may be 0, for a frame that
    /// `unpack` is going to size.
    ///
    /// # Panics
    /// Where `height * width * 3` values are more than the address space holds. Sizes that come
    /// from outside go through [`Frame::resize`], which refuses them instead.
    #[must_use]
    pub fn new(height: usize, width: usize) -> Self {
        // Saturated, a product that is too large still meets the vector's own capacity check.
        let values = height.saturating_mul(width).saturating_mul(CHANNELS);
        Self {
            height,
            width,
            data: vec![0.0; values],
        }
    }

    /// Takes values that lie as `[height, width, 3]`; they may be of any size and sign.
    ///
    /// # Errors
    /// [`PixelError::FrameLength`] if there are not `height * width * 3` of them,
    /// [`PixelError::TooLarge`] if that product overflows.
    pub fn from_data(height: usize, width: usize, data: Vec<f32>) -> Result<Self, PixelError> {
        let expected = values(height, width)?;
        if data.len() != expected {
            let found = data.len();
            return Err(PixelError::FrameLength {
                width,
                height,
                found,
                expected,
            });
        }
        Ok(Self {
            height,
            width,
            data,
        })
    }

    /// Rows of pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, as `[height, width, 3]`.
    #[must_use]
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All values to be written, as `[height, width, 3]`.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Gives the values away, as `[height, width, 3]`.
    #[must_use]
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// Changes the size and keeps the allocation where it is large enough.
    ///
    /// The values are unspecified afterwards (old ones or 0): this is for a frame that is about
    /// to be filled.
    ///
    /// # Errors
    /// [`PixelError::TooLarge`] if the size overflows, [`PixelError::Memory`] if the system has
    /// no memory for it; the frame is unchanged then.
    pub fn resize(&mut self, height: usize, width: usize) -> Result<(), PixelError> {
        let values = values(height, width)?;
        let more = values.saturating_sub(self.data.len());
        self.data
            .try_reserve_exact(more)
            .map_err(|_| PixelError::Memory { values })?;
        self.data.resize(values, 0.0);
        (self.height, self.width) = (height, width);
        Ok(())
    }

    /// Row `y` as `[width, 3]`.
    pub(crate) fn row(&self, y: usize) -> &[f32] {
        let length = self.width * CHANNELS;
        &self.data[y * length..(y + 1) * length]
    }

    /// Row `y` to be written, as `[width, 3]`.
    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let length = self.width * CHANNELS;
        &mut self.data[y * length..(y + 1) * length]
    }
}

/// Values of a frame of this size.
fn values(height: usize, width: usize) -> Result<usize, PixelError> {
    height
        .checked_mul(width)
        .and_then(|pixels| pixels.checked_mul(CHANNELS))
        .ok_or(PixelError::TooLarge {
            what: "frame",
            width,
            height,
        })
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::error::PixelError;

    #[test]
    fn a_frame_refuses_a_wrong_number_of_values() {
        let refused = Frame::from_data(2, 3, vec![0.0; 17]);
        let expected = PixelError::FrameLength {
            width: 3,
            height: 2,
            found: 17,
            expected: 18,
        };
        assert_eq!(refused, Err(expected));
        assert!(Frame::from_data(2, 3, vec![0.0; 18]).is_ok());
        let refused = Frame::from_data(usize::MAX, 2, Vec::new());
        assert!(matches!(
            refused,
            Err(PixelError::TooLarge { what: "frame", .. })
        ));
    }

    #[test]
    fn a_resized_frame_reuses_its_memory() {
        let mut frame = Frame::new(8, 8);
        let before = frame.data().as_ptr();
        frame.resize(4, 5).unwrap();
        frame.resize(8, 8).unwrap();
        assert_eq!(frame.data().as_ptr(), before);
        assert_eq!(frame.data().len(), 8 * 8 * 3);
    }

    #[test]
    fn a_frame_that_memory_cannot_hold_is_refused_and_left_alone() {
        let mut frame = Frame::new(1, 2);
        assert!(matches!(
            frame.resize(usize::MAX, 3),
            Err(PixelError::TooLarge { .. })
        ));
        assert!(matches!(
            frame.resize(usize::MAX / 16, 1),
            Err(PixelError::Memory { .. })
        ));
        assert_eq!(
            (frame.height(), frame.width(), frame.data().len()),
            (1, 2, 6)
        );
    }
}
