// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way of a long run, and what is seen on it.

use super::super::{Running, db, verdict};

/// Frames after which the memory counts as filled.
const FILLING: usize = 5;

/// Largest drop below the first visit that is in order, in dB.
const DROP: f64 = 0.3;

/// Frames at the beginning and at the end whose means are told.
const PART: usize = 100;

/// The frame that is shown at a time: 0, 1, …, n−1, n−2, …, 1, 0, 1, …
pub(super) fn to_and_fro(time: usize, frames: usize) -> usize {
    let turn = frames.saturating_sub(1);
    let place = time % (2 * turn).max(1);
    if place <= turn {
        place
    } else {
        2 * turn - place
    }
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
    largest: f64,
    pub(super) states: Vec<(f64, f64)>,
    pub(super) changes: Vec<(f64, f64)>,
}

impl Walk {
    pub(super) fn new(places: usize, frames: usize) -> Self {
        Self {
            frames,
            first: vec![None; places],
            begin: Running::default(),
            end: Running::default(),
            drop: (0.0, 0),
            largest: 0.0,
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
    }

    pub(super) fn row(&self, name: &str) -> Vec<String> {
        let (drop, at) = self.drop;
        vec![
            name.to_owned(),
            db(self.begin.mean()),
            db(self.end.mean()),
            db(drop),
            at.to_string(),
            format!("{:.1}", self.largest),
            verdict(drop <= DROP),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Walk, to_and_fro};

    #[test]
    fn the_way_goes_to_and_fro_without_standing_still() {
        let way = |frames| {
            (0..8)
                .map(|time| to_and_fro(time, frames))
                .collect::<Vec<_>>()
        };
        assert_eq!(way(4), [0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(way(2), [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(way(1), [0; 8]);
    }

    #[test]
    fn a_drop_is_measured_from_the_first_visit_of_the_same_frame() {
        let mut walk = Walk::new(8, 15);
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
        assert_eq!(row[3..], ["0.50", "8", "14.0", "no"]);
        assert_eq!(walk.states.len(), 15);
        // Frames 6 and 5 on the way back.
        assert_eq!(walk.changes, [(8.0, -0.5), (9.0, 0.0)]);
    }
}
