// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much memory a step needs, and the tiles that fit into a limit.

use super::fit::STEP;
use super::tiles::{LEAST_TILE, TilePlan};
use crate::networks::{Demand, Profile};

/// What the size of the frame does not change: what allocators keep, and the memory of own kernels.
const CONSTANT: u64 = 4 << 20;

/// The kernels that LibTorch makes at run time.
const JITTED: u64 = 4 << 20;

/// Bytes of a value of a frame.
const FLOAT: u64 = 4;

/// What a network needs by its layers.
pub(super) struct Needs<'n> {
    pub(super) profile: &'n Profile,
    pub(super) demand: Demand,
    /// Bytes of a value of the network.
    pub(super) bytes: u64,
    /// Whether own kernels compute.
    pub(super) own: bool,
}

impl Needs<'_> {
    /// Bytes for the frames of a plan, at the moment when they are most.
    pub(super) fn total(&self, (height, width): (usize, usize), plan: &TilePlan) -> u64 {
        let pixels = |height: usize, width: usize| (height as u64).saturating_mul(width as u64);
        let frame = pixels(height, width);
        let tiles = || plan.rects().map(|rect| pixels(rect.height, rect.width));
        let largest = tiles().max().unwrap_or(frame);
        // The frames of the window stay, the result is one more.
        let frames = (self.profile.window() as u64 + 1).saturating_mul(3 * FLOAT * frame);
        let states = self.values_of_states(tiles().sum());
        let scratch = self.demand.scratch_for(largest) + self.values_of_states(largest);
        let copies = match self.own && self.demand.own_in_place {
            true => 0,
            false => self.profile.window() as u64 + 1,
        };
        let window = copies.saturating_mul(3 * FLOAT * largest);
        let values = self
            .demand
            .weights
            .saturating_add(self.demand.packed)
            .saturating_add(states)
            .saturating_add(scratch);
        let constant = if self.own {
            CONSTANT
        } else {
            CONSTANT + JITTED
        };
        constant
            .saturating_add(frames)
            .saturating_add(window)
            .saturating_add(values.saturating_mul(self.bytes))
    }

    /// Edge of the largest tile within `limit` bytes: 0 where the whole frame is, else a multiple
    /// of 64; 64 where none is.
    pub(super) fn largest_tile(&self, size: (usize, usize), overlap: usize, limit: u64) -> usize {
        let fits = |tile: &usize| {
            let plan = TilePlan::new(size.0, size.1, *tile, overlap);
            self.total(size, &plan) <= limit
        };
        let from = size.0.max(size.1) / STEP;
        let smaller = (1..=from).rev().map(|steps| steps * STEP);
        let found = std::iter::once(0).chain(smaller).find(fits);
        found.unwrap_or(LEAST_TILE)
    }

    fn values_of_states(&self, pixels: u64) -> u64 {
        let states = self.profile.states.iter().map(|state| {
            let area = (state.divisor * state.divisor).max(1).unsigned_abs();
            state.channels.unsigned_abs().saturating_mul(pixels) / area
        });
        states.sum()
    }
}
