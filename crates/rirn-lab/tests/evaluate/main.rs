// SPDX-License-Identifier: MIT OR Apache-2.0
//! Evaluations of the built-in weights and of networks without weights on small sequences.

mod experiments;
#[path = "../sequences/mod.rs"]
mod sequences;

use std::sync::Arc;

use image::Rgb;
use rirn::networks::{Network, State};
use rirn::testing::Stub;
use rirn::weights::{Installed, Weights};
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt};
use rirn_lab::data::{RgbImage, Sequence};
use rirn_lab::eval::scores::Evaluation;
use rirn_lab::eval::{Bench, Candidate, EvalError, Event, Experiment, Protocol};
use rirn_lab::eval::{evaluate, psnr, ssim};
use tch::Kind;

const SIZE: (u32, u32) = (33, 22);

/// Nothing is chosen by the clock: in half precision every layer is computed in it.
fn config() -> EngineConfig {
    EngineConfig {
        precision: rirn::engine::Precision::Float32,
        deterministic: true,
        ..EngineConfig::default()
    }
}

fn lite() -> Candidate {
    Candidate::open("lite".as_ref(), &Installed::new([]), &config()).expect("it works")
}

fn stub(make: fn() -> Stub) -> Candidate {
    let made = move || Ok(Box::new(make()) as Box<dyn Network>);
    let engine = Engine::with_network(&EngineConfig::default(), made).expect("it works");
    Candidate::of_engine("stub", Arc::new(engine))
}

/// Makes every frame brighter than the one before; its state says by how much.
fn drifting() -> Stub {
    Stub::new(|window, state| {
        let more = state.get("h")?.f_add_scalar(0.01)?;
        let brighter = window.f_add(&more.f_mean(Kind::Float)?)?;
        Ok((brighter, State::new(vec![("h", more)])))
    })
}

/// Sequences of these lengths.
fn written(lengths: &[u32]) -> (tempfile::TempDir, Vec<Sequence>) {
    let folder = tempfile::tempdir().expect("it works");
    for (index, frames) in lengths.iter().enumerate() {
        sequences::write(folder.path(), &format!("s{index}"), *frames, SIZE);
    }
    let read = sequences::read(folder.path());
    (folder, read)
}

fn run(
    sequences: &[Sequence],
    candidates: &[Candidate],
    protocol: Protocol,
    experiments: &[Experiment],
) -> Result<Evaluation, EvalError> {
    let mut watch = |_: Event<'_>| {};
    let mut bench = Bench::new(sequences, candidates, protocol, &mut watch)?;
    evaluate(&mut bench, "small", experiments, &mut |_| ())
}

/// The frames that a user of the library would get by hand.
fn by_hand(sequence: &Sequence) -> Vec<RgbImage> {
    let engine =
        Engine::open(Weights::built_in("lite").expect("it works"), &config()).expect("it works");
    let mut deblurrer = Deblurrer::new(Arc::new(engine));
    let mut all = Vec::new();
    for index in 0..sequence.len() {
        let picture = sequence.blurred(index).expect("it works");
        let (width, height) = picture.dimensions();
        let values = picture
            .as_raw()
            .iter()
            .map(|level| f32::from(*level) / 255.0);
        let frame =
            Frame::from_data(height as usize, width as usize, values.collect()).expect("it works");
        let output = deblurrer
            .push(Arc::new(frame), &Interrupt::new())
            .expect("it works");
        let sharp = output.expect("it works").sharp.expect("it works");
        let levels = sharp
            .data()
            .iter()
            .map(|value| (value * 255.0).round().clamp(0.0, 255.0));
        let levels = levels.map(|level| level as u8).collect();
        all.push(RgbImage::from_raw(width, height, levels).expect("it works"));
    }
    all
}

#[test]
fn scores_are_those_of_the_frames_that_the_engine_gives() {
    let (_folder, sequences) = written(&[3]);
    let evaluation = run(&sequences, &[lite()], Protocol::P1, &[]).unwrap();
    let names: Vec<_> = evaluation
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["blurred", "lite"]);
    let outputs = by_hand(&sequences[0]);
    assert_eq!(outputs.len(), 3);
    for (index, output) in outputs.iter().enumerate() {
        let truth = sequences[0].sharp(index).unwrap();
        let blurred = sequences[0].blurred(index).unwrap();
        for (entry, picture) in evaluation.entries.iter().zip([&blurred, output]) {
            let score = &entry.sequences[0].frames[index];
            assert_eq!(
                score.psnr,
                psnr(picture, &truth).unwrap(),
                "{} {index}",
                entry.name
            );
            assert_eq!(score.ssim, ssim(picture, &truth).unwrap());
            assert_eq!(
                (score.index, score.file.as_str()),
                (index, &*format!("{:06}.png", 47 + index))
            );
        }
        assert_ne!(blurred, *output);
    }
    assert!(
        evaluation.notes[0].contains("cannot be compared"),
        "{:?}",
        evaluation.notes
    );
}

