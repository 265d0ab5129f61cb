// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which arithmetic a network gets, and what its user should know of that.

use super::Precision;
use std::fmt;
use tch::{Device, Kind};

/// Something a user should know of the way in which the wishes were met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// `auto` found a CUDA device that does not work, and took the CPU.
    CudaBroken(String),
    /// `auto` found no CUDA device; nothing to worry about.
    CudaAbsent(String),
    /// float16 was asked for on the CPU, float32 is used.
    HalfOnCpu,
    /// bfloat16 was asked for on a CPU without AMX tiles, and is used.
    SlowBfloat16,
}

impl Note {
    /// Whether it is worth a warning; other notes are for the log.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        !matches!(self, Self::CudaAbsent(_))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CudaBroken(why) => {
                write!(f, "CUDA could not be used ({why}); running on the CPU.")
            }
            Self::CudaAbsent(why) => write!(f, "Running on the CPU: {why}."),
            Self::HalfOnCpu => {
                f.write_str("Half precision is not available on the CPU; using float32.")
            }
            Self::SlowBfloat16 => {
                f.write_str("This CPU has no AMX tiles: bfloat16 is slower than float32 on it.")
            }
        }
    }
}

/// The kind for `precision` on `device`, and what to tell the user. bfloat16 pays on a CPU with AMX: without tiles
/// LibTorch's is 1.4 (AVX-512) to 10 times (AVX2) slower than float32.
pub(super) fn choose(precision: Precision, device: Device, has_amx: bool) -> (Kind, Option<Note>) {
    let on_cuda = matches!(device, Device::Cuda(_));
    match precision {
        Precision::Auto if on_cuda => (Kind::Half, None),
        Precision::Auto if has_amx => (Kind::BFloat16, None),
        Precision::Auto | Precision::Float32 => (Kind::Float, None),
        Precision::Float16 if on_cuda => (Kind::Half, None),
        Precision::Float16 => (Kind::Float, Some(Note::HalfOnCpu)),
        Precision::Bfloat16 if on_cuda || has_amx => (Kind::BFloat16, None),
        Precision::Bfloat16 => (Kind::BFloat16, Some(Note::SlowBfloat16)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Note, Precision, choose};
    use tch::{Device, Kind};

    #[test]
    fn precision_follows_device_and_processor() {
        let (cpu, cuda) = (Device::Cpu, Device::Cuda(0));
        for (precision, device, amx, kind, note) in [
            (Precision::Auto, cpu, false, Kind::Float, None),
            (Precision::Auto, cpu, true, Kind::BFloat16, None),
            (Precision::Auto, cuda, false, Kind::Half, None),
            (Precision::Float32, cpu, true, Kind::Float, None),
            (Precision::Float32, cuda, true, Kind::Float, None),
            (Precision::Float16, cuda, false, Kind::Half, None),
            (
                Precision::Float16,
                cpu,
                true,
                Kind::Float,
                Some(Note::HalfOnCpu),
            ),
            (Precision::Bfloat16, cpu, true, Kind::BFloat16, None),
            (Precision::Bfloat16, cuda, false, Kind::BFloat16, None),
            (
                Precision::Bfloat16,
                cpu,
                false,
                Kind::BFloat16,
                Some(Note::SlowBfloat16),
            ),
        ] {
            assert_eq!(
                choose(precision, device, amx),
                (kind, note),
                "{precision:?} {device:?}"
            );
        }
    }
}
