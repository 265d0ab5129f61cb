// SPDX-License-Identifier: MIT OR Apache-2.0
//! CUDA at run time, with one binary for a CPU LibTorch and a CUDA one.
//!
//! The binary links `libtorch_cpu` only. LibTorch asks for its CUDA part once, on first use, and
//! remembers the answer for ever; so the part has to be loaded before anything else is called, and
//! that is what [`prepare`] does at the start of every worker. Without an NVIDIA driver it does
//! nothing: loading costs 0.1 s and 235 MB.

use std::ffi::CString;
use std::fmt;
use std::sync::OnceLock;

/// Why CUDA cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoCuda {
    /// No NVIDIA driver on this machine.
    NoDriver,
    /// The LibTorch in use has no CUDA part.
    CpuBuild,
    /// The CUDA part cannot be loaded; the loader's own words.
    Broken(String),
    /// LibTorch sees no device.
    NoDevice,
    /// There are only so many devices.
    TooFew(i64),
    /// A first small computation failed; LibTorch's own words.
    Failed(String),
}

impl NoCuda {
    /// Whether a GPU seems to be there that somebody would expect to work.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Failed(_) | Self::NoDevice)
    }
}

impl fmt::Display for NoCuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDriver => f.write_str("there is no NVIDIA driver on this machine"),
            Self::CpuBuild => f.write_str("the LibTorch in use is a CPU build"),
            Self::Broken(why) => write!(f, "LibTorch's CUDA part cannot be loaded: {why}"),
            Self::NoDevice => f.write_str("LibTorch finds no CUDA device"),
            Self::TooFew(count) => write!(f, "there are only {count} devices"),
            Self::Failed(why) => write!(f, "a first computation failed: {why}"),
        }
    }
}

/// Loads LibTorch's CUDA part where there is a driver. To be called before LibTorch is used.
pub(super) fn prepare() {
    loaded();
}

/// Whether the device of this number can compute. Only for the worker's thread.
pub(super) fn usable(index: usize) -> Result<(), NoCuda> {
    loaded().clone()?;
    if !tch::Cuda::is_available() {
        return Err(NoCuda::NoDevice);
    }
    let count = tch::Cuda::device_count();
    if i64::try_from(index).map_or(true, |index| index >= count) {
        return Err(NoCuda::TooFew(count));
    }
    let one = tch::Tensor::f_ones([1], (tch::Kind::Float, tch::Device::Cuda(index)));
    one.and_then(|one| one.f_double_value(&[0]))
        .map(|_| ())
        .map_err(|error| NoCuda::Failed(crate::Error::from(error).to_string()))
}

fn loaded() -> &'static Result<(), NoCuda> {
    static LOADED: OnceLock<Result<(), NoCuda>> = OnceLock::new();
    LOADED.get_or_init(|| {
        dl::open("libcuda.so.1").map_err(|_| NoCuda::NoDriver)?;
        let folder = libtorch_folder().ok_or(NoCuda::CpuBuild)?;
        let library = format!("{folder}/libtorch_cuda.so");
        if !std::path::Path::new(&library).exists() {
            return Err(NoCuda::CpuBuild);
        }
        dl::open(&library).map_err(NoCuda::Broken)
    })
}

/// The folder from which this process has loaded LibTorch, which is not always the one that it was
/// linked with.
fn libtorch_folder() -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    folder_in_maps(&maps)
}

fn folder_in_maps(maps: &str) -> Option<String> {
    maps.lines().find_map(|line| {
        let path = &line[line.find('/')?..];
        Some(path.strip_suffix("/libtorch_cpu.so")?.to_owned())
    })
}

#[allow(unsafe_code)]
mod dl {
    use super::CString;
    use std::ffi::{CStr, c_char, c_int, c_void};

    /// Resolve everything now, and let later libraries see the symbols (dlopen(3)).
    const NOW_AND_GLOBAL: c_int = 0x2 | 0x100;

    unsafe extern "C" {
        fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
        fn dlerror() -> *const c_char;
    }

    /// Loads a library for the rest of the process's life.
    pub(super) fn open(file: &str) -> Result<(), String> {
        let name = CString::new(file).map_err(|error| error.to_string())?;
        // SAFETY: the name is a C string; the handle is never closed, so nothing dangles. The
        // text of dlerror belongs to this thread and is copied before the next call.
        unsafe {
            if !dlopen(name.as_ptr(), NOW_AND_GLOBAL).is_null() {
                return Ok(());
            }
            let text = dlerror();
            if text.is_null() {
                return Err(format!("{file} cannot be loaded"));
            }
            Err(CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NoCuda, dl, folder_in_maps};

    #[test]
    fn the_folder_of_libtorch_is_found_in_the_map_of_the_process() {
        let maps = "7f00-7f01 r-xp 0 fe:00 1  /usr/lib/libc.so.6\n\
                    7f02-7f03 r-xp 0 fe:00 2  /opt/my torch/lib/libtorch_cpu.so\n";
        assert_eq!(folder_in_maps(maps).as_deref(), Some("/opt/my torch/lib"));
        assert_eq!(folder_in_maps("7f00-7f01 rw-p 0 0:0 0 [heap]\n"), None);
    }

    #[test]
    fn a_missing_library_is_named_by_the_loader() {
        let error = dl::open("librirn-does-not-exist.so").expect_err("there is none");
        assert!(error.contains("librirn-does-not-exist.so"), "{error}");
    }

    #[test]
    fn only_a_gpu_that_should_work_and_does_not_is_broken() {
        for (why, is_broken, text) in [
            (
                NoCuda::NoDriver,
                false,
                "there is no NVIDIA driver on this machine",
            ),
            (
                NoCuda::CpuBuild,
                false,
                "the LibTorch in use is a CPU build",
            ),
            (NoCuda::TooFew(2), false, "there are only 2 devices"),
            (NoCuda::NoDevice, true, "LibTorch finds no CUDA device"),
            (
                NoCuda::Broken("no such symbol".into()),
                true,
                "LibTorch's CUDA part cannot be loaded: no such symbol",
            ),
            (
                NoCuda::Failed("no kernel image".into()),
                true,
                "a first computation failed: no kernel image",
            ),
        ] {
            assert_eq!((why.is_broken(), why.to_string()), (is_broken, text.into()));
        }
    }
}
