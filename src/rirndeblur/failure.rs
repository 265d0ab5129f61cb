// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors of the library as GStreamer's element errors: domain, code and a whole sentence for the
//! user; the cause goes into the debug field. Table: `docs/ELEMENT.md`, errors.

use gst::{LibraryError, ResourceError};
use rirn::Error;
use rirn::error::WeightsError;
use rirn::weights::Place;

/// Why the element cannot start with these weights.
pub(crate) fn at_start(error: &Error, place: &Place) -> gst::ErrorMessage {
    match error {
        Error::Weights(error) => of_weights(error, &shown(place)),
        Error::UnknownNetwork(_) => message(
            LibraryError::Settings,
            format!("Weights file \"{}\" cannot be used: {error}.", shown(place)),
            error,
        ),
        other => of_engine(other),
    }
}

/// The name of weights that a message shows.
fn shown(place: &Place) -> String {
    match place {
        Place::BuiltIn(name) => name.clone(),
        Place::File(path) => path.to_string_lossy().into_owned(),
    }
}

fn of_weights(error: &WeightsError, file: &str) -> gst::ErrorMessage {
    match error {
        WeightsError::UnknownName { name, known } => message(
            ResourceError::NotFound,
            format!("There are no weights named \"{name}\"; there are: {known}."),
            error,
        ),
        WeightsError::NotFound => message(
            ResourceError::NotFound,
            format!("Weights file \"{file}\" does not exist."),
            error,
        ),
        WeightsError::Unreadable { cause } => message(
            ResourceError::OpenRead,
            format!("Weights file \"{file}\" cannot be opened: {cause}."),
            error,
        ),
        WeightsError::Version { found } => message(
            LibraryError::Settings,
            format!(
                "Weights file \"{file}\" is of version {found}, which this plugin does not know."
            ),
            error,
        ),
        WeightsError::Spec(spec) => message(
            LibraryError::Settings,
            format!("Weights file \"{file}\" describes no network that this plugin knows: {spec}."),
            error,
        ),
        WeightsError::Misfit { network, fault } => message(
            LibraryError::Settings,
            format!("Weights in \"{file}\" do not fit network \"{network}\": {fault}."),
            error,
        ),
        other => message(
            ResourceError::Read,
            format!("Weights file \"{file}\" is damaged or not a weights file: {other}."),
            error,
        ),
    }
}

/// Why a frame, or the engine, failed.
pub(crate) fn of_engine(error: &Error) -> gst::ErrorMessage {
    match error {
        Error::DeviceText(text) => message(
            ResourceError::Settings,
            format!("Device \"{text}\" is not auto, cpu, cuda or cuda:N."),
            error,
        ),
        Error::NoCuda { .. } => message(ResourceError::NotFound, format!("{error}."), error),
        Error::OutOfMemory(_) => message(
            ResourceError::NoSpaceLeft,
            "There is not enough memory for the network.".to_owned(),
            error,
        ),
        Error::DeviceLost(_) => message(
            ResourceError::Failed,
            "The CUDA device stopped working.".to_owned(),
            error,
        ),
        Error::WorkerPanicked => message(
            LibraryError::Failed,
            "Internal error in the deblurring worker.".to_owned(),
            error,
        ),
        other => message(
            LibraryError::Failed,
            format!("The network failed: {other}."),
            error,
        ),
    }
}

/// A buffer that is not the picture that its caps promise.
pub(crate) fn unreadable(cause: &str) -> gst::ErrorMessage {
    message(
        ResourceError::Read,
        "Video frame could not be read.".to_owned(),
        &cause,
    )
}

fn message(
    code: impl gst::MessageErrorDomain,
    text: String,
    cause: &dyn std::fmt::Display,
) -> gst::ErrorMessage {
    gst::error_msg!(code, ("{}", text), ["{}", cause])
}

#[cfg(test)]
mod tests;
