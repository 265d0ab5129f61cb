// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a step does, from its number alone: learning rate, stage, clips, augmentation. Nothing is
//! remembered between steps, so a run that goes on after a stop repeats an unbroken one. In a run of
//! so much time rate and stage follow the time that has gone by instead.

use super::recipe::{Recipe, Stage};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// Steps made.
    pub(super) step: u64,
    /// Seconds gone by since the first step, over all calls.
    pub(super) seconds: f64,
}

impl Moment {
    /// The share of the run that is over, from 0 to 1.
    fn share(self, recipe: &Recipe) -> f64 {
        match recipe.seconds {
            Some(all) => (self.seconds / all).min(1.0),
            None => self.step as f64 / recipe.steps as f64,
        }
    }

    /// Whether the run is over.
    pub(super) fn is_last(self, recipe: &Recipe) -> bool {
        self.step >= recipe.steps || recipe.seconds.is_some_and(|all| self.seconds >= all)
    }
}

/// The learning rate of a step: linear rise, then a cosine to its last value.
pub(super) fn rate(recipe: &Recipe, at: Moment) -> f64 {
    let settings = &recipe.optimiser;
    let rise = ((at.step + 1) as f64 / settings.warm_up.max(1) as f64).min(1.0);
    let fall = 0.5 * (1.0 + (PI * at.share(recipe)).cos());
    settings.rate * rise * (settings.last + (1.0 - settings.last) * fall)
}

/// The stage of a step.
pub(super) fn stage(recipe: &Recipe, at: Moment) -> &Stage {
    let share = at.share(recipe);
    let mut stages = recipe.stages.iter();
    let found = stages.find(|stage| share < stage.until);
    found.unwrap_or(&recipe.stages[recipe.stages.len() - 1])
}

/// What chance decides for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draw {
    /// Places in the ring.
    pub(super) slots: Vec<usize>,
    /// Corner of the crop: column and row.
    pub(super) corner: (usize, usize),
    /// First frame of the clip that gradients go through.
    pub(super) first: usize,
    /// Age of the states at that frame.
    pub(super) old: usize,
    /// Mirrored left to right.
    pub(super) mirrored: bool,
    /// Upside down.
    pub(super) flipped: bool,
    /// Rows and columns exchanged.
    pub(super) transposed: bool,
    /// Last frame first.
    pub(super) reversed: bool,
    /// The frame at which the clip turns.
    pub(super) turn: Option<usize>,
    /// Seed of the disturbance of the states.
    pub(super) disturbance: u64,
}

impl Draw {
    pub(super) fn new(recipe: &Recipe, at: Moment) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(recipe.seed);
        // Stream 0 makes the initial values' seed useless for steps; clips have their own seeds.
        random.set_stream(at.step + 1);
        let stage = stage(recipe, at);
        let (frames, size) = recipe.largest();
        let room = size - stage.crop;
        let slots = (0..recipe.clips.batch).map(|_| random.random_range(0..recipe.clips.ring));
        let slots = slots.collect();
        let corner = (random.random_range(0..=room), random.random_range(0..=room));
        let first = random.random_range(0..=frames - stage.frames);
        Self {
            slots,
            corner,
            first,
            old: match random.random_bool(0.5) {
                true => random.random_range(0..=stage.old),
                false => 0,
            },
            mirrored: random.random_bool(0.5),
            flipped: random.random_bool(0.5),
            transposed: random.random_bool(0.5),
            reversed: random.random_bool(0.5),
            disturbance: random.random(),
            // Where no clip turns nothing is drawn for it, so that other draws stay those they were.
            turn: (stage.turned > 0.0 && random.random_bool(stage.turned))
                .then(|| first + random.random_range(2..stage.frames - 1)),
        }
    }
}
