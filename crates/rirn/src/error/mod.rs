// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 0: the one error type of this crate and its parts.
//!
//! Each floor that can refuse something has its own enum ([`PixelError`], [`SpecError`],
//! [`WeightsError`]); [`Error`] joins them with what LibTorch and the engine report, so that a
//! caller can choose by variant and show the text as it is.

mod panicked;
mod pixel;
mod spec;
mod weights;

pub(crate) use panicked::caught;
pub use pixel::PixelError;
pub use spec::SpecError;
pub use weights::WeightsError;

/// What can go wrong in this crate. Messages are lower case, without a full stop, and name what
/// was read and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A picture's size, planes or strides do not fit its format.
    #[error(transparent)]
    Pixel(PixelError),
    /// A network description is outside the limits of the weights format.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A weights file cannot be read, or must not be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A network whose layers are not part of this crate.
    #[error("network \"{0}\" is not built into this version")]
    UnknownNetwork(String),
    /// A device text that is neither `auto`, `cpu`, `cuda` nor `cuda:N`.
    #[error("device \"{0}\" is not auto, cpu, cuda or cuda:N")]
    DeviceText(String),
    /// A precision text that is none of the four.
    #[error("\"{0}\" is no precision; it is auto, float32, float16 or bfloat16")]
    PrecisionText(String),
    /// CUDA was asked for and cannot be used.
    #[error("CUDA device {index} was asked for, but {reason}")]
    NoCuda {
        /// Number of the device that was asked for.
        index: usize,
        /// Why it cannot be used.
        reason: String,
    },
    /// LibTorch reported that memory ran out, or the system did.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// LibTorch reported that the CUDA device cannot be used any more in this process.
    #[error("the CUDA device stopped working: {0}")]
    DeviceLost(String),
    /// Any other report of LibTorch, cut to its first line.
    #[error("{0}")]
    Torch(String),
    /// The network's picture holds a value that is not a number or infinite.
    #[error("the network gave a picture that is not finite")]
    NotFinite,
    /// A network took or gave tensors of another shape than its profile says.
    #[error("{0}")]
    Shape(String),
    /// The job panicked in the worker; the worker goes on.
    #[error("internal error in the deblurring worker")]
    WorkerPanicked,
    /// The wait was interrupted by a flush or a stop; the past is lost.
    #[error("interrupted")]
    Interrupted,
}

/// Result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How LibTorch says that memory ran out, in lower case: its CUDA allocator, its CPU allocator on
/// Linux and elsewhere, cuDNN and cuBLAS (`…_ALLOC_FAILED`), the C++ library.
const NO_MEMORY: &[&str] = &[
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "_alloc_failed",
    "bad_alloc",
];

/// What oneDNN says, as the whole text, where it has no memory for its code, its work space or its
/// copies. It tells no reason, but has found the sizes and kinds in order before.
const ONEDNN_NO_MEMORY: &[&str] = &[
    "could not create a memory object",
    "could not create a primitive",
    "could not execute a primitive",
];

/// How CUDA says that nothing more can be done with a device, in lower case: the errors of its
/// runtime that leave the process in an inconsistent state.
const DEVICE_LOST: &[&str] = &[
    "an illegal memory access was encountered",
    "an illegal instruction was encountered",
    "misaligned address",
    "device-side assert triggered",
    "unspecified launch failure",
    "the launch timed out and was terminated",
    "hardware stack error",
    "uncorrectable ecc error encountered",
    "uncorrectable nvlink error detected",
    "gpu is lost",
];

impl From<PixelError> for Error {
    fn from(error: PixelError) -> Self {
        match error {
            // The same way out as from LibTorch's: what is held can be given up, tiles can be smaller.
            PixelError::Memory { .. } => Error::OutOfMemory(error.to_string()),
            other => Error::Pixel(other),
        }
    }
}

impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        let text = match error {
            tch::TchError::Torch(text) => text,
            other => other.to_string(),
        };
        // LibTorch appends a C++ stack trace, and on a missing backend the list of all backends.
        let first = text.lines().next().unwrap_or_default().trim().to_owned();
        let lower = first.to_ascii_lowercase();
        let is_told = NO_MEMORY.iter().any(|words| lower.contains(words));
        if is_told || ONEDNN_NO_MEMORY.contains(&lower.as_str()) {
            Error::OutOfMemory(first)
        } else if lower.contains("cuda") && DEVICE_LOST.iter().any(|words| lower.contains(words)) {
            Error::DeviceLost(first)
        } else {
            Error::Torch(first)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, PixelError};
    use tch::TchError;

    #[test]
    fn no_memory_for_a_picture_is_out_of_memory_and_no_wrong_picture() {
        let refused = Error::from(PixelError::Memory { values: 7 });
        assert!(matches!(&refused, Error::OutOfMemory(text) if text.contains(" 7 values")));
        let refused = Error::from(PixelError::Colorimetry);
        assert!(matches!(refused, Error::Pixel(PixelError::Colorimetry)));
    }

    #[test]
    fn torch_text_is_cut_to_its_first_line() {
        let error = TchError::Torch("bad shape\nException raised from here\nframe #0".into());
        assert!(matches!(Error::from(error), Error::Torch(text) if text == "bad shape"));
    }

    #[test]
    fn a_layer_that_onednn_does_not_have_is_no_lack_of_memory() {
        let text =
            "could not create a primitive descriptor for the convolution forward propagation";
        assert!(matches!(
            Error::from(TchError::Torch(text.into())),
            Error::Torch(_)
        ));
    }

    #[test]
    fn all_allocators_are_understood_as_out_of_memory() {
        for text in [
            "CUDA out of memory. Tried to allocate 2.00 GiB",
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried",
            "[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried",
            "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
            "std::bad_alloc",
            "could not create a primitive",
        ] {
            assert!(matches!(
                Error::from(TchError::Torch(text.into())),
                Error::OutOfMemory(_)
            ));
        }
    }

    #[test]
    fn a_lost_device_is_told_from_other_faults_of_cuda() {
        let read = |text: &str| Error::from(TchError::Torch(text.into()));
        for text in [
            "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be",
            "CUDA error: unspecified launch failure",
            "CUDA error: device-side assert triggered",
        ] {
            let error = read(text);
            assert!(matches!(error, Error::DeviceLost(_)), "{error:?}");
        }
        for text in [
            "CUDA error: no kernel image is available for execution on the device",
            "CUDA error: invalid device ordinal",
            "misaligned address",
        ] {
            let error = read(text);
            assert!(matches!(error, Error::Torch(_)), "{error:?}");
        }
    }
}
