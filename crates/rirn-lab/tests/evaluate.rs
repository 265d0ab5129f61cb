// SPDX-License-Identifier: MIT OR Apache-2.0
//! Evaluations of the built-in weights and of networks without weights on small sequences.

mod sequences;

use std::sync::Arc;

use image::Rgb;
use rirn::networks::{Network, State};
use rirn::testing::Stub;
use rirn::weights::{Installed, Weights};
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt};
use rirn_lab::data::{RgbImage, Sequence};
use rirn_lab::eval::scores::{Evaluation, Table};
use rirn_lab::eval::{Bench, Candidate, EvalError, Event, Experiment, LongRun, Protocol};
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
fn frames_that_no_network_made_do_not_pass_for_good_ones() {
    let (_folder, sequences) = written(&[8]);
    let broken = || Stub::new(|window, state| Ok((window.f_full_like(f64::NAN)?, state)));
    let long = Experiment::LongRun(LongRun {
        frames: 16,
        corner: None,
    });
    let experiments = [Experiment::SharpIn, long];
    let run = run(&sequences, &[stub(broken)], Protocol::P1, &experiments).expect("it runs");
    assert_eq!(row(&run.tables[0], "stub")[2..], ["0.00", "0.00", "no"]);
    assert_eq!(row(&run.tables[1], "stub").last().expect("a cell"), "no");
    for (who, frames) in [
        ("stub", 8),
        ("stub, experiment sharp", 8),
        ("stub, experiment long", 24),
    ] {
        let note = format!("{who}: {frames} frames were not finite and are scored as they came in");
        assert!(run.notes.contains(&note), "{:?}", run.notes);
    }
}

#[test]
fn what_is_scored_is_told_before_an_experiment_fails() {
    let (_folder, sequences) = written(&[3]);
    // Good for the scores and the first frame after them.
    let fails = || {
        let steps = std::cell::Cell::new(0);
        Stub::new(move |window, state| {
            steps.set(steps.get() + 1);
            match steps.get() {
                0..=4 => Ok((window.shallow_clone(), state)),
                _ => Err(rirn::Error::Shape("enough".to_owned())),
            }
        })
    };
    let candidates = [stub(fails)];
    let mut watch = |_: Event<'_>| {};
    let mut bench = Bench::new(&sequences, &candidates, Protocol::P1, &mut watch).expect("a bench");
    let mut told = Vec::new();
    let done = evaluate(&mut bench, "", &[Experiment::SharpIn], &mut |so_far| {
        told.push((so_far.entries.len(), so_far.tables.len()));
    });
    assert!(done.is_err());
    assert_eq!(told, [(2, 0)]);
}

#[test]
fn a_long_run_that_judges_no_frame_says_so() {
    let (_folder, sequences) = written(&[4]);
    let long = Experiment::LongRun(LongRun {
        frames: 9,
        corner: None,
    });
    let run = run(&sequences, &[stub(Stub::identity)], Protocol::P1, &[long]).expect("it runs");
    assert_eq!(row(&run.tables[0], "stub").last().expect("a cell"), "—");
}

/// Cells of one row.
fn row<'t>(table: &'t Table, name: &str) -> &'t [String] {
    let row = table.rows.iter().find(|row| row[0] == name);
    row.unwrap_or_else(|| panic!("no row {name} in {table:?}"))
}

#[test]
fn without_a_reset_the_state_experiment_is_the_plain_run() {
    let (_folder, sequences) = written(&[3, 6]);
    let candidates = [lite(), stub(Stub::mean_of_all)];
    let evaluation = run(&sequences, &candidates, Protocol::P1, &[Experiment::State]).unwrap();
    let series = &evaluation.curves[0].series;
    for (series, entry) in series.iter().zip(&evaluation.entries[1..]) {
        let (every, never) = *series.points.last().unwrap();
        assert_eq!(every, 6.0);
        assert!((never - entry.mean().psnr).abs() < 1e-9, "{}", entry.name);
    }
    // The mean of one frame is the frame itself.
    let blurred = evaluation.entries[0].mean().psnr;
    assert!((series[1].points[0].1 - blurred).abs() < 1e-9);
    assert!((series[1].points[1].1 - blurred).abs() > 1e-3);
    let places: Vec<_> = series[0].points.iter().map(|point| point.0).collect();
    assert_eq!(places, [1.0, 2.0, 4.0, 6.0]);
    let row = row(&evaluation.tables[0], "lite");
    assert_eq!((&row[4], &row[5]), (&row[6], &row[6]));
}

