// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Trainer`]: one optimiser step after another, with back-propagation through all frames of the
//! clips, and the moving average of the weights.

use super::TrainError;
use super::batch::Batch;
use super::checkpoint::Checkpoint;
use super::optimiser::Optimiser;
use super::passes::Passes;
use super::recipe::{self, Recipe, Stage};
use super::ring::Ring;
use super::schedule::{self, Draw, Moment};
use super::teacher::Teacher;
use super::variables::Variables;
use rirn::engine::{DeviceChoice, EngineConfig, Note, Precision, placement};
use rirn::networks::Network;
use std::time::Duration;
use tch::Tensor;
use tch::{Device, Kind};

/// Steps in a row without a finite loss that end a run.
const MOST_SKIPPED: u32 = 20;

/// Batches of pictures on which what a pupil need not learn is fitted.
const FITTED_ON: u64 = 8;

/// A run in memory.
pub struct Trainer {
    recipe: Recipe,
    variables: Variables,
    average: Variables,
    optimiser: Optimiser,
    passes: Passes,
    teacher: Option<Teacher>,
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
    /// How much nearer to the truth the output was than the input, in dB, mean over all frames; with a
    /// teacher, how far the mean of all errors is below what they are errors of.
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
                let weights = recipe::weights("start", start).map_err(wrong)?;
                Variables::grown(&weights, &spec, recipe.seed, device)?
            }
            None => Variables::initial(&spec, recipe.seed, device)?,
        };
        let average = variables.copy()?;
        let optimiser = Optimiser::new(&recipe.optimiser, &variables)?;
        variables.follow()?;
        let profile = tch::no_grad(|| variables.network(kind))?.profile();
        let trainer = Self {
            recipe: recipe.clone(),
            variables,
            average,
            optimiser,
            passes: Passes::new(&profile, (kind, device))?,
            teacher: Teacher::of(&recipe.network, &spec, (kind, device))?,
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
        self.passes.enter(&stage)?;
        tch::no_grad(|| self.prepare(ring, (&batch, &draw), &stage))?;
        let told = self.passes.there_and_back(
            &self.variables,
            (&self.recipe.loss, self.teacher.as_ref()),
            (&batch, &draw),
            &stage,
        )?;
        // A loss that is not finite has gradients that are not.
        let changed = told.norm.is_finite();
        if changed {
            tch::no_grad(|| self.change(told.norm))?;
        }
        let report = Report {
            loss: told.loss,
            gain: told.gain,
            state: told.state,
            changed,
        };
        self.at.step += 1;
        self.skipped = if changed { 0 } else { self.skipped + 1 };
        match self.skipped {
            MOST_SKIPPED.. => Err(TrainError::Diverged { step: self.at.step }),
            _ => Ok(report),
        }
    }

    /// What comes before the way there and back: states with a past, or what a pupil need not learn.
    fn prepare(
        &mut self,
        ring: &Ring,
        (batch, draw): (&Batch, &Draw),
        stage: &Stage,
    ) -> Result<(), TrainError> {
        match &self.teacher {
            Some(teacher) if self.at.step == 0 && self.recipe.network.start.is_none() => {
                let draw = |step| Draw::new(&self.recipe, Moment { step, ..self.at });
                let batches = (0..FITTED_ON).map(|step| Batch::new(ring, &draw(step), stage.crop));
                let batches: Vec<Batch> = batches.collect::<Result<_, _>>()?;
                let together = |frame: usize| {
                    let frames = batches.iter().map(|batch| &batch.blurred[frame]);
                    Tensor::f_cat(&frames.collect::<Vec<_>>(), 0)
                };
                let frames = (0..stage.frames).map(together);
                teacher.begin(&self.variables, &frames.collect::<Result<Vec<_>, _>>()?)?;
                self.average.set(&self.variables)
            }
            Some(_) => Ok(()),
            None => self
                .passes
                .age(&self.variables, batch, draw, stage.disturbed),
        }
    }

    /// Why the steps on a GPU are not repeated from recordings, which makes them slower.
    #[must_use]
    pub fn unrecorded(&self) -> Option<&str> {
        self.passes.refused()
    }

    /// Changes the weights by the gradients of the last way, whose norm is held, and the average.
    fn change(&mut self, norm: f64) -> Result<(), TrainError> {
        let settings = &self.recipe.optimiser;
        let count = self.at.step + 1;
        let step = count as f64;
        let held = (settings.clip / (norm + 1e-6)).min(1.0);
        // Early on the average forgets faster, else it would keep the initial values.
        let keep = settings.average.min((1.0 + step) / (10.0 + step));
        let rate = schedule::rate(&self.recipe, self.at);
        self.passes.numbers().set(count, rate, held, 1.0 - keep)?;
        self.passes
            .change(&self.optimiser, &self.variables, &self.average)
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
