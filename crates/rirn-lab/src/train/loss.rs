// SPDX-License-Identifier: MIT OR Apache-2.0
//! What training makes small: the error of every frame, and states that grow.

use super::TrainError;
use super::recipe::{Loss, LossKind};
use rirn::networks::State;
use tch::{Kind, Tensor};

/// Keeps the logarithm of a gain finite; an error of 50 dB.
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
        LossKind::LogMse => mse(output, truth)?.f_add_scalar(loss.floor)?.f_log()?,
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

#[cfg(test)]
mod tests {
    use super::super::Recipe;
    use super::frame;
    use tch::{Device, Kind, Tensor};

    fn recipe(loss: &str) -> Result<Recipe, String> {
        let text = format!(
            "name = \"test\"\nsteps = 1\n[network]\ncell = \"ifi\"\n[data]\n[clips]\nbatch = 1\nring = 1\nrenew = 1\n\
             [[stage]]\nuntil = 1.0\nframes = 1\ncrop = 16\n[loss]\n{loss}"
        );
        Recipe::parse(&text, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn clips_with_less_error_than_the_floor_count_for_little() {
        let truth = Tensor::zeros([1, 3, 4, 4], (Kind::Float, Device::Cpu));
        let better = |floor: &str, error: f64| {
            let loss = recipe(floor).expect("a recipe").loss;
            let value = |error: f64| frame(&loss, &(&truth + error), &truth).expect("a loss");
            (value(error) - value(error / 2.0)).double_value(&[])
        };
        // Half the error of a frame at 26 dB, and of one at 40 dB.
        let (heavy, light) = (better("", 0.05), better("", 0.01));
        assert!(light > 0.7 * heavy, "{light} {heavy}");
        let (heavy, light) = (better("floor = 1e-3", 0.05), better("floor = 1e-3", 0.01));
        assert!(light < 0.15 * heavy, "{light} {heavy}");
    }

    #[test]
    fn the_floor_is_above_nothing_and_written_only_if_it_is_not_the_usual_one() {
        let text = |loss: &str| recipe(loss).expect("a recipe").text().expect("text");
        assert!(!text("").contains("floor"));
        assert!(text("floor = 5e-4").contains("floor"));
        for floor in ["0.0", "-1.0", "inf", "nan"] {
            let why = recipe(&format!("floor = {floor}")).expect_err("refused");
            assert!(
                why.contains("loss.floor is") && why.contains("above 0"),
                "{why}"
            );
        }
    }
}
