// SPDX-License-Identifier: MIT OR Apache-2.0
//! From settings to an engine: which weights, checked early without LibTorch, opened at the start.

use super::MakeNetwork;
use super::failure::{self, Weights};
use super::settings::Settings;
use gst::glib;
use rirn::Engine;
use rirn::error::WeightsError;
use std::path::PathBuf;
use std::sync::Arc;

/// Ending of weights files.
const ENDING: &str = "safetensors";

/// What the engine came to, for the properties that tell.
#[derive(Default, Clone)]
pub(crate) struct Active {
    pub(crate) model: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) precision: Option<&'static str>,
    /// Frames by which the output is late.
    pub(crate) delay: u32,
}

/// Finds wrong settings without a call of LibTorch. Weights are read unless `own_network`.
pub(crate) fn check(settings: &Settings, own_network: bool) -> Result<(), gst::ErrorMessage> {
    let weights = weights(settings);
    let refused = |error: rirn::Error| failure::at_start(&error, &weights);
    settings.engine().map_err(refused)?;
    if !own_network {
        read(&weights).map_err(|error| refused(error.into()))?;
    }
    Ok(())
}

/// Opens the engine with the network of `make`, or else with the weights of the settings.
pub(crate) fn open(
    settings: &Settings,
    make: Option<Arc<MakeNetwork>>,
) -> Result<(Engine, Active), gst::ErrorMessage> {
    let weights = weights(settings);
    let refused = |error: rirn::Error| failure::at_start(&error, &weights);
    let config = settings.engine().map_err(refused)?;
    let (engine, name) = match make {
        Some(make) => (Engine::with_network(&config, move || make()), None),
        None => {
            let read = read(&weights).map_err(|error| refused(error.into()))?;
            let name = read.label().to_owned();
            (Engine::open(read, &config), Some(name))
        }
    };
    let engine = engine.map_err(refused)?;
    let active = Active {
        model: Some(match name {
            Some(name) => format!("{name} ({})", engine.label()),
            None => engine.label().to_owned(),
        }),
        device: Some(engine.device()),
        precision: Some(engine.precision()),
        delay: u32::try_from(engine.delay()).unwrap_or(u32::MAX),
    };
    Ok((engine, active))
}

/// The weights that the settings mean: a file, built-in ones, or NAME.safetensors in one of the
/// folders of installed models. A name that is none of these is left to be refused.
fn weights(settings: &Settings) -> Weights {
    if let Some(file) = &settings.model_file {
        return Weights::File(PathBuf::from(file));
    }
    let name = &settings.model;
    // A name is no path: nothing outside of the folders is reached by it.
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
    let installed = folders()
        .map(|folder| folder.join(format!("{name}.{ENDING}")))
        .find(|file| is_plain && file.is_file());
    match installed {
        Some(file) if rirn::weights::shipped(name).is_none() => Weights::File(file),
        _ => Weights::BuiltIn(name.clone()),
    }
}

/// Reads the weights; tensors are not compared with the network yet.
fn read(weights: &Weights) -> Result<rirn::weights::Weights, WeightsError> {
    match weights {
        Weights::File(path) => rirn::weights::Weights::open(path),
        Weights::BuiltIn(name) => rirn::weights::Weights::built_in(name).map_err(|error| {
            // The library knows what is built in, but not what is installed.
            match error {
                WeightsError::UnknownName { name, .. } => WeightsError::UnknownName {
                    name,
                    known: known().join(", "),
                },
                other => other,
            }
        }),
    }
}

/// Folders of installed models, the user's own first.
fn folders() -> impl Iterator<Item = PathBuf> {
    std::iter::once(glib::user_data_dir())
        .chain(glib::system_data_dirs())
        .map(|folder| folder.join("rirndeblur/models"))
}

/// Names of all weights there are.
fn known() -> Vec<String> {
    let mut names: Vec<_> = rirn::weights::names().map(str::to_owned).into();
    let entries = folders()
        .filter_map(|folder| folder.read_dir().ok())
        .flatten();
    names.extend(entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let is_weights = path.extension().is_some_and(|ending| ending == ENDING);
        let name = path.file_stem()?.to_str()?.to_owned();
        (is_weights && path.is_file()).then_some(name)
    }));
    names.sort();
    names.dedup();
    names
}
