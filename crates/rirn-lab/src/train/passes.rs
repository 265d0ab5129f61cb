// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Passes`]: what a step computes, in four parts that a GPU repeats from recordings: the network in its
//! kind, a frame that only ages the states, the way through the frames of a clip and back, the
//! change of the weights. They begin anew with each stage, whose clips have another length or size.

use super::TrainError;
use super::batch::{Batch, window};
use super::numbers::{Number, Numbers};
use super::optimiser::Optimiser;
use super::places::{Places, put_state};
use super::recipe::{Loss, Stage};
use super::schedule::Draw;
use super::teacher::Teacher;
use super::variables::Variables;
use super::{disturb::disturbed, loss};
use crate::data::to_and_fro;
use rirn::engine::Repeated;
use rirn::networks::{Network, Profile, Rirn, State};
use tch::{Device, Kind, Tensor};

/// The parts, and the tensors that recordings of them read.
pub(super) struct Passes {
    placement: (Kind, Device),
    /// Frames that the network sees before and after the one it sharpens.
    sight: (usize, usize),
    stage: Option<Stage>,
    cast: Repeated<Rirn>,
    aged: Repeated<State>,
    way: Repeated<Way>,
    change: Repeated<()>,
    /// The frames that the network gets on the way, and what it should give.
    seen: Places,
    truth: Places,
    /// The window of a frame that ages the states.
    window: Places,
    state: State,
    numbers: Numbers,
}

/// What the way there and back brings.
struct Way {
    gradients: Vec<Tensor>,
    /// The values of [`Told`], in its order.
    told: Tensor,
}

/// What the way tells in numbers.
pub(super) struct Told {
    pub(super) loss: f64,
    pub(super) gain: f64,
    /// Largest magnitude of a state at its end.
    pub(super) state: f64,
    /// Norm of all gradients.
    pub(super) norm: f64,
}

impl Passes {
    /// For a network on a device.
    pub(super) fn new(profile: &Profile, placement: (Kind, Device)) -> Result<Self, TrainError> {
        Self::begun(placement, (profile.look_behind, profile.look_ahead))
    }

    fn begun(placement: (Kind, Device), sight: (usize, usize)) -> Result<Self, TrainError> {
        Ok(Self {
            placement,
            sight,
            stage: None,
            cast: Repeated::default(),
            aged: Repeated::default(),
            way: Repeated::default(),
            change: Repeated::default(),
            seen: Places::default(),
            truth: Places::default(),
            window: Places::default(),
            state: State::default(),
            numbers: Numbers::new(placement.1)?,
        })
    }

    /// Tells with which stage steps go on.
    pub(super) fn enter(&mut self, stage: &Stage) -> Result<(), TrainError> {
        if self.stage.as_ref() != Some(stage) {
            *self = Self::begun(self.placement, self.sight)?;
            self.stage = Some(stage.clone());
        }
        Ok(())
    }

    /// Why a GPU's work is not recorded, if it should be.
    pub(super) fn refused(&self) -> Option<&str> {
        let first = self.cast.refused().or(self.aged.refused());
        first.or(self.way.refused()).or(self.change.refused())
    }

    /// States that have already seen frames before the first one that gradients go through, and where
    /// the clip begins, those on the way there from behind it. Some of their values are thrown off.
    pub(super) fn age(
        &mut self,
        variables: &Variables,
        batch: &Batch,
        draw: &Draw,
        disturbance: f64,
    ) -> Result<(), TrainError> {
        let (kind, device) = self.placement;
        let is_recorded = self.cast.is_recorded();
        let network = self.cast.run(device, || variables.network(kind))?;
        let size = batch.blurred[0].size();
        let mut state = network.initial_state(size[0], size[2], size[3])?;
        for age in (1..=draw.old).rev() {
            let place = to_and_fro(draw.first.abs_diff(age), batch.blurred.len());
            let window = window(network, &batch.blurred, place)?;
            self.window.put(device, vec![window])?;
            put_state(&mut self.state, device, state)?;
            let work = || {
                let (_, state) = network.step(&self.window.0[0], self.state.shallow_clone())?;
                Ok::<_, TrainError>(state)
            };
            // A recording may only read a network that will stay where it is.
            state = match is_recorded {
                true => self.aged.run(device, work)?.shallow_clone(),
                false => work()?,
            };
        }
        let state = disturbed(state, disturbance, draw.disturbance)?;
        put_state(&mut self.state, device, state)
    }

