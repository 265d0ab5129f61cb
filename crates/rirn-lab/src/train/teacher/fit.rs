// SPDX-License-Identifier: MIT OR Apache-2.0
//! What of a pupil can be computed instead of learnt. Encoder and decoder of the teacher are linear, those
//! of the pupil can be, with fewer channels on the way: the channels kept are those that matter most to the
//! layer behind, on real pictures (principal components under the weights of that layer). The blending is the
//! teacher's own.

use super::named::Named;
use super::watched::Watched;
use crate::train::TrainError;
use crate::train::variables::Variables;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// Channels that are kept of a map: `keep` maps to them, `back` from them, both as good as they can be.
struct Kept {
    keep: Tensor,
    back: Tensor,
}

impl Kept {
    /// So many of the channels of `map`, where `heard` is what the layer behind makes of each of them.
    fn new(map: &Tensor, heard: &Tensor, count: i64) -> Result<Self, TrainError> {
        let channels = map.size()[1];
        let values = map.f_permute([0, 2, 3, 1])?.f_reshape([-1, channels])?;
        let moment = values.f_tr()?.f_matmul(&values)?;
        let moment = moment.f_div_scalar(values.size()[0] as f64)?;
        let gram = heard.f_matmul(&heard.f_tr()?)?;
        let little = gram.f_trace()?.double_value(&[]) / channels as f64 * 1e-6;
        let eye = Tensor::f_eye(channels, (gram.kind(), Device::Cpu))?;
        let root = gram
            .f_add(&eye.f_mul_scalar(little)?)?
            .f_linalg_cholesky(false)?;
        let (_, vectors) = root
            .f_tr()?
            .f_matmul(&moment)?
            .f_matmul(&root)?
            .f_linalg_eigh("L")?;
        // Eigenvalues rise.
        let top = vectors.f_narrow(1, channels - count, count)?;
        let keep = top.f_tr()?.f_matmul(&root.f_tr()?)?;
        let back = root
            .f_tr()?
            .f_linalg_solve_triangular(&top, true, true, false)?;
        // Maps of unit variance, as training would have them.
        let size = keep.f_matmul(&moment)?.f_mul(&keep)?;
        let size = size.f_sum_dim_intlist(1, false, None::<Kind>)?;
        let size = size.f_clamp_min(1e-12)?.f_sqrt()?;
        Ok(Self {
            keep: keep.f_div(&size.f_unsqueeze(1)?)?,
            back: back.f_mul(&size)?,
        })
    }
}

/// What each input channel of a layer becomes, `[in, out · taps]`; `axis` is that of the inputs.
fn heard(weight: &Tensor, axis: i64) -> Result<Tensor, TrainError> {
    let inputs = weight.size()[axis as usize];
    Ok(weight.f_transpose(0, axis)?.f_reshape([inputs, -1])?)
}

/// Tensors for a pupil, by name.
pub(super) type Fitted = BTreeMap<String, Tensor>;

/// Multiplies the axes of a weight `[out, in, …]` or, for transposed layers, `[in, out, …]`.
fn composed(equation: &str, parts: &[&Tensor]) -> Result<Tensor, TrainError> {
    Ok(Tensor::f_einsum(equation, parts, None::<i64>)?)
}

/// Encoder, decoder and blending for a pupil of `base` channels.
pub(super) fn ends(
    teacher: &Variables,
    watched: &Watched,
    base: i64,
) -> Result<Fitted, TrainError> {
    let teacher = Named::on_cpu(teacher, Kind::Double)?;
    let wide = |map: &Tensor| map.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double);
    let mut fitted = Fitted::new();
    encoder(&teacher, &wide(&watched.x)?, base, &mut fitted)?;
    decoder(&teacher, &wide(&watched.states[1])?, base, &mut fitted)?;
    for (name, tensor) in teacher.under("feature.atb.") {
        fitted.insert(name.clone(), tensor.shallow_clone());
    }
    Ok(fitted)
}

fn encoder(teacher: &Named, x: &Tensor, base: i64, fitted: &mut Fitted) -> Result<(), TrainError> {
    let layer = |index: usize, part: &str| teacher.get(&format!("enc.{index}.{part}"));
    let first = teacher.conv("enc.0", x, 1)?;
    let second = teacher.conv("enc.1", &first, 2)?;
    let first = Kept::new(&first, &heard(layer(1, "weight")?, 1)?, base)?;
    let second = Kept::new(&second, &heard(layer(2, "weight")?, 1)?, 2 * base)?;
    let mut put = |name: &str, weight: Tensor, bias: Tensor| {
        fitted.insert(format!("{name}.weight"), weight);
        fitted.insert(format!("{name}.bias"), bias);
    };
    let weight = composed("oi,iabc->oabc", &[&first.keep, layer(0, "weight")?])?;
    put("enc.first", weight, first.keep.f_mv(layer(0, "bias")?)?);
    let parts = [&second.keep, layer(1, "weight")?, &first.back];
    let weight = composed("om,mnab,ni->oiab", &parts)?;
    put("enc.down0", weight, second.keep.f_mv(layer(1, "bias")?)?);
    let weight = composed("onab,ni->oiab", &[layer(2, "weight")?, &second.back])?;
    // The pupil has a few channels more than the teacher's code; nothing is in them yet.
    let more = 4 * base - weight.size()[0];
    let weight = weight.f_constant_pad_nd([0, 0, 0, 0, 0, 0, 0, more])?;
    let bias = layer(2, "bias")?.f_constant_pad_nd([0, more])?;
    put("enc.down1", weight, bias);
    Ok(())
}

fn decoder(teacher: &Named, f: &Tensor, base: i64, fitted: &mut Fitted) -> Result<(), TrainError> {
    let layer = |index: usize, part: &str| teacher.get(&format!("dec.{index}.{part}"));
    let first = teacher.up("dec.0", f)?;
    let second = teacher.up("dec.1", &first)?;
    let first = Kept::new(&first, &heard(layer(1, "weight")?, 0)?, 2 * base)?;
    let second = Kept::new(&second, &heard(layer(2, "weight")?, 1)?, base)?;
    let mut put = |index: usize, weight: Tensor, bias: Tensor| {
        fitted.insert(format!("dec.{index}.weight"), weight);
        fitted.insert(format!("dec.{index}.bias"), bias);
    };
    let weight = composed("imab,om->ioab", &[layer(0, "weight")?, &first.keep])?;
    put(0, weight, first.keep.f_mv(layer(0, "bias")?)?);
    let parts = [&first.back, layer(1, "weight")?, &second.keep];
    let weight = composed("ni,nmab,om->ioab", &parts)?;
    put(1, weight, second.keep.f_mv(layer(1, "bias")?)?);
    let weight = composed("onab,ni->oiab", &[layer(2, "weight")?, &second.back])?;
    put(2, weight, layer(2, "bias")?.shallow_clone());
    Ok(())
}
