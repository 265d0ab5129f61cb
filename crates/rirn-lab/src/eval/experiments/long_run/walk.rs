// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way of a long run, and what is seen on it.

use super::super::{Running, db, verdict};
use crate::data::to_and_fro;

/// Frames after which the memory counts as filled.
const FILLING: usize = 5;

/// Largest drop below the first visit that is in order, in dB.
const DROP: f64 = 0.3;

/// Frames at the beginning and at the end whose means are told.
const PART: usize = 100;

/// Whether the frame that is shown at a time comes from the one behind it.
fn is_fro(time: usize, frames: usize) -> bool {
    time > 0 && to_and_fro(time - 1, frames) > to_and_fro(time, frames)
}

/// What is seen on the way.
pub(super) struct Walk {
    frames: usize,
    /// PSNR of the first visit of each frame.
    first: Vec<Option<f64>>,
    begin: Running,
    end: Running,
    /// Largest drop below the first visit, and when.
    drop: (f64, usize),
    /// PSNR of the first visit of each frame from the one before and from the one behind.
    first_from: [Vec<Option<f64>>; 2],
    /// Largest drop below the first visit from the same side: what a memory loses. Between the two
    /// sides a frame differs for another reason: it has another past.
    drop_from: f64,
    /// PSNR of each frame in a run that begins at the last one and goes back.
    back: Vec<f64>,
    /// Largest drop below a run that begins at the last turn: what a memory from before it harms.
    drop_turned: f64,
    largest: f64,
    /// A frame was given up or the memory forgotten, which hides what would have come of it.
    pub(super) is_broken: bool,
    pub(super) states: Vec<(f64, f64)>,
    pub(super) changes: Vec<(f64, f64)>,
}

impl Walk {
    /// A way of so many frames over a sequence whose frames have the PSNR `back` in a run that begins
    /// at the last one and goes back to the first.
    pub(super) fn new(back: Vec<f64>, frames: usize) -> Self {
        let places = back.len();
        Self {
            frames,
            first: vec![None; places],
            begin: Running::default(),
            end: Running::default(),
            drop: (0.0, 0),
            first_from: [(); 2].map(|()| vec![None; places]),
            drop_from: 0.0,
            back,
            drop_turned: 0.0,
            largest: 0.0,
            is_broken: false,
            states: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Takes the frame at `time`, which is frame `place` of the sequence.
    pub(super) fn add(&mut self, time: usize, place: usize, psnr: f64, state: f64) {
        if time < PART {
            self.begin.add(psnr);
        }
        if time + PART >= self.frames {
            self.end.add(psnr);
        }
        if state.is_finite() {
            self.largest = self.largest.max(state);
            self.states.push((time as f64, state));
        }
        let is_fro = is_fro(time, self.first.len());
        if let Some(first) = self.first[place] {
            let begun = if is_fro { self.back[place] } else { first };
            self.drop_turned = self.drop_turned.max(begun - psnr);
        }
        match self.first[place] {
            None => self.first[place] = Some(psnr),
            Some(first) if place >= FILLING => {
                self.changes.push((time as f64, psnr - first));
                if first - psnr > self.drop.0 {
                    self.drop = (first - psnr, time);
                }
            }
            Some(_) => {}
        }
        let side = usize::from(is_fro);
        let filled = time > FILLING;
        match &mut self.first_from[side][place] {
            Some(first) => self.drop_from = self.drop_from.max(*first - psnr),
            none => *none = filled.then_some(psnr),
        }
    }

    pub(super) fn row(&self, name: &str) -> Vec<String> {
        let (drop, at) = self.drop;
        vec![
            name.to_owned(),
            db(self.begin.mean()),
            db(self.end.mean()),
            db(drop),
            at.to_string(),
            db(self.drop_from),
            db(self.drop_turned),
            format!("{:.1}", self.largest),
            match self.changes.is_empty() && !self.is_broken {
                // No frame was seen again that counts.
                true => "—".to_owned(),
                false => verdict(drop <= DROP && !self.is_broken),
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Walk, is_fro};
    use crate::data::to_and_fro;

    #[test]
    fn a_drop_is_measured_from_the_first_visit_of_the_same_frame() {
        let mut walk = Walk::new(vec![0.0; 8], 15);
        for time in 0..15 {
            let place = to_and_fro(time, 8);
            // Every frame has its own level; frame 6 loses half a decibel at its second visit,
            // frame 3 loses more, but was first seen while the memory filled.
            let lost = match (time, place) {
                (8, 6) => 0.5,
                (11, 3) => 2.0,
                _ => 0.0,
            };
            walk.add(time, place, 20.0 + place as f64 - lost, time as f64);
        }
        let row = walk.row("a");
        assert_eq!(row[3..], ["0.50", "8", "0.00", "0.00", "14.0", "no"]);
        assert_eq!(walk.states.len(), 15);
        // Frames 6 and 5 on the way back.
        assert_eq!(walk.changes, [(8.0, -0.5), (9.0, 0.0)]);
    }

    #[test]
    fn what_depends_on_the_side_a_frame_comes_from_is_no_loss() {
        let run = |lost: fn(usize, usize) -> f64| {
            let mut walk = Walk::new(vec![20.0; 8], 40);
            for time in 0..40 {
                let place = to_and_fro(time, 8);
                walk.add(time, place, 20.0 - lost(time, place), 0.0);
            }
            walk.row("a")[3..6].to_vec()
        };
        // Frame 6 is worse whenever it comes from frame 7.
        let sided = run(|time, place| {
            if place == 6 && time % 14 == 8 {
                0.5
            } else {
                0.0
            }
        });
        assert_eq!(sided, ["0.50", "8", "0.00"]);
        // Frame 2 loses more each time that it comes from frame 3.
        let lost = run(|time, place| if place == 2 { time as f64 * 0.01 } else { 0.0 });
        assert_eq!(lost[2], "0.14"); // At 12 and 26.
    }

    #[test]
    fn what_a_turn_harms_is_what_a_run_from_there_does_not_lose() {
        let harmed = |lost: fn(usize) -> f64| {
            // On the way back every frame has 19 dB at best, on the way forth 20.
            let mut walk = Walk::new(vec![19.0; 8], 40);
            for time in 0..40 {
                let level = if is_fro(time, 8) { 19.0 } else { 20.0 };
                walk.add(time, to_and_fro(time, 8), level - lost(time), 0.0);
            }
            walk.row("a")[6].clone()
        };
        assert_eq!(harmed(|_| 0.0), "0.00");
        // Right after a turn: at the last frame, and at the first one.
        assert_eq!(harmed(|time| if time == 8 { 0.4 } else { 0.0 }), "0.40");
        assert_eq!(harmed(|time| if time == 15 { 0.7 } else { 0.0 }), "0.70");
        // At the first visit the run itself begins.
        assert_eq!(harmed(|time| if time == 7 { 0.7 } else { 0.0 }), "0.00");
    }
}
