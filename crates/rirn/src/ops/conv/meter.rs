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
    /// What computed it: `winograd`, `direct`, `tiles`, `pair of tiles` (one of two layers in one call)
    /// or `libtorch`.
    pub form: &'static str,
    /// How long it took.
    pub taken: Duration,
}

thread_local! {
    static TIMES: RefCell<Option<Vec<LayerTime>>> = const { RefCell::new(None) };
}

impl LayerTime {
    fn new(
        layer: Layer<'_>,
        [height, width]: [i64; 2],
        form: &'static str,
        taken: Duration,
    ) -> Result<Self> {
        let (output, input, kernel, _) = layer.weight.size4()?;
        Ok(Self {
            kernel,
            stride: layer.stride,
            input,
            output,
            height,
            width,
            form,
            taken,
        })
    }

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
    size: [i64; 2],
    form: &'static str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let (result, taken) = measured(work)?;
    if let Some(taken) = taken {
        note(LayerTime::new(layer, size, form, taken)?);
    }
    Ok(result)
}

/// The same for two layers of stride 1 in one call, among which the time is divided like their
/// multiply-adds.
pub(super) fn timed_pair<T>(
    layers: [Layer<'_>; 2],
    size: [i64; 2],
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let (result, taken) = measured(work)?;
    if let Some(taken) = taken {
        let times = layers.map(|layer| LayerTime::new(layer, size, "pair of tiles", taken));
        let [mut first, mut second] = times;
        if let (Ok(first), Ok(second)) = (&mut first, &mut second) {
            let [a, b] = [&*first, &*second].map(|time| time.multiply_adds() as f64);
            first.taken = taken.mul_f64(a / (a + b));
            second.taken = taken - first.taken;
        }
        note(first?);
        note(second?);
    }
    Ok(result)
}

/// Does the work and tells how long it took if somebody wants to know.
fn measured<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Option<Duration>)> {
    if TIMES.with_borrow(Option::is_none) {
        return Ok((work()?, None));
    }
    let begin = Instant::now();
    let result = work()?;
    Ok((result, Some(begin.elapsed())))
}

fn note(time: LayerTime) {
    TIMES.with_borrow_mut(|times| times.get_or_insert_default().push(time));
}