    /// The way through the frames of a draw that a stage takes, from the aged states, and back; with a teacher
    /// what it asks for.
    pub(super) fn there_and_back(
        &mut self,
        variables: &Variables,
        (settings, teacher): (&Loss, Option<&Teacher>),
        (batch, draw): (&Batch, &Draw),
        stage: &Stage,
    ) -> Result<Told, TrainError> {
        let frames = stage.frames;
        let (kind, device) = self.placement;
        let (behind, ahead) = self.sight;
        let last = batch.blurred.len() - 1;
        let seen = (draw.first..draw.first + behind + frames + ahead)
            .map(|place| batch.blurred[place.saturating_sub(behind).min(last)].shallow_clone());
        self.seen.put(device, seen.collect())?;
        let truth = batch.sharp[draw.first..draw.first + frames].iter();
        self.truth
            .put(device, truth.map(Tensor::shallow_clone).collect())?;
        let way = self.way.run(device, || {
            let (loss, gain, state) = match teacher {
                Some(teacher) => teacher.lesson(variables, &self.seen.0, stage.apart)?,
                None => {
                    let network = variables.network(kind)?;
                    let clip = (&self.seen.0[..], &self.truth.0[..], behind);
                    forward(&network, settings, clip, self.state.shallow_clone())?
                }
            };
            back(variables, &loss, &gain, &state)
        })?;
        way.told()
    }

    /// The optimiser's step by the gradients of that way, and the average of the weights.
    pub(super) fn change(
        &mut self,
        optimiser: &Optimiser,
        variables: &Variables,
        average: &Variables,
    ) -> Result<(), TrainError> {
        let (_, device) = self.placement;
        let is_recorded = self.way.is_recorded();
        let Some(way) = self.way.made() else {
            return Ok(());
        };
        let numbers = &self.numbers;
        let work = || {
            optimiser.step(variables, &way.gradients, numbers)?;
            follow(average, variables, numbers)
        };
        // A recording may only read gradients that will stay where they are.
        match is_recorded {
            true => self.change.run(device, work).copied(),
            false => work(),
        }
    }

    /// The numbers of the next change.
    pub(super) fn numbers(&self) -> &Numbers {
        &self.numbers
    }
}

impl Way {
    fn told(&self) -> Result<Told, TrainError> {
        // One question: on a GPU each waits until all is computed.
        let told = self.told.f_to_device(Device::Cpu)?;
        let value = |place| told.f_double_value(&[place]);
        Ok(Told {
            loss: value(0)?,
            gain: value(1)?,
            state: value(2)?,
            norm: value(3)?,
        })
    }
}

/// Loss with the penalty of the states, gain in dB, and the states at the end. A clip is what the network
/// sees, the truth, and how many frames lie before the first one.
fn forward(
    network: &Rirn,
    settings: &Loss,
    (seen, truth, behind): (&[Tensor], &[Tensor], usize),
    mut state: State,
) -> Result<(Tensor, Tensor, State), TrainError> {
    let (mut losses, mut gains) = (Vec::new(), Vec::new());
    let window = network.profile().window();
    for (place, truth) in truth.iter().enumerate() {
        let frames: Vec<&Tensor> = seen[place..place + window].iter().collect();
        let (output, next) = network.step(&Tensor::f_cat(&frames, 1)?, state)?;
        state = next;
        losses.push(loss::frame(settings, &output, truth)?);
        gains.push(loss::gain(&seen[place + behind], &output, truth)?);
    }
    let mean = |values: &[Tensor]| Tensor::f_stack(values, 0)?.f_mean(Kind::Float);
    let (mut loss, gain) = (mean(&losses)?, mean(&gains)?);
    if let Some(penalty) = loss::states(settings, &state)? {
        loss = loss.f_add(&penalty)?;
    }
    Ok((loss, gain, state))
}

/// Gradients, and what is told of the way.
fn back(
    variables: &Variables,
    loss: &Tensor,
    gain: &Tensor,
    state: &State,
) -> Result<Way, TrainError> {
    let variables: Vec<&Tensor> = variables.entries().iter().map(|(_, t)| t).collect();
    let gradients = Tensor::f_run_backward(&[loss], &variables, false, false)?;
    tch::no_grad(|| {
        let norms = gradients.iter().map(|gradient| Ok(gradient.f_norm()?));
        let norms: Vec<Tensor> = norms.collect::<Result<_, TrainError>>()?;
        let largest = state.iter().map(|(_, tensor)| {
            let largest = tensor.f_abs()?.f_max()?;
            Ok(largest.f_to_kind(Kind::Float)?)
        });
        let largest: Vec<Tensor> = largest.collect::<Result<_, TrainError>>()?;
        let told = [
            loss.f_detach()?,
            gain.f_detach()?,
            Tensor::f_stack(&largest, 0)?.f_max()?,
            Tensor::f_stack(&norms, 0)?.f_norm()?,
        ];
        Ok(Way {
            gradients,
            told: Tensor::f_stack(&told, 0)?,
        })
    })
}

/// Moves the average towards the weights.
fn follow(average: &Variables, variables: &Variables, numbers: &Numbers) -> Result<(), TrainError> {
    let by = numbers.get(Number::Follow)?;
    for ((_, average), (_, variable)) in average.entries().iter().zip(variables.entries()) {
        let _ = average.shallow_clone().f_lerp_tensor_(variable, &by)?;
    }
    Ok(())
}