#[test]
fn p2_runs_all_frames_and_scores_the_inner_ones() {
    let (_folder, sequences) = written(&[6]);
    let [p1, p2] = [Protocol::P1, Protocol::P2]
        .map(|protocol| run(&sequences, &[lite()], protocol, &[]).unwrap());
    for (all, inner) in p1.entries.iter().zip(&p2.entries) {
        assert_eq!(inner.sequences[0].frames, all.sequences[0].frames[2..4]);
        assert_eq!(inner.mean().frames, 2);
    }
    assert_eq!((p1.protocol.as_str(), p2.protocol.as_str()), ("P1", "P2"));
    assert_ne!(
        p1.entries[1].sequences[0].flicker,
        p2.entries[1].sequences[0].flicker
    );
}

#[test]
fn every_sequence_starts_with_an_empty_memory() {
    let (_folder, sequences) = written(&[2, 2]);
    let evaluation = run(&sequences, &[stub(Stub::mean_of_all)], Protocol::P1, &[]).unwrap();
    let [one, other] = &evaluation.entries[1].sequences[..] else {
        panic!("two sequences")
    };
    assert_eq!(one.frames, other.frames);
}

#[test]
fn a_network_that_looks_ahead_is_scored_frame_by_frame_with_its_own_truth() {
    let (_folder, sequences) = written(&[4]);
    let evaluation = run(&sequences, &[stub(|| Stub::delay(2, 2))], Protocol::P1, &[]).unwrap();
    let [blurred, delayed] = &evaluation.entries[..] else {
        panic!("two entries")
    };
    assert_eq!(blurred.sequences, delayed.sequences);
}

#[test]
fn events_tell_of_every_frame_and_count_to_the_end() {
    let (_folder, sequences) = written(&[2, 3]);
    let candidates = [stub(Stub::identity)];
    let (mut steps, mut shown) = (Vec::new(), Vec::new());
    let mut watch = |event: Event<'_>| match event {
        Event::Step(step) => steps.push((step.stage.to_owned(), step.done, step.total)),
        Event::Frame(frame) => {
            assert_eq!(frame.score.unwrap().file, frame.file);
            shown.push((
                frame.entry.to_owned(),
                frame.sequence.to_owned(),
                frame.index,
            ));
        }
    };
    let mut bench = Bench::new(&sequences, &candidates, Protocol::P1, &mut watch).unwrap();
    evaluate(&mut bench, "", &[Experiment::SharpIn], &mut |_| ()).unwrap();
    assert_eq!(steps[9], ("scores".to_owned(), 10, 10));
    assert_eq!(steps[14..], [("sharp".to_owned(), 5, 5)]);
    assert_eq!(shown.len(), 10);
    assert_eq!(shown[6], ("stub".to_owned(), "s0".to_owned(), 1));
}

#[test]
fn sequences_that_cannot_be_scored_are_refused_before_anything_runs() {
    let (_folder, mut sequences) = written(&[4]);
    let refused = |sequences: &[Sequence], protocol| {
        run(sequences, &[], protocol, &[]).unwrap_err().to_string()
    };
    assert!(refused(&sequences, Protocol::P2).contains("4 frames, protocol P2 needs 5"));
    assert!(refused(&[], Protocol::P1).contains("no sequences"));
    sequences[0].sharp.clear();
    assert!(refused(&sequences, Protocol::P1).contains("no sharp frames"));

    let folder = tempfile::tempdir().unwrap();
    sequences::write(folder.path(), "tiny", 2, (40, 10));
    let text = refused(&sequences::read(folder.path()), Protocol::P1);
    assert!(text.contains("tiny") && text.contains("40x10"), "{text}");
}

#[test]
fn frames_that_are_not_finite_are_scored_as_they_came_and_noted() {
    let (_folder, sequences) = written(&[3]);
    let broken = || Stub::new(|window, state| Ok((window.f_div_scalar(0.0)?, state)));
    let evaluation = run(&sequences, &[stub(broken)], Protocol::P1, &[]).unwrap();
    let [blurred, broken] = &evaluation.entries[..] else {
        panic!("two entries")
    };
    assert_eq!(blurred.sequences, broken.sequences);
    assert!(
        evaluation
            .notes
            .iter()
            .any(|note| note.contains("3 frames were not finite"))
    );
    // Nothing in these sequences is black: 0 / 0 and 1 / 0 are both met elsewhere.
    assert!(
        sequences[0]
            .blurred(0)
            .unwrap()
            .pixels()
            .all(|pixel| *pixel != Rgb([0; 3]))
    );
}
