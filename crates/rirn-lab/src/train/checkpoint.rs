// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Checkpoint`]: a run on disk, as a safetensors file: weights, their average, what the optimiser
//! remembers, the step and the recipe. Clips, their order and all chance follow from the last two.

use super::TrainError;
use super::schedule::Moment;
use super::variables::values;
use rirn::weights::replace;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use tch::Tensor;

/// The metadata's `format`.
const FORMAT: &str = "rirn-checkpoint-1";

/// A run at a step.
pub(super) struct Checkpoint {
    /// The step, and the time that led there.
    pub(super) at: Moment,
    /// The recipe as TOML.
    pub(super) recipe: String,
    /// Named float32 tensors.
    pub(super) tensors: Vec<(String, Tensor)>,
}

impl Checkpoint {
    /// Writes the file; an older one stays until this one is whole and on disk.
    pub(super) fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut data = Vec::with_capacity(self.tensors.len());
        for (name, tensor) in &self.tensors {
            let bytes: Vec<u8> = values(tensor)?
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect();
            let shape = tensor.size().iter().map(|side| *side as usize).collect();
            data.push((name, shape, bytes));
        }
        let views = data
            .iter()
            .map(|(name, shape, bytes): &(_, Vec<usize>, _)| {
                Ok((
                    name.as_str(),
                    TensorView::new(Dtype::F32, shape.clone(), bytes)?,
                ))
            });
        let views: Result<Vec<_>, safetensors::SafeTensorError> = views.collect();
        let meta = [
            ("format", FORMAT.to_owned()),
            ("step", self.at.step.to_string()),
            ("seconds", self.at.seconds.to_string()),
            ("recipe", self.recipe.clone()),
        ];
        let meta: HashMap<_, _> = meta.map(|(key, value)| (key.to_owned(), value)).into();
        let bytes = views.and_then(|views| serialize(views, Some(meta)));
        let bytes = bytes.map_err(|error| TrainError::save(path, error))?;
        replace(path, &bytes).map_err(|error| TrainError::save(path, error))
    }

    /// Reads the file of a run that was begun before; none if there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, TrainError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrainError::checkpoint(path, error)),
        };
        let wrong = |why: &str| TrainError::checkpoint(path, why);
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| TrainError::checkpoint(path, error))?;
        let meta = header.metadata().clone().unwrap_or_default();
        if meta.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(wrong("it is no checkpoint of this program"));
        }
        let step = meta.get("step").and_then(|step| step.parse().ok());
        let step = step.ok_or_else(|| wrong("its step is no number"))?;
        // Files from before runs of so much time do not say.
        let seconds = meta.get("seconds").map_or(Ok(0.0), |text| text.parse());
        let seconds = seconds.map_err(|_| wrong("its time is no number"))?;
        let recipe = meta
            .get("recipe")
            .ok_or_else(|| wrong("it has no recipe"))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| TrainError::checkpoint(path, error))?;
        let mut tensors = Vec::new();
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(wrong("it holds values that are not float32"));
            }
            let values: Vec<f32> = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            let shape: Vec<i64> = view.shape().iter().map(|side| *side as i64).collect();
            tensors.push((name, Tensor::f_from_slice(&values)?.f_view(&shape[..])?));
        }
        Ok(Some(Self {
            at: Moment { step, seconds },
            recipe: recipe.clone(),
            tensors,
        }))
    }

    /// The tensor of this name.
    pub(super) fn get(&self, name: &str, shape: &[i64]) -> Result<&Tensor, TrainError> {
        let found = self.tensors.iter().find(|(known, _)| known == name);
        match found {
            Some((_, tensor)) if tensor.size() == shape => Ok(tensor),
            _ => Err(TrainError::Misfit {
                name: name.to_owned(),
            }),
        }
    }
}
