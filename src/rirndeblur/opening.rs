// SPDX-License-Identifier: MIT OR Apache-2.0
//! From settings to an engine: which weights, checked early without LibTorch, opened at the start.

use super::MakeNetwork;
use super::failure;
use super::settings::Settings;
use gst::glib;
use rirn::Engine;
use rirn::weights::{Installed, Place};
use std::path::PathBuf;
use std::sync::Arc;

/// What the engine came to, for the properties that tell.
#[derive(Default, Clone)]
pub(crate) struct Active {
    pub(crate) model: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) precision: Option<&'static str>,
    pub(crate) kernels: Option<String>,
    /// Frames by which the output is late.
    pub(crate) delay: u32,
}

/// Finds wrong settings without a call of LibTorch. Weights are read unless `own_network`.
pub(crate) fn check(settings: &Settings, own_network: bool) -> Result<(), gst::ErrorMessage> {
    let place = place(settings);
    let refused = |error: rirn::Error| failure::at_start(&error, &place);
    settings.engine().map_err(refused)?;
    if !own_network {
        let read = installed().read(&place);
        read.map_err(|error| refused(error.into()))?;
    }
    Ok(())
}

/// Opens the engine with the network of `make`, or else with the weights of the settings.
pub(crate) fn open(
    settings: &Settings,
    make: Option<Arc<MakeNetwork>>,
) -> Result<(Engine, Active), gst::ErrorMessage> {
    let place = place(settings);
    let refused = |error: rirn::Error| failure::at_start(&error, &place);
    let config = settings.engine().map_err(refused)?;
    let (engine, name) = match make {
        Some(make) => (Engine::with_network(&config, move || make()), None),
        None => {
            let read = installed().read(&place);
            let read = read.map_err(|error| refused(error.into()))?;
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
        kernels: Some(engine.kernels()),
        delay: u32::try_from(engine.delay()).unwrap_or(u32::MAX),
    };
    Ok((engine, active))
}

/// The weights that the settings mean: a file, or what goes by a name.
fn place(settings: &Settings) -> Place {
    match &settings.model_file {
        Some(file) => Place::File(PathBuf::from(file)),
        None => installed().place(&settings.model),
    }
}

/// Weights by name, the user's own folder of installed ones first.
fn installed() -> Installed {
    let folders = std::iter::once(glib::user_data_dir());
    Installed::new(folders.chain(glib::system_data_dirs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_without_glib_search_the_same_folders() {
        let folders = rirn::weights::data_folders(|key| std::env::var_os(key));
        assert_eq!(installed(), Installed::new(folders));
    }
}
