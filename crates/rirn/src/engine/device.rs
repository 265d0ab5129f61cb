// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which device a network gets.

use super::worker::Worker;
use super::{DeviceChoice, Note, cuda};
use crate::error::{Error, Result};
use tch::Device;

/// The device for a choice, and what to tell the user. Asks LibTorch on the worker's thread.
pub(super) fn choose(choice: DeviceChoice) -> Result<(Device, Vec<Note>)> {
    let usable = |index| {
        Worker::of(Device::Cpu)?
            .submit(move || Ok(cuda::usable(index)))
            .wait(None)
    };
    match choice {
        DeviceChoice::Cpu => Ok((Device::Cpu, Vec::new())),
        DeviceChoice::Cuda(index) => match usable(index)? {
            Ok(()) => Ok((Device::Cuda(index), Vec::new())),
            Err(why) => Err(Error::NoCuda {
                index,
                reason: why.to_string(),
            }),
        },
        DeviceChoice::Auto => Ok(match usable(0)? {
            Ok(()) => (Device::Cuda(0), Vec::new()),
            Err(why) if why.is_broken() => (Device::Cpu, vec![Note::CudaBroken(why.to_string())]),
            Err(why) => (Device::Cpu, vec![Note::CudaAbsent(why.to_string())]),
        }),
    }
}

/// `cpu` or `cuda:N`.
pub(super) fn text(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    }
}
