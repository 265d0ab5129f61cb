// SPDX-License-Identifier: MIT OR Apache-2.0
//! Steps on a grey picture, so that the first real frame finds compiled kernels and sized pools.

use super::cpu;
use super::shared::Core;
use super::tensors::side;
use super::tiles::TilePlan;
use crate::error::Result;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use tch::{Kind, Tensor};

/// Warms up for a plan and gives the estimated time of a frame.
pub(super) fn plan(core: &Core, plan: &TilePlan, window: usize) -> Result<Duration> {
    let Some(tile) = plan.rects().next() else {
        return Ok(Duration::ZERO);
    };
    // All tiles have the same padded size.
    let one = step(core, (tile.height, tile.width), window)?;
    Ok(one.saturating_mul(u32::try_from(plan.len()).unwrap_or(u32::MAX)))
}

/// Runs two steps of this size and gives the time of the second.
pub(super) fn step(
    core: &Core,
    (height, width): (usize, usize),
    window: usize,
) -> Result<Duration> {
    let (kind, network) = core.current();
    let network = network.lock().unwrap_or_else(PoisonError::into_inner);
    cpu::prepare(kind, network.placement());
    let size = [1, side(height)?, side(width)?, 3 * side(window)?];
    let grey = Tensor::f_full(size, 0.5, (Kind::Float, core.device()))?.f_permute([0, 3, 1, 2])?;
    let mut taken = Duration::ZERO;
    let mut state = network.initial_state(1, size[1], size[2])?;
    for _ in 0..2 {
        let begin = Instant::now();
        let (sharp, next) = network.step(&grey, state)?;
        // Reading a value waits for the device.
        sharp.f_mean(Kind::Float)?.f_double_value(&[])?;
        (state, taken) = (next, begin.elapsed());
    }
    Ok(taken)
}
