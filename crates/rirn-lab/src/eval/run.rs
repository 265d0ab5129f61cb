// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`evaluate`]: scores of the blurred input and of all weights on all sequences.
//!
//! One pass in order over every sequence, states zero at its start. The first entry is always the
//! blurred input itself: a PSNR without it says nothing on another set of clips.

use crate::data::{RgbImage, Sequence};

use super::bench::{Bench, Event, Shown, Stage, blurred};
use super::candidate::Candidate;
use super::error::EvalError;
use super::experiments::Experiment;
use super::flicker::Flicker;
use super::protocol::Protocol;
use super::psnr::psnr;
use super::scores::{Entry, Evaluation, FrameScore, SequenceScores};
use super::ssim::ssim;
use super::stream::Mishaps;
use super::title::partial;

/// Name of the entry that holds the input's own figures.
pub const BLURRED: &str = "blurred";

/// Scores everything on the bench, then runs the experiments. What an experiment needs is checked
/// before the first frame.
///
/// # Errors
/// [`EvalError`]: data that cannot be read, a network that fails, an experiment that cannot be
/// done.
pub fn evaluate(
    bench: &mut Bench<'_>,
    title: &str,
    experiments: &[Experiment],
) -> Result<Evaluation, EvalError> {
    for experiment in experiments {
        experiment.check(bench)?;
    }
    let mut evaluation = Evaluation {
        title: title.to_owned(),
        protocol: bench.protocol.to_string(),
        notes: partial(bench.sequences).into_iter().collect(),
        ..Evaluation::default()
    };
    score(bench, &mut evaluation)?;
    for experiment in experiments {
        let outcome = experiment.run(bench)?;
        evaluation.tables.extend(outcome.tables);
        evaluation.curves.extend(outcome.curves);
        evaluation.notes.extend(outcome.notes);
    }
    Ok(evaluation)
}

fn score(bench: &mut Bench<'_>, evaluation: &mut Evaluation) -> Result<(), EvalError> {
    let total = bench.frames() * (bench.candidates.len() + 1);
    let mut stage = bench.stage("scores", total);
    let mut input = Vec::new();
    for sequence in bench.sequences {
        let mut scorer = Scorer::new(BLURRED, sequence, bench.protocol);
        for (index, feed) in blurred(sequence).enumerate() {
            scorer.add(index, &feed?.picture, bench, &mut stage)?;
        }
        input.push(scorer.finish());
    }
    evaluation.entries.push(Entry {
        name: BLURRED.to_owned(),
        about: "the input as it is".to_owned(),
        sequences: input,
    });
    for candidate in bench.candidates {
        let (entry, mishaps) = entry(candidate, bench, &mut stage)?;
        evaluation.notes.extend(notes(candidate, mishaps));
        evaluation.entries.push(entry);
    }
    Ok(())
}

fn entry(
    candidate: &Candidate,
    bench: &mut Bench<'_>,
    stage: &mut Stage,
) -> Result<(Entry, Mishaps), EvalError> {
    let mut sequences = Vec::new();
    let mut mishaps = Mishaps::default();
    for sequence in bench.sequences {
        let mut scorer = Scorer::new(candidate.name(), sequence, bench.protocol);
        let mut stream = candidate.stream(blurred(sequence));
        for played in stream.by_ref() {
            let played = played?;
            scorer.add(played.index, &played.picture, bench, stage)?;
        }
        mishaps.add(stream.mishaps());
        sequences.push(scorer.finish());
    }
    let entry = Entry {
        name: candidate.name().to_owned(),
        about: candidate.about().to_owned(),
        sequences,
    };
    Ok((entry, mishaps))
}

/// What a reader has to know of a run.
fn notes(candidate: &Candidate, mishaps: Mishaps) -> Vec<String> {
    let name = candidate.name();
    let engine = candidate.engine().notes().iter();
    let mut notes: Vec<_> = engine
        .filter(|note| note.is_warning())
        .map(|note| format!("{name}: {note}"))
        .collect();
    let Mishaps {
        not_finite,
        diverged,
    } = mishaps;
    if not_finite > 0 {
        notes.push(format!(
            "{name}: {not_finite} frames were not finite and are scored as they came in"
        ));
    }
    if diverged > 0 {
        notes.push(format!(
            "{name}: the memory grew out of bounds and was forgotten {diverged} times"
        ));
    }
    notes
}

/// Scores the frames of one sequence as they come.
struct Scorer<'a> {
    entry: &'a str,
    sequence: &'a Sequence,
    scored: std::ops::Range<usize>,
    frames: Vec<FrameScore>,
    flicker: Flicker,
}

impl<'a> Scorer<'a> {
    fn new(entry: &'a str, sequence: &'a Sequence, protocol: Protocol) -> Self {
        Self {
            entry,
            sequence,
            scored: protocol.scored(sequence.len()),
            frames: Vec::new(),
            flicker: Flicker::default(),
        }
    }

    fn add(
        &mut self,
        index: usize,
        picture: &RgbImage,
        bench: &mut Bench<'_>,
        stage: &mut Stage,
    ) -> Result<(), EvalError> {
        let truth = self.sequence.sharp(index)?;
        let file = file_name(self.sequence, index);
        let is_scored = self.scored.contains(&index);
        if is_scored {
            self.flicker.add(picture, &truth)?;
            self.frames.push(FrameScore {
                index,
                file: file.clone(),
                psnr: psnr(picture, &truth)?,
                ssim: ssim(picture, &truth)?,
            });
        }
        (bench.watch)(Event::Frame(Shown {
            entry: self.entry,
            sequence: &self.sequence.name,
            index,
            file: &file,
            score: self.frames.last().filter(|_| is_scored),
            picture,
            truth: &truth,
        }));
        stage.step(bench, self.entry, &self.sequence.name);
        Ok(())
    }

    fn finish(self) -> SequenceScores {
        SequenceScores {
            name: self.sequence.name.clone(),
            frames: self.frames,
            flicker: self.flicker.mean(),
        }
    }
}

fn file_name(sequence: &Sequence, index: usize) -> String {
    let name = sequence.blurred[index].file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
