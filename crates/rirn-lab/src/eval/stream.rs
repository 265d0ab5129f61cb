// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Stream`]: 8-bit frames through an engine, one after another, as an iterator.
//!
//! N frames in give N frames out, in order; the last ones of a network that looks ahead are
//! drained. A frame for which the network gave no finite picture comes out as it came in, which is
//! what the element does.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::sync::{Arc, Mutex, PoisonError};

use rirn::engine::{Output, StepNote};
use rirn::{Deblurrer, Engine, Frame, Interrupt};

use crate::data::{DataError, RgbImage};

use super::error::EvalError;

/// A frame to be deblurred.
pub struct Feed {
    /// The blurred frame.
    pub picture: RgbImage,
    /// Whether a new memory begins with it. Frames that wait finish with the old one.
    pub fresh: bool,
}

impl Feed {
    /// A frame that goes on from those before; of the first in a stream every memory begins.
    ///
    /// # Errors
    /// The one that was handed over.
    pub fn next(picture: Result<RgbImage, DataError>) -> Result<Self, EvalError> {
        let (picture, fresh) = (picture?, false);
        Ok(Self { picture, fresh })
    }
}

/// A frame that has come out.
pub struct Played {
    /// Position in the stream, from 0.
    pub index: usize,
    /// What a user gets.
    pub picture: RgbImage,
    /// Whether the network made it; else it is as it came in.
    pub is_made: bool,
}

/// What went wrong with frames without ending the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mishaps {
    /// Frames that were not finite and came out untouched.
    pub not_finite: usize,
    /// Frames that came out untouched because memory ran out.
    pub passed: usize,
    /// How often the states had grown out of bounds and were forgotten.
    pub diverged: usize,
    /// How often memory ran out, so that the frame was made in tiles and the past forgotten.
    pub tiled: usize,
    /// How often half precision did not reach, so that the network went on in float32.
    pub widened: usize,
}

impl Mishaps {
    /// Adds those of another stream.
    pub fn add(&mut self, other: Self) {
        self.not_finite += other.not_finite;
        self.passed += other.passed;
        self.diverged += other.diverged;
        self.tiled += other.tiled;
        self.widened += other.widened;
    }

    /// Those of one frame.
    fn of(output: &Output) -> Self {
        let count = |kind: fn(&StepNote) -> bool| output.notes.iter().filter(|n| kind(n)).count();
        let passed = count(|note| matches!(note, StepNote::Exhausted | StepNote::Passed)).min(1);
        let lost = usize::from(output.sharp.is_none());
        Self {
            not_finite: lost - passed.min(lost),
            passed,
            diverged: count(|note| matches!(note, StepNote::Diverged)),
            tiled: count(|note| matches!(note, StepNote::Tiled { .. })),
            widened: count(|note| matches!(note, StepNote::Widened)),
        }
    }
}

/// Where streams of one candidate put their mishaps together.
pub(super) type Ledger = Mutex<Mishaps>;

/// Deblurred frames of one video. After an error the rest is of no use.
pub struct Stream<'a, I> {
    entry: &'a str,
    deblurrer: Deblurrer,
    never: Interrupt,
    frames: Fuse<I>,
    /// Frames whose output has not come.
    waiting: VecDeque<RgbImage>,
    next: usize,
    mishaps: Mishaps,
    ledger: Option<&'a Ledger>,
}

impl<'a, I: Iterator<Item = Result<Feed, EvalError>>> Stream<'a, I> {
    /// A stream through an engine, from a state of zeros; `entry` is its name in errors.
    pub fn new(entry: &'a str, engine: Arc<Engine>, frames: I) -> Self {
        Self {
            entry,
            deblurrer: Deblurrer::new(engine),
            never: Interrupt::new(),
            frames: frames.fuse(),
            waiting: VecDeque::new(),
            next: 0,
            mishaps: Mishaps::default(),
            ledger: None,
        }
    }

