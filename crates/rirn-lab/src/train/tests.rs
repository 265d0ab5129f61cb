// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the training step with clips that are made from numbers.

mod recipes;

use super::trainer::Trainer;
use super::*;
use crate::data::Clip;
use crate::random::normals;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rirn::networks::{Cell, Network, Rirn, SlotKind, Spec, State};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// One thread a test: on maps of 16 pixels several only wait for each other.
fn alone() {
    tch::set_num_threads(1);
}

/// A recipe for a network of two channels and few small clips.
pub(super) fn recipe(network: &str, more: &str) -> Recipe {
    let text = format!(
        "name = \"test\"\nsteps = 12\n[network]\n{network}\n[data]\n\
         [clips]\nbatch = 2\nring = 6\nrenew = 2\nevery = 3\n\
         [[stage]]\nuntil = 0.5\nframes = 2\ncrop = 16\n\
         [[stage]]\nuntil = 1.0\nframes = 3\ncrop = 20\nold = 4\n\
         [run]\ndevice = \"cpu\"\nprecision = \"float32\"\nthreads = 1\n{more}"
    );
    Recipe::parse(&text, &[]).expect("a recipe")
}

const IFI: &str = "cell = \"ifi\"\nbase = 2\nblocks = 1\nhidden = \"irm\"\nfeature = \"atb\"";

/// Clips whose sharp side is a moving pattern and whose blurred side is its mean over three pixels.
fn patterns(frames: usize, size: usize) -> MakeClip {
    Arc::new(move |number| {
        let level = |frame: usize, row: usize, column: usize, channel: usize| {
            let place = (row / 3 * 7 + (column + frame) / 2 * 5 + channel * 3) as u64;
            (place * (number % 5 + 3) * 29 % 256) as f64
        };
        let mut clip = Clip {
            frames,
            size,
            blurred: Vec::new(),
            sharp: Vec::new(),
        };
        let places = (0..frames)
            .flat_map(|t| (0..size).flat_map(move |y| (0..size).map(move |x| (t, y, x))));
        for (t, y, x) in places {
            for channel in 0..3 {
                let near = [x.saturating_sub(1), x, x + 1].map(|x| level(t, y, x, channel));
                clip.sharp.push(near[1] as u8);
                clip.blurred.push((near.iter().sum::<f64>() / 3.0) as u8);
            }
        }
        Ok(clip)
    })
}

fn ring(recipe: &Recipe, step: u64) -> Ring {
    ring_on(Device::Cpu, recipe, step)
}

pub(super) fn ring_on(device: Device, recipe: &Recipe, step: u64) -> Ring {
    let (frames, size) = recipe.largest();
    let make = patterns(frames, size);
    Ring::at(&recipe.clips, make, step, device, &mut |_| ()).expect("clips")
}

/// Levels between 0 and 1.
pub(super) fn picture(random: &mut ChaCha8Rng, shape: &[i64]) -> Tensor {
    normals(random, shape).expect("numbers").sigmoid()
}

/// Loss over three frames in float64.
fn loss(network: &Rirn, frames: &[Tensor]) -> Tensor {
    let mut state = network.initial_state(1, 16, 16).expect("zeros");
    let mut sum = Tensor::from(0.0_f64);
    let (behind, ahead) = (network.profile().look_behind, network.profile().look_ahead);
    for at in 0..frames.len() {
        let seen = (at..=at + behind + ahead)
            .map(|place| &frames[place.saturating_sub(behind).min(frames.len() - 1)]);
        let window = Tensor::cat(&seen.collect::<Vec<_>>(), 1);
        let (output, next) = network.step(&window, state).expect("a step");
        state = next;
        sum += (output - &frames[0]).square().mean(Kind::Double);
    }
    sum + states(&state)
}

fn states(state: &State) -> Tensor {
    let squares = state
        .iter()
        .map(|(_, tensor)| tensor.square().mean(Kind::Double));
    squares.fold(Tensor::from(0.0_f64), |sum, square| sum + square)
}

#[test]
fn gradients_of_every_network_are_those_of_finite_differences() {
    alone();
    for cell in Cell::ALL {
        for (hidden, feature) in [
            (SlotKind::None, SlotKind::None),
            (SlotKind::Irm, SlotKind::Atb),
            (SlotKind::Atb, SlotKind::Irm),
        ] {
            let mut spec = Spec::paper(cell, hidden, feature);
            (spec.base, spec.blocks, spec.skip) = (2, 1, true);
            let variables = Variables::initial(&spec, 5, Device::Cpu).expect("variables");
            let mut random = ChaCha8Rng::seed_from_u64(6);
            let mut variables = variables.widened(&mut random);
            variables.follow().expect("leaves");
            let frames: Vec<Tensor> = (0..3)
                .map(|_| picture(&mut random, &[1, 3, 16, 16]).to_kind(Kind::Double))
                .collect();
            let network = variables.network(Kind::Double).expect("a network");
            let tensors: Vec<&Tensor> = variables.entries().iter().map(|(_, t)| t).collect();
            let gradients =
                Tensor::run_backward(&[loss(&network, &frames)], &tensors, false, false);
            tch::no_grad(|| {
                let mut direction = |t: &&Tensor| normals(&mut random, &t.size()).expect("numbers");
                let directions: Vec<Tensor> = tensors.iter().map(&mut direction).collect();
                let along: f64 = gradients
                    .iter()
                    .zip(&directions)
                    .map(|(g, d)| (g * d).sum(Kind::Double).double_value(&[]))
                    .sum();
                let shifted = |by: f64| {
                    for (tensor, direction) in tensors.iter().zip(&directions) {
                        let _ = tensor.detach().g_add_(&(direction * by));
                    }
                    loss(
                        &variables.network(Kind::Double).expect("a network"),
                        &frames,
                    )
                    .double_value(&[])
                };
                let step = 1e-6;
                let (above, below) = (shifted(step), shifted(-2.0 * step));
                let found = (above - below) / (2.0 * step);
                assert!(
                    (found - along).abs() < 1e-4 * along.abs(),
                    "{spec:?}: {along} by gradients, {found} by differences"
                );
            });
        }
    }
}

