// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiments: what their tables say, and what they say of frames that no network made.

use super::*;
use rirn_lab::eval::LongRun;
use rirn_lab::eval::scores::Table;

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
