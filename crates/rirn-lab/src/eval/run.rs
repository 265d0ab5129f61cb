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
    done: &mut dyn FnMut(&Evaluation),
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
    done(&evaluation);
    for experiment in experiments {
        let outcome = experiment.run(bench)?;
        evaluation.tables.extend(outcome.tables);
        evaluation.curves.extend(outcome.curves);
        evaluation.notes.extend(outcome.notes);
        for candidate in bench.candidates {
            let who = format!("{}, experiment {}", candidate.name(), experiment.word());
            evaluation
                .notes
                .extend(notes(&who, candidate.take_mishaps()));
        }
        done(&evaluation);
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
        evaluation
            .entries
            .push(entry(candidate, bench, &mut stage)?);
        let name = candidate.name();
        let warnings = candidate.engine().notes().iter();
        let warnings = warnings.filter(|note| note.is_warning());
        let warnings = warnings.map(|note| format!("{name}: {note}"));
        evaluation.notes.extend(warnings);
        let mishaps = candidate.take_mishaps();
        evaluation.notes.extend(notes(name, mishaps));
    }
    Ok(())
}

fn entry(
    candidate: &Candidate,
    bench: &mut Bench<'_>,
    stage: &mut Stage,
) -> Result<Entry, EvalError> {
    let mut sequences = Vec::new();
    for sequence in bench.sequences {
        let mut scorer = Scorer::new(candidate.name(), sequence, bench.protocol);
        for played in candidate.stream(blurred(sequence)) {
            let played = played?;
            scorer.add(played.index, &played.picture, bench, stage)?;
        }
        sequences.push(scorer.finish());
    }
    Ok(Entry {
        name: candidate.name().to_owned(),
        about: candidate.about().to_owned(),
        sequences,
    })
}

/// What a reader has to know of a run.
fn notes(who: &str, mishaps: Mishaps) -> Vec<String> {
    let Mishaps {
        not_finite,
        passed,
        diverged,
        tiled,
        widened,
    } = mishaps;
    let said = [
        (
            not_finite,
            format!("{not_finite} frames were not finite and are scored as they came in"),
        ),
        (
            passed,
            format!("memory ran out for {passed} frames, which are scored as they came in"),
        ),
        (
            diverged,
            format!("the memory grew out of bounds and was forgotten {diverged} times"),
        ),
        (
            tiled,
            format!(
                "the machine's memory ran out {tiled} times; frames were made in tiles and the past \
                 was forgotten"
            ),
        ),
        (
            widened,
            "half precision did not reach; the network went on in float32".to_owned(),
        ),
    ];
    let said = said.into_iter().filter(|(count, _)| *count > 0);
    said.map(|(_, text)| format!("{who}: {text}")).collect()
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
