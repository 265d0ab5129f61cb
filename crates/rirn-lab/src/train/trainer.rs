// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Trainer`]: one optimiser step after another, with back-propagation through all frames of the
//! clips, and the moving average of the weights.

use super::TrainError;
use super::batch::{Batch, window};
use super::disturb::disturbed;
use super::optimiser::Optimiser;
use super::recipe::{self, Recipe};
use super::ring::Ring;
use super::schedule::{self, Draw, Moment};
use super::variables::Variables;
use super::{checkpoint::Checkpoint, loss};
use rirn::engine::{DeviceChoice, EngineConfig, Note, Precision, placement};
use rirn::networks::{Network, Rirn, State};
use std::time::Duration;
use tch::{Device, Kind, Tensor};

/// Steps in a row without a finite loss that end a run.
const MOST_SKIPPED: u32 = 20;

/// A run in memory.
pub struct Trainer {
    recipe: Recipe,
    variables: Variables,
    average: Variables,
    optimiser: Optimiser,
    at: Moment,
    skipped: u32,
    device: Device,
    kind: Kind,
}

/// What a step tells.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Loss, penalty of the states included.
    pub loss: f64,
    /// How much nearer to the truth the output was than the input, in dB, mean over all frames.
    pub gain: f64,
    /// Largest magnitude of a state at the end of the clips.
    pub state: f64,
    /// Whether the loss was finite and the weights changed.
    pub changed: bool,
}

impl Trainer {
    /// A run at its beginning, and what its user should know of the device.
    ///
    /// # Errors
    /// [`TrainError::Recipe`], what weights are refused for, a device that is not there.
    pub fn new(recipe: &Recipe) -> Result<(Self, Vec<Note>), TrainError> {
        let wrong = |why: String| TrainError::Recipe {
            path: recipe.name.clone(),
            why,
        };
        let (device, kind, notes) = place(&recipe.run)?;
        if matches!(device, Device::Cuda(_)) {
            // Maps have the same few sizes in every step.
            tch::Cuda::cudnn_set_benchmark(true);
        }
        let spec = recipe.spec().map_err(wrong)?;
        let mut variables = match &recipe.network.start {
            Some(start) => {
                let weights = recipe::weights(start).map_err(wrong)?;
                Variables::grown(&weights, &spec, recipe.seed, device)?
            }
            None => Variables::initial(&spec, recipe.seed, device)?,
        };
        let average = variables.copy()?;
        let optimiser = Optimiser::new(&recipe.optimiser, &variables)?;
        variables.follow()?;
        let trainer = Self {
            recipe: recipe.clone(),
            variables,
            average,
            optimiser,
            at: Moment {
                step: 0,
                seconds: 0.0,
            },
            skipped: 0,
            device,
            kind,
        };
        Ok((trainer, notes))
    }

    /// Steps made.
    #[must_use]
    pub fn step_number(&self) -> u64 {
        self.at.step
    }

    /// Where the run stands.
    pub(super) fn moment(&self) -> Moment {
        self.at
    }

    /// Tells how much time has gone by since this was last called.
    pub(super) fn pass(&mut self, time: Duration) {
        self.at.seconds += time.as_secs_f64();
    }

