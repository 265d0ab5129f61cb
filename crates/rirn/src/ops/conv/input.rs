// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a convolution takes: one tensor, or several in place of their join. The own kernels read
//! them where they lie; elsewhere they are joined first.

use crate::error::Result;
use crate::ops::cat;
use tch::Tensor;

/// A tensor, or several of one size whose channels follow each other.
pub(crate) trait Input {
    /// The tensors, at least one.
    fn parts(&self) -> &[&Tensor];
}

impl Input for &Tensor {
    fn parts(&self) -> &[&Tensor] {
        std::slice::from_ref(self)
    }
}

impl<const N: usize> Input for [&Tensor; N] {
    fn parts(&self) -> &[&Tensor] {
        self
    }
}

impl Input for &[&Tensor] {
    fn parts(&self) -> &[&Tensor] {
        self
    }
}

/// The parts as one tensor.
pub(super) fn joined(parts: &[&Tensor]) -> Result<Tensor> {
    match parts {
        [x] => Ok(x.shallow_clone()),
        _ => cat(parts),
    }
}
