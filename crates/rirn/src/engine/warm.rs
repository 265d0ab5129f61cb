// SPDX-License-Identifier: MIT OR Apache-2.0
//! Steps on a grey picture, so that the first real frame finds compiled kernels and sized pools.

use super::cpu;
use super::shared::Core;
use super::tensors::{check_pixels, side};
use super::tiles::TilePlan;
use crate::error::Result;
use crate::ops::conv::meter::{self, LayerTime};
use crate::ops::spare::Spares;
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
pub(super) fn step(core: &Core, size: (usize, usize), window: usize) -> Result<Duration> {
    Ok(two_steps(core, size, window)?.0)
}

/// The times of a step and of each of its convolutions, the least of some rounds.
pub(super) fn layer_times(
    core: &Core,
    size: (usize, usize),
    window: usize,
    rounds: usize,
) -> Result<(Duration, Vec<LayerTime>)> {
    let (mut taken, mut least) = two_steps(core, size, window)?;
    for _ in 1..rounds {
        let (again, times) = two_steps(core, size, window)?;
        taken = taken.min(again);
        for (least, time) in least.iter_mut().zip(times) {
            least.taken = least.taken.min(time.taken);
        }
    }
    Ok((taken, least))
}

/// Runs two steps and gives the time of the second, which finds everything packed, and of its convolutions.
fn two_steps(
    core: &Core,
    (height, width): (usize, usize),
    window: usize,
) -> Result<(Duration, Vec<LayerTime>)> {
    check_pixels((height, width))?;
    let (kind, network) = core.current();
    let network = network.lock().unwrap_or_else(PoisonError::into_inner);
    cpu::prepare(kind, network.placement());
    let size = [1, side(height)?, side(width)?, 3 * side(window)?];
    let grey = Tensor::f_full(size, 0.5, (Kind::Float, core.device()))?.f_permute([0, 3, 1, 2])?;
    // As for a video: the second step uses the maps of the first again.
    let loan = Spares::default().lend();
    let state = network.initial_state(1, size[1], size[2])?;
    let (sharp, state) = network.step(&grey, state)?;
    wait(&sharp)?;
    let begin = Instant::now();
    let ((sharp, _), times) = meter::watch(|| network.step(&grey, state))?;
    wait(&sharp)?;
    let taken = begin.elapsed();
    loan.end();
    Ok((taken, times))
}

/// Reading a value waits for the device.
fn wait(sharp: &Tensor) -> Result<()> {
    sharp.f_mean(Kind::Float)?.f_double_value(&[])?;
    Ok(())
}
