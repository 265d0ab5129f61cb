// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Bench`]: sequences, weights and protocol of an evaluation, checked together, and whom to tell
//! how far it is.

use crate::data::{RgbImage, Sequence};

use super::candidate::Candidate;
use super::error::EvalError;
use super::protocol::Protocol;
use super::scores::FrameScore;
use super::ssim::WINDOW;
use super::stream::Feed;

/// What happens during an evaluation.
pub enum Event<'a> {
    /// One more frame is done.
    Step(Step<'a>),
    /// A frame has been scored; not sent by experiments.
    Frame(Shown<'a>),
}

/// How far a stage is.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// `scores`, or the word of an experiment.
    pub stage: &'a str,
    /// The weights at work, or `blurred`.
    pub entry: &'a str,
    /// The sequence at work.
    pub sequence: &'a str,
    /// Frames of the stage that are done.
    pub done: usize,
    /// All frames of the stage.
    pub total: usize,
}

/// A frame with its score.
pub struct Shown<'a> {
    /// The weights, or `blurred`.
    pub entry: &'a str,
    /// The sequence.
    pub sequence: &'a str,
    /// Position in the sequence, from 0.
    pub index: usize,
    /// File name of the blurred frame.
    pub file: &'a str,
    /// Its score; none if the protocol leaves the frame out.
    pub score: Option<&'a FrameScore>,
    /// What a user gets.
    pub picture: &'a RgbImage,
    /// What it should be.
    pub truth: &'a RgbImage,
}

/// Everything that an evaluation works with.
pub struct Bench<'a> {
    pub(super) sequences: &'a [Sequence],
    pub(super) candidates: &'a [Candidate],
    pub(super) protocol: Protocol,
    pub(super) watch: &'a mut dyn FnMut(Event<'_>),
}

impl<'a> Bench<'a> {
    /// Checks that every sequence can be scored; `watch` is told what happens later.
    ///
    /// # Errors
    /// [`EvalError::NoSequences`]; [`EvalError::Sequence`] for one without sharp frames, too short
    /// for the protocol, or smaller than the window of SSIM.
    pub fn new(
        sequences: &'a [Sequence],
        candidates: &'a [Candidate],
        protocol: Protocol,
        watch: &'a mut dyn FnMut(Event<'_>),
    ) -> Result<Self, EvalError> {
        if sequences.is_empty() {
            return Err(EvalError::NoSequences);
        }
        for sequence in sequences {
            let reason = |reason| EvalError::Sequence {
                sequence: sequence.name.clone(),
                reason,
            };
            check(sequence, protocol).map_err(reason)?;
        }
        Ok(Self {
            sequences,
            candidates,
            protocol,
            watch,
        })
    }

    /// Frames of all sequences.
    pub(super) fn frames(&self) -> usize {
        self.sequences.iter().map(Sequence::len).sum()
    }

    /// Begins a stage of `total` frames.
    pub(super) fn stage(&self, stage: &'static str, total: usize) -> Stage {
        let done = 0;
        Stage { stage, done, total }
    }
}

/// Why a sequence cannot be scored.
fn check(sequence: &Sequence, protocol: Protocol) -> Result<(), String> {
    let (frames, least) = (sequence.len(), protocol.least());
    let (width, height) = (sequence.width, sequence.height);
    if sequence.sharp.is_empty() && !sequence.is_empty() {
        return Err("it has no sharp frames to compare with".to_owned());
    }
    if frames < least {
        return Err(format!(
            "it has {frames} frames, protocol {protocol} needs {least} or more"
        ));
    }
    if width < WINDOW || height < WINDOW {
        let small = EvalError::SmallerThanWindow { width, height };
        return Err(small.to_string());
    }
    Ok(())
}

/// A count of done frames.
pub(super) struct Stage {
    stage: &'static str,
    done: usize,
    total: usize,
}

impl Stage {
    /// One more frame is done.
    pub(super) fn step(&mut self, bench: &mut Bench<'_>, entry: &str, sequence: &str) {
        self.done += 1;
        (bench.watch)(Event::Step(Step {
            stage: self.stage,
            entry,
            sequence,
            done: self.done,
            total: self.total,
        }));
    }
}

/// The blurred frames of a sequence in order, read one at a time.
pub(super) fn blurred(
    sequence: &Sequence,
) -> impl Iterator<Item = Result<Feed, EvalError>> + use<'_> {
    (0..sequence.len()).map(|index| Feed::next(sequence.blurred(index)))
}
