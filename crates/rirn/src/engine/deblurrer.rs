// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Deblurrer`]: an engine together with the past of one video.

use super::window::{View, Window};
use super::{Engine, Interrupt, to_frame, to_tensor};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::networks::{Network, State};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The states are looked at every so many frames: nothing bounds them, and an IRM with a gain
/// above 1 grows without end in hours of live video.
const WATCH_EVERY: u64 = 8;

/// Largest magnitude of a healthy state; shipped weights stay below 30.
const LARGEST_STATE: f64 = 1e4;

/// What a frame that was pushed has become.
#[derive(Debug)]
pub struct Output {
    /// The deblurred frame, before any clamp; none if the network gave a value that is not finite,
    /// in which case the past has been forgotten.
    pub sharp: Option<Frame>,
    /// Whether the states had grown out of bounds and the past has been forgotten after this
    /// frame.
    pub diverged: bool,
    /// Time on the worker, from the frame to the frame.
    pub taken: Duration,
}

/// Everything that is remembered of the frames before. It travels inside the job and comes back
/// with the result, so that nothing half updated can be seen and a flush needs nothing from a
/// running step.
struct Past {
    window: Window,
    state: Option<State>,
    steps: u64,
    size: Option<(usize, usize)>,
    /// The memory begins with the next frame that is pushed.
    fresh: bool,
}

/// Deblurs the frames of one video in order. N pushed frames give N frames, each as soon as the
/// frames that the network looks ahead to have come.
pub struct Deblurrer {
    engine: Arc<Engine>,
    /// None before the first frame.
    past: Option<Past>,
    spare: Vec<Frame>,
}

impl Deblurrer {
    /// A deblurrer that has seen nothing.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            past: None,
            spare: Vec::new(),
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// By how many frames the output is late.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.engine.delay()
    }

    /// Takes the next frame and gives the oldest one whose future is complete, if any.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when `interrupt` was raised; [`Error::Shape`] when the frame has
    /// another size than those before; else what the step reports. After any error the past is
    /// forgotten, as by [`Deblurrer::reset`].
    pub fn push(&mut self, blurred: Arc<Frame>, interrupt: &Interrupt) -> Result<Option<Output>> {
        self.advance(Some(blurred), interrupt)
    }

    /// Finishes the oldest frame that still waits, with its future replaced by repeats of the last
    /// frame; nothing when none waits. To be called until it gives nothing.
    ///
    /// # Errors
    /// As [`Deblurrer::push`].
    pub fn drain(&mut self, interrupt: &Interrupt) -> Result<Option<Output>> {
        self.advance(None, interrupt)
    }

    /// Forgets the past and the frames that wait; the next frame is like the first.
    pub fn reset(&mut self) {
        self.past = None;
    }

    /// Begins a new memory with the next frame that is pushed. Frames that wait come in their turn
    /// and finish with the old memory.
    pub fn begin_anew(&mut self) {
        if let Some(past) = &mut self.past {
            past.fresh = true;
        }
    }

    /// Largest magnitude in the states that the next frame will find; 0 before the first frame and
    /// after a reset.
    ///
    /// # Errors
    /// As [`Deblurrer::push`]; the past is forgotten then, too.
    pub fn largest_state(&mut self, interrupt: &Interrupt) -> Result<f64> {
        let Some(past) = self.past.take() else {
            return Ok(0.0);
        };
        let ticket = self.engine.submit(move |_| {
            let state = past.state.as_ref();
            let largest = state.map_or(Ok(0.0), State::largest_magnitude)?;
            Ok((past, largest))
        });
        let (past, largest) = ticket.wait(Some(interrupt))?;
        self.past = Some(past);
        Ok(largest)
    }

    /// Gives a frame back whose memory may be used again.
    pub fn recycle(&mut self, frame: Frame) {
        // One is written while another is read; more would only hold memory.
        if self.spare.len() < 2 {
            self.spare.push(frame);
        }
    }

    /// A frame to fill, with used memory if there is some.
    #[must_use]
    pub fn spare(&mut self) -> Frame {
        self.spare.pop().unwrap_or_default()
    }

    fn advance(
        &mut self,
        blurred: Option<Arc<Frame>>,
        interrupt: &Interrupt,
    ) -> Result<Option<Output>> {
        let past = self.past.take();
        let past = past.unwrap_or_else(|| Past::new(&self.engine));
        let sharp = self.spare();
        let ticket = self
            .engine
            .submit(move |network| past.advance(network, blurred.as_deref(), sharp));
        let (past, output) = ticket.wait(Some(interrupt))?;
        self.past = Some(past);
        Ok(output)
    }
}

impl Past {
    fn new(engine: &Engine) -> Self {
        Self {
            window: Window::new(engine.profile().clone(), engine.delay()),
            state: None,
            steps: 0,
            size: None,
            fresh: true,
        }
    }

    /// One frame further; runs on the worker.
    fn advance(
        mut self,
        network: &dyn Network,
        blurred: Option<&Frame>,
        mut sharp: Frame,
    ) -> Result<(Self, Option<Output>)> {
        let begin = Instant::now();
        let view = match blurred {
            Some(frame) => {
                self.check_size(frame)?;
                let (_, device) = network.placement();
                let fresh = mem::replace(&mut self.fresh, false);
                self.window.push(to_tensor(frame, device)?, fresh)?
            }
            None => self.window.drain()?,
        };
        let Some(View { frames, fresh }) = view else {
            return Ok((self, None));
        };
        let state = match self.state.take() {
            Some(state) if !fresh => state,
            _ => {
                let (_, _, height, width) = frames.size4()?;
                network.initial_state(1, height, width)?
            }
        };
        let (picture, state) = network.step(&frames, state)?;
        self.steps += 1;
        let finite = to_frame(&picture, &mut sharp)?;
        let is_watched = finite && self.steps.is_multiple_of(WATCH_EVERY);
        let diverged = is_watched && !is_healthy(&state)?;
        self.state = (finite && !diverged).then_some(state);
        let output = Output {
            sharp: finite.then_some(sharp),
            diverged,
            taken: begin.elapsed(),
        };
        Ok((self, Some(output)))
    }

    fn check_size(&mut self, frame: &Frame) -> Result<()> {
        let size = (frame.height(), frame.width());
        let (height, width) = *self.size.get_or_insert(size);
        if size == (height, width) {
            return Ok(());
        }
        Err(Error::Shape(format!(
            "a frame of {}x{} pixels follows frames of {width}x{height}: reset first",
            frame.width(),
            frame.height()
        )))
    }
}

/// Whether the states are finite and within bounds.
fn is_healthy(state: &State) -> Result<bool> {
    // A NaN is not smaller than anything.
    Ok(state.largest_magnitude()? <= LARGEST_STATE)
}
