// SPDX-License-Identifier: MIT OR Apache-2.0
//! What training makes small: the error of every frame, and states that grow.

use super::TrainError;
use super::recipe::{Loss, LossKind};
use rirn::networks::State;
use tch::{Kind, Tensor};

/// Keeps the logarithm finite; an error of 50 dB.
const LEAST_MSE: f64 = 1e-5;

/// Mean squared error of each clip: `[batch, 3, h, w]` to `[batch]`.
fn mse(output: &Tensor, truth: &Tensor) -> Result<Tensor, TrainError> {
    let square = output.f_sub(truth)?.f_square()?;
    Ok(square.f_mean_dim(&[1_i64, 2, 3][..], false, Kind::Float)?)
}

/// Loss of one frame, `output` and `truth` `[batch, 3, height, width]` in [0, 1]: one value.
pub(super) fn frame(loss: &Loss, output: &Tensor, truth: &Tensor) -> Result<Tensor, TrainError> {
    let error = output.f_sub(truth)?;
    let value = match loss.kind {
        LossKind::LogMse => mse(output, truth)?.f_add_scalar(LEAST_MSE)?.f_log()?,
        LossKind::Charbonnier => error.f_square()?.f_add_scalar(1e-6)?.f_sqrt()?,
        LossKind::L1 => error.f_abs()?,
        LossKind::Mse => error.f_square()?,
    };
    let value = value.f_mean(Kind::Float)?;
    if loss.fourier == 0.0 {
        return Ok(value);
    }
    let spectrum = error.f_fft_rfft2(None::<&[i64]>, &[-2_i64, -1][..], "ortho")?;
    let fourier = spectrum.f_abs()?.f_mean(Kind::Float)?;
    Ok(value.f_add(&fourier.f_mul_scalar(loss.fourier)?)?)
}

/// Penalty on the states after a clip: weight · Σ mean(max(|state| − limit, 0)²).
pub(super) fn states(loss: &Loss, state: &State) -> Result<Option<Tensor>, TrainError> {
    let mut sum: Option<Tensor> = None;
    for (_, tensor) in state.iter() {
        let over = tensor.f_to_kind(Kind::Float)?.f_abs()?;
        let over = over.f_sub_scalar(loss.state_limit)?.f_relu()?.f_square()?;
        let mean = over.f_mean(Kind::Float)?.f_mul_scalar(loss.state)?;
        sum = Some(match sum {
            Some(sum) => sum.f_add(&mean)?,
            None => mean,
        });
    }
    Ok(sum)
}

/// How much nearer the output is to the truth than the input was, in dB, the mean of the clips.
pub(super) fn gain(input: &Tensor, output: &Tensor, truth: &Tensor) -> Result<Tensor, TrainError> {
    let level = |frame: &Tensor| -> Result<Tensor, TrainError> {
        let level = mse(&frame.f_detach()?, truth)?;
        Ok(level.f_add_scalar(LEAST_MSE)?.f_log10()?)
    };
    let gain = level(input)?.f_sub(&level(output)?)?;
    Ok(gain.f_mean(Kind::Float)?.f_mul_scalar(10.0)?)
}
