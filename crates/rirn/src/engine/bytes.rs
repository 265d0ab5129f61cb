// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Bytes`]: the bytes of a picture on their way to a device and back. On a GPU they lie in pinned
//! memory, which it reads and writes itself, two to five times as fast as memory that the driver
//! has to copy first.
#![allow(unsafe_code)]

use super::tensors::side;
use crate::error::Result;
use tch::{Device, Kind, Tensor};

/// A run of bytes in the memory of the host.
pub(super) struct Bytes(Memory);

enum Memory {
    /// As any memory; what callers begin with, who know no device.
    Plain(Vec<u8>),
    Pinned(Pinned),
}

/// A tensor in pinned memory, and its bytes.
struct Pinned {
    tensor: Tensor,
    data: *mut u8,
    length: usize,
}

// SAFETY: the pointer leads into the tensor, which is owned alone, goes along, and may be sent.
unsafe impl Send for Pinned {}

impl Bytes {
    /// Zeros in plain memory.
    pub(super) fn new(length: usize) -> Self {
        Self(Memory::Plain(vec![0; length]))
    }

    /// Bytes in the memory that suits `device`, of unknown value; for the worker.
    fn on(device: Device, length: usize) -> Result<Self> {
        if !matches!(device, Device::Cuda(_)) {
            return Ok(Self::new(length));
        }
        let plain = Tensor::f_empty([side(length)?], (Kind::Uint8, Device::Cpu))?;
        // Not `pin_memory`, which warns that it will not take the device for ever.
        let tensor = plain.f_internal_pin_memory(device)?;
        let data = tensor.data_ptr().cast();
        Ok(Self(Memory::Pinned(Pinned {
            tensor,
            data,
            length,
        })))
    }

    /// These, or others of the same number in the memory that suits `device`; for the worker.
    pub(super) fn suited(self, device: Device) -> Result<Self> {
        let is_plain = matches!(self.0, Memory::Plain(_));
        match (is_plain, device) {
            (true, Device::Cuda(_)) => Self::on(device, self.len()),
            _ => Ok(self),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Memory::Plain(bytes) => bytes,
            // SAFETY: the tensor is contiguous, has as many bytes, and lives as long as `self`.
            Memory::Pinned(pinned) => unsafe {
                std::slice::from_raw_parts(pinned.data, pinned.length)
            },
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Plain(bytes) => bytes,
            // SAFETY: as above; `self` is borrowed alone, and nobody else has the tensor.
            Memory::Pinned(pinned) => unsafe {
                std::slice::from_raw_parts_mut(pinned.data, pinned.length)
            },
        }
    }

    /// The bytes on `device`, 8 bit.
    pub(super) fn to_device(&self, device: Device) -> Result<Tensor> {
        let mut there = Tensor::f_empty([side(self.len())?], (Kind::Uint8, device))?;
        self.with_tensor(|here| Ok(there.f_copy_(here)?))?;
        Ok(there)
    }

    /// Takes all bytes of a tensor, which has as many; waits for the device.
    pub(super) fn fill(&mut self, from: &Tensor) -> Result<()> {
        self.with_tensor(|here| Ok(here.shallow_clone().f_copy_(from)?))
    }

    fn with_tensor<T>(&self, work: impl FnOnce(&Tensor) -> Result<T>) -> Result<T> {
        match &self.0 {
            Memory::Pinned(pinned) => work(&pinned.tensor),
            Memory::Plain(bytes) => {
                let size = [side(bytes.len())?];
                // SAFETY: the tensor that stands for the bytes ends before this function does.
                let tensor = unsafe {
                    let data = bytes.as_ptr();
                    Tensor::f_from_blob(data, &size, &[1], Kind::Uint8, Device::Cpu)?
                };
                work(&tensor)
            }
        }
    }
}
