// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scores of the average weights on whole sequences while a run goes on. They decide nothing; they
//! show what the training clips' own figures cannot. On the device that trains, without SSIM, and
//! for the first frames only: [`crate::eval`] is the measure, this is a glance.

use super::TrainError;
use super::batch::window;
use super::variables::Variables;
use crate::data::{Choice, RgbImage, Sequence, sequences};
use rirn::networks::Network;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Frames of a sequence that are scored, from the first on.
const MOST_FRAMES: usize = 24;

/// Sequences to score.
pub(super) struct Watch {
    sequences: Vec<Sequence>,
}

impl Watch {
    /// The sequences in a folder; all must have their truth.
    pub(super) fn open(folder: &Path) -> Result<Self, TrainError> {
        let mut sequences = sequences(folder, &Choice::default())?;
        sequences.retain(|sequence| !sequence.sharp.is_empty());
        if sequences.is_empty() {
            let why = "no sequence in it has sharp frames to compare with".to_owned();
            let path = folder.display().to_string();
            return Err(TrainError::Watch { path, why });
        }
        Ok(Self { sequences })
    }

    /// Mean gain over the blurred input in dB, over all frames.
    pub(super) fn gain(&self, variables: &Variables, device: Device) -> Result<f64, TrainError> {
        let network = variables.network(Kind::Float)?;
        let (mut sum, mut count) = (0.0, 0);
        for sequence in &self.sequences {
            let frames = sequence.len().min(MOST_FRAMES);
            tch::no_grad(|| {
                let blurred: Vec<Tensor> = (0..frames)
                    .map(|index| tensor(&sequence.blurred(index)?, device))
                    .collect::<Result<_, TrainError>>()?;
                let (height, width) = (i64::from(sequence.height), i64::from(sequence.width));
                let mut state = network.initial_state(1, height, width)?;
                for index in 0..frames {
                    let (output, next) =
                        network.step(&window(&network, &blurred, index)?, state)?;
                    state = next;
                    let truth = tensor(&sequence.sharp(index)?, device)?;
                    sum += psnr(&output, &truth)? - psnr(&blurred[index], &truth)?;
                    count += 1;
                }
                Ok::<_, TrainError>(())
            })?;
        }
        Ok(sum / f64::from(count.max(1)))
    }
}

/// `[1, 3, height, width]`, float32 in [0, 1], channels last.
fn tensor(picture: &RgbImage, device: Device) -> Result<Tensor, TrainError> {
    let size = [
        1,
        i64::from(picture.height()),
        i64::from(picture.width()),
        3,
    ];
    let bytes = Tensor::f_from_slice(picture.as_raw())?.f_view(size)?;
    let values = bytes.f_to_device(device)?.f_to_kind(Kind::Float)?;
    Ok(values.f_div_scalar(255.0)?.f_permute([0, 3, 1, 2])?)
}

/// In dB, after rounding to 8 bits as for a picture.
fn psnr(frame: &Tensor, truth: &Tensor) -> Result<f64, TrainError> {
    let codes = frame.f_clamp(0.0, 1.0)?.f_mul_scalar(255.0)?;
    let codes = codes.f_add_scalar(0.5)?.f_floor()?;
    let error = codes.f_sub(&truth.f_mul_scalar(255.0)?)?.f_square()?;
    let mse = error.f_mean(Kind::Double)?.f_double_value(&[])?;
    // A maximum would make a figure of what is none.
    let mse = if mse < 6.5e-6 { 6.5e-6 } else { mse };
    Ok(10.0 * (255.0 * 255.0 / mse).log10())
}

#[cfg(test)]
mod tests {
    use super::{Watch, psnr};
    use crate::data::RgbImage;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn what_is_no_picture_has_no_figure() {
        let frame = |value: f64| Tensor::full([1, 3, 4, 4], value, (Kind::Float, Device::Cpu));
        assert!(
            psnr(&frame(f64::NAN), &frame(0.5))
                .expect("a number")
                .is_nan()
        );
        assert!(psnr(&frame(0.2), &frame(0.2)).expect("a number") > 99.0);
    }

    #[test]
    fn a_folder_without_sharp_frames_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let blurred = folder.path().join("one/blur");
        std::fs::create_dir_all(&blurred).expect("a folder");
        let picture = RgbImage::new(16, 16);
        picture.save(blurred.join("0.png")).expect("a picture");
        let refused = Watch::open(folder.path()).map(drop).expect_err("no truth");
        assert!(
            refused
                .to_string()
                .ends_with("no sequence in it has sharp frames to compare with")
        );
    }
}
