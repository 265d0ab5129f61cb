// SPDX-License-Identifier: MIT OR Apache-2.0
//! Convolution on CUDA by cuDNN: in half precision with bias, residual sum and ReLU in one kernel
//! where cuDNN has it, in float32 without TensorFloat-32, which keeps only ten bits of a factor.
//! Through the plain call of the binding cuDNN would round so whenever the process lets it.

use super::finish;
use super::own::Layer;
use crate::error::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::{Device, Kind, Tensor};

/// Whether cuDNN tries its algorithms for every size it has not seen and keeps the fastest.
static BY_TRIAL: AtomicBool = AtomicBool::new(true);

/// Tells LibTorch how cuDNN chooses, before the first convolution on a device: by trial, or by rule,
/// for all networks of the process and for the rest of its life.
pub(crate) fn begin(by_rule: bool) {
    if by_rule {
        BY_TRIAL.store(false, Ordering::Relaxed);
    }
    tch::Cuda::cudnn_set_benchmark(BY_TRIAL.load(Ordering::Relaxed));
}

/// Pixels of a map at a quarter of the frame's size from which on the folded encoder and decoder are
/// faster: measured between frames of 1280×720 and 1920×1080.
pub(super) const LEAST_FOLDED: i64 = 100_000;

/// Whether tensors like this one are computed here: on CUDA, without gradients.
pub(crate) fn takes(x: &Tensor) -> bool {
    matches!(x.device(), Device::Cuda(_)) && !x.requires_grad()
}

/// Convolution of `x`, bias, residual, ReLU; nothing where the plain call has to do it.
pub(super) fn run(
    layer: Layer<'_>,
    x: &Tensor,
    residual: Option<&Tensor>,
    relu: bool,
) -> Result<Option<Tensor>> {
    if !takes(x) || layer.weight.requires_grad() {
        return Ok(None);
    }
    if x.f_kind()? == Kind::Float {
        let y = exact(layer, x)?;
        return finish(y, residual, relu).map(Some);
    }
    let padding = layer.weight.size()[2] / 2;
    let (stride, padding) = ([layer.stride; 2], [padding; 2]);
    if !relu {
        return Ok(None);
    }
    let y = match residual {
        None => {
            x.f_cudnn_convolution_relu(layer.weight, Some(layer.bias), stride, padding, [1, 1], 1)?
        }
        Some(residual) => x.f_cudnn_convolution_add_relu(
            layer.weight,
            residual,
            1.0,
            Some(layer.bias),
            stride,
            padding,
            [1, 1],
            1,
        )?,
    };
    Ok(Some(y))
}

/// A transposed convolution in float32 on CUDA with stride 2 and padding 1, as [`run`].
pub(super) fn transposed(
    weight: &Tensor,
    bias: &Tensor,
    x: &Tensor,
    output_padding: i64,
) -> Result<Option<Tensor>> {
    if !takes(x) || weight.requires_grad() || x.f_kind()? != Kind::Float {
        return Ok(None);
    }
    let by_trial = BY_TRIAL.load(Ordering::Relaxed);
    let y = x.f_internal_convolution(
        weight,
        Some(bias),
        [2, 2],
        [1, 1],
        [1, 1],
        true,
        [output_padding; 2],
        1,
        by_trial,
        !by_trial,
        true,
        false,
    )?;
    Ok(Some(y))
}

/// Float32 to its last bits.
fn exact(layer: Layer<'_>, x: &Tensor) -> Result<Tensor> {
    let padding = layer.weight.size()[2] / 2;
    let by_trial = BY_TRIAL.load(Ordering::Relaxed);
    Ok(x.f_internal_convolution(
        layer.weight,
        Some(layer.bias),
        [layer.stride; 2],
        [padding; 2],
        [1, 1],
        false,
        [0, 0],
        1,
        by_trial,
        !by_trial,
        true,
        false,
    )?)
}
