// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times of single convolutions, for whoever wants to know where a step goes. Off as a rule.

use super::own::Layer;
use crate::error::Result;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// One convolution of one picture on the CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerTime {
    /// Edge of the square kernel in pixels.
    pub kernel: i64,
    /// Step of the kernel in pixels.
    pub stride: i64,
    /// Channels in.
    pub input: i64,
    /// Channels out.
    pub output: i64,
    /// Rows of the output.
    pub height: i64,
    /// Pixels in a row of the output.
    pub width: i64,
    /// What computed it: `winograd`, `direct`, `tiles` or `libtorch`.
    pub form: &'static str,
    /// How long it took.
    pub taken: Duration,
}

thread_local! {
    static TIMES: RefCell<Option<Vec<LayerTime>>> = const { RefCell::new(None) };
}

impl LayerTime {
    /// Multiply-adds of the plain form, padding included.
    #[must_use]
    pub fn multiply_adds(&self) -> i64 {
        let taps = self.kernel * self.kernel;
        taps * self.input * self.output * self.height * self.width
    }

    /// Products that its form makes in place of each multiply-add: 36 for a tile of 4×4 pixels with 3×3
    /// taps, or of 2×2 with 5×5, in Winograd's form.
    #[must_use]
    pub fn products(&self) -> f64 {
        match (self.form, self.kernel) {
            ("winograd", 3) => 36.0 / 144.0,
            ("winograd", 5) => 36.0 / 100.0,
            _ => 1.0,
        }
    }
}

/// Runs `work` and gives the times of all convolutions that this thread does in it.
pub(crate) fn watch<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<LayerTime>)> {
    TIMES.set(Some(Vec::new()));
    let result = work();
    let times = TIMES.take().unwrap_or_default();
    Ok((result?, times))
}

/// Runs a convolution that gives a map of this height and width, and notes its time if somebody wants to
/// know.
pub(super) fn timed<T>(
    layer: Layer<'_>,
    [height, width]: [i64; 2],
    form: &'static str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if TIMES.with_borrow(Option::is_none) {
        return work();
    }
    let begin = Instant::now();
    let result = work()?;
    let taken = begin.elapsed();
    let (output, input, kernel, _) = layer.weight.size4()?;
    let time = LayerTime {
        kernel,
        stride: layer.stride,
        input,
        output,
        height,
        width,
        form,
        taken,
    };
    TIMES.with_borrow_mut(|times| times.get_or_insert_default().push(time));
    Ok(result)
}