    /// Whether the run is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.at.is_last(&self.recipe)
    }

    /// The moving average of the weights: what is kept of a run.
    #[must_use]
    pub fn average(&self) -> &Variables {
        &self.average
    }

    /// Where it trains.
    #[must_use]
    pub fn placement(&self) -> (Kind, Device) {
        (self.kind, self.device)
    }

    /// One step on clips of the ring.
    ///
    /// # Errors
    /// What LibTorch reports; [`TrainError::Diverged`] when loss after loss is not finite.
    pub fn step(&mut self, ring: &Ring) -> Result<Report, TrainError> {
        let draw = Draw::new(&self.recipe, self.at);
        let stage = schedule::stage(&self.recipe, self.at).clone();
        let batch = Batch::new(ring, &draw, stage.crop)?;
        let network = self.variables.network(self.kind)?;
        let past = tch::no_grad(|| {
            let past = self.aged(&network, &batch, &draw)?;
            disturbed(past, stage.disturbed, draw.disturbance)
        })?;
        let (loss, gain, state) = self.forward(&network, &batch, &draw, stage.frames, past)?;
        // Values are asked for after the way back only: on a GPU each question waits until all is
        // computed. A loss that is not finite has gradients that are not.
        let changed = self.backward(&loss)?;
        let report = Report {
            loss: loss.f_double_value(&[])?,
            gain: gain.f_double_value(&[])?,
            state: tch::no_grad(|| state.largest_magnitude())?,
            changed,
        };
        self.at.step += 1;
        self.skipped = if changed { 0 } else { self.skipped + 1 };
        match self.skipped {
            MOST_SKIPPED.. => Err(TrainError::Diverged { step: self.at.step }),
            _ => Ok(report),
        }
    }

    /// States that have already seen frames before the first one that gradients go through: the
    /// clip is played to and fro, as long as it takes.
    fn aged(&self, network: &Rirn, batch: &Batch, draw: &Draw) -> Result<State, TrainError> {
        let [count, _, height, width] = size(&batch.blurred[0]);
        let mut state = network.initial_state(count, height, width)?;
        let frames = batch.blurred.len();
        // To the last frame and back, without showing an end twice.
        let period = (2 * frames).saturating_sub(2).max(1);
        for age in (1..=draw.old).rev() {
            let place = (draw.first + age) % period;
            let place = if place < frames {
                place
            } else {
                period - place
            };
            (_, state) = network.step(&window(network, &batch.blurred, place)?, state)?;
        }
        Ok(state)
    }

    fn forward(
        &self,
        network: &Rirn,
        batch: &Batch,
        draw: &Draw,
        frames: usize,
        mut state: State,
    ) -> Result<(Tensor, Tensor, State), TrainError> {
        let mut sums: Option<(Tensor, Tensor)> = None;
        for place in draw.first..draw.first + frames {
            let (output, next) = network.step(&window(network, &batch.blurred, place)?, state)?;
            state = next;
            let (input, truth) = (&batch.blurred[place], &batch.sharp[place]);
            let loss = loss::frame(&self.recipe.loss, &output, truth)?;
            let gain = loss::gain(input, &output, truth)?;
            sums = Some(match sums {
                Some((l, g)) => (l.f_add(&loss)?, g.f_add(&gain)?),
                None => (loss, gain),
            });
        }
        let (loss, gain) = sums.unwrap_or_else(|| (Tensor::from(0.0_f32), Tensor::from(0.0_f32)));
        let (mut loss, gain) = (
            loss.f_div_scalar(frames as f64)?,
            gain.f_div_scalar(frames as f64)?,
        );
        if let Some(penalty) = loss::states(&self.recipe.loss, &state)? {
            loss = loss.f_add(&penalty)?;
        }
        Ok((loss, gain, state))
    }

    /// Gradients, their norm held, the optimiser's step, the average. Says whether the gradient
    /// was finite.
    fn backward(&mut self, loss: &Tensor) -> Result<bool, TrainError> {
        let variables: Vec<&Tensor> = self.variables.entries().iter().map(|(_, t)| t).collect();
        let gradients = Tensor::f_run_backward(&[loss], &variables, false, false)?;
        tch::no_grad(|| {
            let norms = gradients.iter().map(|gradient| Ok(gradient.f_norm()?));
            let norms: Vec<Tensor> = norms.collect::<Result<_, TrainError>>()?;
            let norm = Tensor::f_stack(&norms, 0)?.f_norm()?.f_double_value(&[])?;
            if !norm.is_finite() {
                return Ok(false);
            }
            let held = (self.recipe.optimiser.clip / (norm + 1e-6)).min(1.0);
            let gradients = gradients
                .iter()
                .map(|gradient| Ok(gradient.f_mul_scalar(held)?));
            let gradients: Vec<Tensor> = gradients.collect::<Result<_, TrainError>>()?;
            let rate = schedule::rate(&self.recipe, self.at);
            self.optimiser
                .step(&self.variables, &gradients, rate, self.at.step + 1)?;
            self.follow_with_average()?;
            Ok(true)
        })
    }

    fn follow_with_average(&mut self) -> Result<(), TrainError> {
        let step = self.at.step as f64 + 1.0;
        // Early on the average forgets faster, else it would keep the initial values.
        let keep = self
            .recipe
            .optimiser
            .average
            .min((1.0 + step) / (10.0 + step));
        let pairs = self.average.entries().iter().zip(self.variables.entries());
        for ((_, average), (_, variable)) in pairs {
            let _ = average.shallow_clone().f_lerp_(variable, 1.0 - keep)?;
        }
        Ok(())
    }

    /// What a checkpoint holds of it.
    pub(super) fn checkpoint(&self) -> Result<Checkpoint, TrainError> {
        let named = |prefix: &str, variables: &Variables| {
            let name = |(name, tensor): &(String, Tensor)| {
                (format!("{prefix}/{name}"), tensor.shallow_clone())
            };
            variables.entries().iter().map(name).collect::<Vec<_>>()
        };
        let mut tensors = named("weights", &self.variables);
        tensors.extend(named("average", &self.average));
        tensors.extend(self.optimiser.state(&self.variables));
        Ok(Checkpoint {
            at: self.at,
            recipe: self.recipe.text()?,
            tensors,
        })
    }

    /// Takes the values of a checkpoint.
    pub(super) fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let own = self.checkpoint()?;
        tch::no_grad(|| {
            for (name, tensor) in &own.tensors {
                let saved = checkpoint.get(name, &tensor.size())?;
                tensor.f_detach()?.f_copy_(saved)?;
            }
            Ok::<_, TrainError>(())
        })?;
        self.at = checkpoint.at;
        Ok(())
    }
}

fn size(frame: &Tensor) -> [i64; 4] {
    let size = frame.size();
    std::array::from_fn(|dimension| size[dimension])
}

/// Device and kind of a run. Half precision is not for training: its gradients vanish.
fn place(run: &recipe::Run) -> Result<(Device, Kind, Vec<Note>), TrainError> {
    let precision = run.precision.parse()?;
    if precision == Precision::Float16 {
        return Err(TrainError::Recipe {
            path: "[run]".to_owned(),
            why: "gradients vanish in float16, take bfloat16".to_owned(),
        });
    }
    let config = EngineConfig {
        device: run.device.parse::<DeviceChoice>()?,
        precision,
        ..EngineConfig::default()
    };
    let (device, kind, notes) = placement(&config)?;
    let kind = if kind == Kind::Half {
        Kind::BFloat16
    } else {
        kind
    };
    Ok((device, kind, notes))
}
