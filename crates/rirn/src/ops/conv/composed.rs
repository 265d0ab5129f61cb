// SPDX-License-Identifier: MIT OR Apache-2.0
//! A convolution that stands for something else, made from its weights when it is first needed.

use super::Conv2d;
use crate::error::Result;
use crate::ops::products::Products;
use std::cell::RefCell;
use tch::Tensor;

/// The convolution, and the version of the weights that it was made from.
#[derive(Default)]
pub(crate) struct Composed(RefCell<Option<(i64, Conv2d)>>);

impl Composed {
    /// The convolution on `x`, then perhaps ReLU; composed anew if the weights have been written into since.
    pub(crate) fn run(
        &self,
        version: i64,
        compose: impl Fn() -> Result<Conv2d>,
        x: &Tensor,
        relu: bool,
    ) -> Result<Tensor> {
        let mut composed = self.0.borrow_mut();
        let conv = match composed.take() {
            Some((of, conv)) if of == version => conv,
            // Rounded once, when it runs, and not in what it is read from.
            _ => Products::exactly(compose)?,
        };
        composed.insert((version, conv)).1.run(x, None, relu)
    }
}
