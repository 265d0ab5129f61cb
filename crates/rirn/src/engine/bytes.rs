// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Bytes`]: the bytes of a picture on their way to the worker and back. For a GPU they lie in pinned
//! memory, which it reads and writes itself, two to five times as fast as memory that the driver
//! has to copy first.
#![allow(unsafe_code)]

use super::tensors::side;
use crate::error::{PixelError, Result};
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
    /// As many bytes as this of `used`, or zeros in plain memory.
    pub(super) fn used_or_new(used: Option<Self>, length: usize) -> Result<Self, PixelError> {
        if let Some(used) = used.filter(|bytes| bytes.len() == length) {
            return Ok(used);
        }
        let mut bytes = Vec::new();
        let values = length.div_ceil(4);
        bytes
            .try_reserve_exact(length)
            .map_err(|_| PixelError::Memory { values })?;
        bytes.resize(length, 0);
        Ok(Self(Memory::Plain(bytes)))
    }

    /// These, or on a GPU as many of unknown value in pinned memory, if there is some; for the
    /// worker.
    pub(super) fn suited(self, device: Device) -> Self {
        match (&self.0, device) {
            (Memory::Plain(bytes), Device::Cuda(_)) => pinned(bytes.len(), device).unwrap_or(self),
            _ => self,
        }
    }

    /// Whether a GPU reads and writes them itself.
    pub(super) fn is_pinned(&self) -> bool {
        matches!(self.0, Memory::Pinned(_))
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
        self.copy_to(&mut there)?;
        Ok(there)
    }

    /// Copies the bytes to a tensor of as many, 8 bit.
    pub(super) fn copy_to(&self, there: &mut Tensor) -> Result<()> {
        match &self.0 {
            Memory::Pinned(pinned) => there.f_copy_(&pinned.tensor)?,
            Memory::Plain(bytes) => {
                // SAFETY: only read, and the tensor that stands for the bytes ends here.
                let here = unsafe { borrowed(bytes.as_ptr(), bytes.len())? };
                there.f_copy_(&here)?;
            }
        }
        Ok(())
    }

    /// Takes all bytes of a tensor, which has as many; waits for the device.
    pub(super) fn fill(&mut self, from: &Tensor) -> Result<()> {
        match &mut self.0 {
            Memory::Pinned(pinned) => pinned.tensor.f_copy_(from)?,
            Memory::Plain(bytes) => {
                // SAFETY: borrowed alone, and the tensor that stands for the bytes ends here.
                let mut here = unsafe { borrowed(bytes.as_mut_ptr(), bytes.len())? };
                here.f_copy_(from)?;
            }
        }
        Ok(())
    }
}

/// Bytes of unknown value in pinned memory.
fn pinned(length: usize, device: Device) -> Result<Bytes> {
    let plain = Tensor::f_empty([side(length)?], (Kind::Uint8, Device::Cpu))?;
    // Not `pin_memory`, which warns that it will not take the device for ever.
    let tensor = plain.f_internal_pin_memory(device)?;
    let data = tensor.data_ptr().cast();
    Ok(Bytes(Memory::Pinned(Pinned {
        tensor,
        data,
        length,
    })))
}

/// A tensor that stands for bytes.
///
/// # Safety
/// It must not outlive them, and written to only if they may be through this pointer.
unsafe fn borrowed(data: *const u8, length: usize) -> Result<Tensor> {
    let size = [side(length)?];
    // SAFETY: as the caller promises.
    let tensor = unsafe { Tensor::f_from_blob(data, &size, &[1], Kind::Uint8, Device::Cpu)? };
    Ok(tensor)
}