#[test]
fn every_rule_makes_the_loss_smaller_for_every_network() {
    alone();
    for cell in Cell::ALL {
        for rule in ["muon", "adam", "adamw"] {
            let network = format!(
                "cell = \"{}\"\nbase = 2\nblocks = 1\nhidden = \"irm\"\nfeature = \"atb\"",
                cell.word()
            );
            let more = format!("[optimiser]\nkind = \"{rule}\"\nrate = 5e-3\nwarm-up = 1\n");
            let mut recipe = recipe(&network, &more);
            recipe.steps = 40;
            recipe.clips.every = 1000;
            let (mut trainer, _) = Trainer::new(&recipe).expect("a trainer");
            let ring = ring(&recipe, 0);
            let reports: Vec<Report> = (0..40)
                .map(|_| trainer.step(&ring).expect("a step"))
                .collect();
            let mean =
                |part: &[Report]| part.iter().map(|r| r.loss).sum::<f64>() / part.len() as f64;
            let (early, late) = (mean(&reports[..8]), mean(&reports[32..]));
            assert!(late < early, "{} {rule}: {early} to {late}", cell.word());
            assert!(reports.iter().all(|report| report.changed));
        }
    }
}

#[test]
fn a_run_that_was_stopped_repeats_the_losses_of_an_unbroken_one() {
    alone();
    for rule in ["muon", "adamw"] {
        let recipe = recipe(IFI, &format!("[optimiser]\nkind = \"{rule}\"\n"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint.safetensors");
        let (mut unbroken, _) = Trainer::new(&recipe).expect("a trainer");
        let mut clips = ring(&recipe, 0);
        let mut losses = Vec::new();
        for step in 0..12 {
            clips.advance(step).expect("clips");
            losses.push(unbroken.step(&clips).expect("a step").loss);
            if step == 6 {
                unbroken
                    .checkpoint()
                    .expect("values")
                    .save(&path)
                    .expect("a file");
            }
        }
        let (mut resumed, _) = Trainer::new(&recipe).expect("a trainer");
        let saved = checkpoint::Checkpoint::open(&path)
            .expect("a file")
            .expect("is there");
        resumed.restore(&saved).expect("fits");
        assert_eq!(resumed.step_number(), 7);
        let mut clips = ring(&recipe, 7);
        for step in 7..12 {
            clips.advance(step).expect("clips");
            let loss = resumed.step(&clips).expect("a step").loss;
            assert_eq!(
                loss,
                losses[usize::try_from(step).expect("few")],
                "{rule}, step {step}"
            );
        }
        for ((name, a), (_, b)) in resumed
            .average()
            .entries()
            .iter()
            .zip(unbroken.average().entries())
        {
            assert_eq!(a, b, "{name}");
        }
    }
}

/// Long enough that every part is repeated from a recording in both stages.
#[test]
#[ignore = "needs an NVIDIA GPU"]
fn cuda_steps_that_are_repeated_make_the_losses_of_the_processor() {
    rirn::engine::load_cuda();
    let losses = |device: &str| {
        let mut recipe = recipe(IFI, "");
        (recipe.steps, recipe.run.device) = (40, device.to_owned());
        let (mut trainer, _) = Trainer::new(&recipe).expect("a trainer");
        let (_, device) = trainer.placement();
        let mut clips = ring_on(device, &recipe, 0);
        let losses = (0..40).map(|step| {
            clips.advance(step).expect("clips");
            trainer.step(&clips).expect("a step").loss
        });
        let losses: Vec<f64> = losses.collect();
        assert_eq!(trainer.unrecorded(), None);
        losses
    };
    let (expected, found) = (losses("cpu"), losses("cuda"));
    for (step, (a, b)) in expected.iter().zip(&found).enumerate() {
        assert!((a - b).abs() < 2e-3 * a.abs(), "step {step}: {a} and {b}");
    }
}

#[test]
fn a_loss_that_is_not_finite_changes_nothing_and_ends_the_run_in_the_end() {
    alone();
    let recipe = recipe(IFI, "[optimiser]\nrate = 1e30\nwarm-up = 1\n");
    let (mut trainer, _) = Trainer::new(&recipe).expect("a trainer");
    let ring = ring(&recipe, 0);
    let error = (0..60).find_map(|_| trainer.step(&ring).err());
    assert!(
        matches!(error, Some(TrainError::Diverged { .. })),
        "{error:?}"
    );
}