#[test]
fn a_long_run_tells_a_memory_that_grows_from_one_that_does_not() {
    let (_folder, sequences) = written(&[2, 8]);
    let run_of = |frames| {
        Experiment::LongRun(LongRun {
            frames,
            corner: Some((20, 16)),
        })
    };
    let candidates = [stub(drifting), stub(Stub::identity)];
    let evaluation = run(&sequences, &candidates, Protocol::P1, &[run_of(30)]).unwrap();
    let [blurred, drifting, identity] = &evaluation.tables[0].rows[..] else {
        panic!("{:?}", evaluation.tables)
    };
    assert_eq!((drifting[7].as_str(), drifting[8].as_str()), ("0.3", "no"));
    assert_eq!(identity[3..], ["0.00", "0", "0.00", "0.00", "0.0", "yes"]);
    assert_eq!(blurred[1..3], identity[1..3]);
    let states = &evaluation.curves[0].series[0].points;
    for (time, state) in states.iter() {
        assert!(
            (state - 0.01 * (time + 1.0)).abs() < 1e-6,
            "{state} at {time}"
        );
    }
    assert_eq!(states.len(), 30);
    let refused = run(&sequences, &candidates, Protocol::P1, &[run_of(8)]).unwrap_err();
    assert!(
        refused.to_string().starts_with("experiment long: 8 frames"),
        "{refused}"
    );
}

#[test]
fn a_cut_with_a_new_memory_is_like_a_beginning() {
    let (_folder, sequences) = written(&[4, 7]);
    let candidates = [stub(Stub::mean_of_all), stub(|| Stub::delay(1, 2))];
    let evaluation = run(&sequences, &candidates, Protocol::P1, &[Experiment::Cut]).unwrap();
    let [kept, new, ahead_kept, ahead_new] = &evaluation.curves[0].series[..] else {
        panic!("{:?}", evaluation.curves)
    };
    let beginning = evaluation.entries[1].sequences[1].frames.iter().take(5);
    let expected: Vec<_> = beginning.map(|frame| frame.psnr).collect();
    let values = |series: &rirn_lab::eval::scores::Series| {
        series
            .points
            .iter()
            .map(|point| point.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(values(new), expected);
    assert_ne!(values(kept), expected);
    // A network without memory does not see the cut, and all its five frames come.
    assert_eq!(values(ahead_kept), values(ahead_new));
    assert_eq!(values(ahead_new).len(), 5);
    let alone = run(
        &sequences[..1],
        &candidates,
        Protocol::P1,
        &[Experiment::Cut],
    );
    let text = alone.unwrap_err().to_string();
    assert!(
        text.starts_with("experiment cut: a cut needs two"),
        "{text}"
    );
}

#[test]
fn sharp_frames_and_half_precision_have_their_tables() {
    let (_folder, sequences) = written(&[3, 2]);
    let experiments = [Experiment::SharpIn, Experiment::Precision];
    let evaluation = run(&sequences, &[lite()], Protocol::P1, &experiments).unwrap();
    let [sharp, precision] = &evaluation.tables[..] else {
        panic!("{:?}", evaluation.tables)
    };
    assert_eq!(sharp.rows.len(), 3);
    let row = row(precision, "lite");
    let mean = evaluation.entries[1].mean().psnr;
    assert_eq!(
        (row[1].as_str(), &row[2]),
        ("bfloat16", &format!("{mean:.2}"))
    );
    let agreement: f64 = row[5].parse().unwrap();
    assert!((45.0..100.0).contains(&agreement), "{agreement} dB");
    for table in [sharp, precision] {
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == table.columns.len())
        );
    }
    let handed = [stub(Stub::identity)];
    let refused = run(&sequences, &handed, Protocol::P1, &[Experiment::Precision]);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .ends_with("stub has no weights file")
    );
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
