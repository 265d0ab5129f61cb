// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Fit`]: the tiles in which frames of one size fit into memory, and how they get smaller when
//! they turn out not to.

use super::notes::{StepNote, Told};
use super::tiles::TilePlan;
use crate::error::{Error, Result, caught};
use crate::ops::spare;
use std::sync::Arc;

/// Tiles that are chosen here are a multiple of this long, in pixels.
pub(super) const STEP: usize = 64;

/// Tiles are not halved below this, in pixels: states of small tiles see too little around them.
const LEAST_HALVED: usize = 128;

/// How frames of one size are cut.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// Height and width of the frames in pixels.
    size: (usize, usize),
    /// Largest edge of a tile in pixels, 0 for the whole frame.
    tile: usize,
    overlap: usize,
    plan: Arc<TilePlan>,
    exhausted: bool,
}

impl Fit {
    /// Frames of `size` in tiles of this edge, 0 for the whole frame.
    pub(super) fn new(size: (usize, usize), tile: usize, overlap: usize) -> Self {
        let plan = TilePlan::new(size.0, size.1, tile, overlap);
        Self {
            size,
            tile: if plan.is_whole() { 0 } else { tile },
            overlap,
            plan: Arc::new(plan),
            exhausted: false,
        }
    }

    /// Height and width of the frames in pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Largest edge of a tile in pixels, 0 for the whole frame.
    pub(super) fn tile(&self) -> usize {
        self.tile
    }

    /// The tiles.
    pub(super) fn plan(&self) -> &Arc<TilePlan> {
        &self.plan
    }

    /// Whether memory ran out in the smallest tiles.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Repeats `attempt` with smaller and smaller tiles as long as memory runs out; nothing if it
    /// does so in the smallest.
    pub(super) fn climb_down<T>(
        &mut self,
        told: &mut Told,
        mut attempt: impl FnMut(&Arc<TilePlan>, &mut Told) -> Result<T>,
    ) -> Result<Option<T>> {
        loop {
            let report = match caught(|| attempt(&self.plan, told)) {
                Err(Error::OutOfMemory(report)) => report,
                other => return other.map(Some),
            };
            self.step_down(told, report);
            if self.exhausted {
                return Ok(None);
            }
        }
    }

    /// Smaller tiles, because memory ran out; exhausted where there are none.
    pub(super) fn step_down(&mut self, told: &mut Told, report: String) {
        // They are as large as the tiles that did not fit.
        spare::free();
        let Some(size) = self.smaller() else {
            return self.exhaust(told, report);
        };
        *self = Self::new(self.size, size, self.overlap);
        told.notes.push(StepNote::Tiled { size });
        told.report = Some(report);
    }

    /// No step any more, because memory ran out where smaller tiles do not help.
    pub(super) fn exhaust(&mut self, told: &mut Told, report: String) {
        if !self.exhausted {
            self.exhausted = true;
            told.notes.push(StepNote::Exhausted);
        }
        told.report = Some(report);
    }

    /// The next tile below: half of it, or half of the frame's longer side, rounded down.
    fn smaller(&self) -> Option<usize> {
        let now = match self.tile {
            0 => self.size.0.max(self.size.1),
            tile => tile,
        };
        let next = (now / 2 / STEP * STEP).max(LEAST_HALVED);
        (next < now).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::Fit;
    use crate::engine::notes::{StepNote, Told};
    use crate::error::Error;

    /// The notes of frames that fit in no tile at all.
    fn all_the_way(size: (usize, usize), tile: usize) -> Vec<usize> {
        let (mut fit, mut told) = (Fit::new(size, tile, 32), Told::default());
        let never = |_: &_, _: &mut _| Err::<(), _>(Error::OutOfMemory("no".to_owned()));
        let done = fit.climb_down(&mut told, never).expect("no other error");
        assert!(done.is_none() && fit.is_exhausted());
        assert_eq!(told.notes.pop(), Some(StepNote::Exhausted));
        assert_eq!(told.report.as_deref(), Some("no"));
        let size = |note: &_| match note {
            StepNote::Tiled { size } => *size,
            other => panic!("{other:?}"),
        };
        told.notes.iter().map(size).collect()
    }

    #[test]
    fn tiles_are_halved_down_to_128() {
        assert_eq!(all_the_way((1080, 1920), 0), [960, 448, 192, 128]);
        assert_eq!(all_the_way((1920, 1080), 4096), [960, 448, 192, 128]);
        assert_eq!(all_the_way((1080, 1920), 512), [256, 128]);
        assert_eq!(all_the_way((129, 16), 0), [128]);
        assert!(all_the_way((128, 128), 0).is_empty());
        assert!(all_the_way((1080, 1920), 64).is_empty());
    }

    #[test]
    fn another_error_is_handed_on_and_changes_nothing() {
        let (mut fit, mut told) = (Fit::new((1080, 1920), 0, 32), Told::default());
        let fails = |_: &_, _: &mut _| Err::<(), _>(Error::Interrupted);
        let failed = fit.climb_down(&mut told, fails);
        assert!(matches!(failed, Err(Error::Interrupted)));
        assert_eq!((fit.tile(), told.notes.len()), (0, 0));
    }
}
