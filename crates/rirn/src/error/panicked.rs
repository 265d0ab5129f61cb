// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors of LibTorch that reach us as a panic. The binding drops the scalar argument of an operation
//! before it reads whether the operation failed, and the drop takes the error for its own and
//! panics with it. So memory that runs out in a sum with a number is a panic, in a convolution an
//! error (tch 0.24; the scalars are its own, there is no call without them).

use super::Error;
use crate::error::Result;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How the binding's panic begins; what follows is the text of LibTorch as Rust prints a text.
const BEGINNING: &str = "called `Result::unwrap()` on an `Err` value: Torch(\"";

/// What `work` gives, with LibTorch's errors as errors; other panics go on.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // Whoever comes here has moved out what could be half updated (`engine/past.rs`).
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => match of_torch(payload.as_ref()) {
            Some(error) => Err(error),
            None => resume_unwind(payload),
        },
    }
}

/// The error that the panic is about, if it is one of LibTorch.
fn of_torch(payload: &(dyn Any + Send)) -> Option<Error> {
    let text = payload.downcast_ref::<String>()?;
    let text = text.strip_prefix(BEGINNING)?;
    // Only the first line is of use; line ends are written as two characters.
    let first = text.split("\\n").next().unwrap_or_default();
    let first = first.strip_suffix("\")").unwrap_or(first);
    Some(tch::TchError::Torch(first.replace("\\\"", "\"").replace("\\'", "'")).into())
}

#[cfg(test)]
mod tests {
    use super::caught;
    use crate::error::Error;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn memory_that_runs_out_beside_a_number_is_an_error() {
        let small = Tensor::zeros([1, 1], (Kind::Float, Device::Cpu));
        let huge = small.expand([1 << 24, 1 << 24], false);
        let result = caught(|| Ok(huge.f_add_scalar(1.0)?));
        assert!(matches!(result, Err(Error::OutOfMemory(_))), "{result:?}");
        // The error is taken: the next call does not find it.
        assert!(caught(|| Ok(small.f_add_scalar(1.0)?)).is_ok());
    }

    #[test]
    fn another_error_keeps_its_words_and_another_panic_goes_on() {
        let text = "called `Result::unwrap()` on an `Err` value: \
                    Torch(\"no \\\"x\\\" here\\nframe #0\")";
        let result = caught::<()>(|| std::panic::panic_any(text.to_owned()));
        assert!(matches!(result, Err(Error::Torch(text)) if text == "no \"x\" here"));
        let other = std::panic::catch_unwind(|| caught::<()>(|| panic!("of ours")));
        assert!(other.is_err());
    }
}