    /// The same with its mishaps put into the ledger, too.
    pub(super) fn told_to(mut self, ledger: &'a Ledger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// What went wrong so far.
    #[must_use]
    pub fn mishaps(&self) -> Mishaps {
        self.mishaps
    }

    /// Largest magnitude of the states after the frame that came last.
    ///
    /// # Errors
    /// [`EvalError::Network`].
    pub fn largest_state(&mut self) -> Result<f64, EvalError> {
        let largest = self.deblurrer.largest_state(&self.never);
        largest.map_err(|cause| self.failure(cause))
    }

    fn failure(&self, cause: rirn::Error) -> EvalError {
        EvalError::Network {
            entry: self.entry.to_owned(),
            frames: self.next,
            cause,
        }
    }

    /// The next frame, none at the end.
    fn advance(&mut self) -> Result<Option<Played>, EvalError> {
        while let Some(feed) = self.frames.next() {
            let Feed { picture, fresh } = feed?;
            if fresh {
                self.deblurrer.begin_anew();
            }
            let frame = to_frame(&picture, self.deblurrer.spare());
            self.waiting.push_back(picture);
            let pushed = frame.and_then(|frame| {
                let frame = Arc::new(frame);
                let output = self.deblurrer.push(Arc::clone(&frame), &self.never)?;
                // The worker has let go of it by now, as a rule.
                if let Some(frame) = Arc::into_inner(frame) {
                    self.deblurrer.recycle(frame);
                }
                Ok(output)
            });
            if let Some(output) = pushed.map_err(|cause| self.failure(cause))? {
                return Ok(self.absorb(output));
            }
        }
        let drained = self.deblurrer.drain(&self.never);
        let output = drained.map_err(|cause| self.failure(cause))?;
        Ok(output.and_then(|output| self.absorb(output)))
    }

    /// Gives an output to the frame that has waited longest.
    fn absorb(&mut self, output: Output) -> Option<Played> {
        let mut picture = self.waiting.pop_front()?;
        let mishaps = Mishaps::of(&output);
        self.mishaps.add(mishaps);
        if let Some(ledger) = self.ledger {
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.add(mishaps);
        }
        let is_made = output.sharp.is_some();
        if let Some(frame) = output.sharp {
            write(&frame, &mut picture);
            self.deblurrer.recycle(frame);
        }
        let index = self.next;
        self.next += 1;
        Some(Played {
            index,
            picture,
            is_made,
        })
    }
}

impl<I: Iterator<Item = Result<Feed, EvalError>>> Iterator for Stream<'_, I> {
    type Item = Result<Played, EvalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// A picture as numbers from 0 to 1.
fn to_frame(picture: &RgbImage, mut frame: Frame) -> rirn::Result<Frame> {
    frame.resize(picture.height() as usize, picture.width() as usize)?;
    for (value, level) in frame.data_mut().iter_mut().zip(picture.as_raw()) {
        *value = f32::from(*level) / 255.0;
    }
    Ok(frame)
}

/// Writes a finite frame into a picture of its size.
fn write(frame: &Frame, picture: &mut RgbImage) {
    let levels: &mut [u8] = picture;
    for (level, value) in levels.iter_mut().zip(frame.data()) {
        *level = to_level(*value);
    }
}

/// Clamped, times 255, rounded half up.
fn to_level(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::{Feed, Stream, to_level};
    use crate::data::RgbImage;
    use image::Rgb;
    use rirn::networks::Network;
    use rirn::testing::Stub;
    use rirn::{Engine, EngineConfig};
    use std::sync::Arc;

    /// Levels of grey frames in, the fresh ones negative, and out.
    fn played(stub: fn() -> Stub, levels: &[i16]) -> (Vec<u8>, super::Mishaps) {
        let make = move || Ok(Box::new(stub()) as Box<dyn Network>);
        let engine = Engine::with_network(&EngineConfig::default(), make).unwrap();
        let frames = levels.iter().map(|level| {
            let grey = Rgb([level.unsigned_abs() as u8; 3]);
            Ok(Feed {
                picture: RgbImage::from_pixel(8, 4, grey),
                fresh: *level < 0,
            })
        });
        let mut stream = Stream::new("stub", Arc::new(engine), frames);
        let mut out = Vec::new();
        for (index, played) in stream.by_ref().enumerate() {
            let played = played.unwrap();
            assert_eq!(played.index, index);
            out.push(played.picture.get_pixel(7, 3)[1]);
        }
        (out, stream.mishaps())
    }

    #[test]
    fn levels_are_clamped_and_rounded_half_up() {
        let levels = [
            -3.0,
            0.001,
            0.5 / 255.0,
            2.49 / 255.0,
            2.5 / 255.0,
            1.0,
            7.0,
        ];
        assert_eq!(levels.map(to_level), [0, 0, 1, 2, 3, 255, 255]);
        for level in 0..=255_u8 {
            assert_eq!(to_level(f32::from(level) / 255.0), level);
        }
    }

    #[test]
    fn a_network_that_looks_ahead_gives_all_frames_in_order() {
        let (out, _) = played(|| Stub::delay(2, 2), &[10, 20, 30, 40]);
        assert_eq!(out, [10, 20, 30, 40]);
        assert_eq!(played(|| Stub::delay(0, 2), &[5]).0, [5]);
    }

    #[test]
    fn a_fresh_frame_begins_a_new_memory() {
        assert_eq!(played(Stub::mean_of_all, &[10, 30, 50]).0, [10, 20, 30]);
        assert_eq!(played(Stub::mean_of_all, &[10, -30, 50]).0, [10, 30, 40]);
    }

    #[test]
    fn a_frame_that_is_not_finite_comes_out_as_it_came_in_and_is_counted() {
        let broken = || Stub::new(|window, state| Ok((window.f_div_scalar(0.0)?, state)));
        let (out, mishaps) = played(broken, &[0, 7, 9]);
        assert_eq!((out, mishaps.not_finite), (vec![0, 7, 9], 3));
    }
}
