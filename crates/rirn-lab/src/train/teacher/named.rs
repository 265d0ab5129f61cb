// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Named`]: layers by the names of `docs/NETWORKS.md`, for maps that a network's step keeps to itself.
//! A test holds them to the networks of [`rirn`].

use crate::train::TrainError;
use crate::train::variables::Variables;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// The tensors of a network by name, in one kind.
pub(super) struct Named {
    tensors: BTreeMap<String, Tensor>,
}

impl Named {
    /// Gradients come back to the variables.
    pub(super) fn new(variables: &Variables, kind: Kind) -> Result<Self, TrainError> {
        let entries = variables.entries().iter();
        let cast = entries.map(|(name, tensor)| Ok((name.clone(), tensor.f_to_kind(kind)?)));
        Ok(Self {
            tensors: cast.collect::<Result<_, TrainError>>()?,
        })
    }

    /// Copies without gradients in the processor's memory.
    pub(super) fn on_cpu(variables: &Variables, kind: Kind) -> Result<Self, TrainError> {
        let entries = variables.entries().iter();
        let moved = entries.map(|(name, tensor)| {
            let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?;
            Ok((name.clone(), tensor.f_to_kind(kind)?))
        });
        Ok(Self {
            tensors: moved.collect::<Result<_, TrainError>>()?,
        })
    }

    /// Those whose names begin so.
    pub(super) fn under(&self, prefix: &str) -> impl Iterator<Item = (&String, &Tensor)> {
        let all = self.tensors.iter();
        all.filter(move |(name, _)| name.starts_with(prefix))
    }

    /// The tensor of a name.
    pub(super) fn get(&self, name: &str) -> Result<&Tensor, TrainError> {
        let found = self.tensors.get(name);
        Ok(found.ok_or_else(|| rirn::Error::Shape(format!("there is no variable \"{name}\"")))?)
    }

    /// A convolution with zeros around, half a kernel on each side.
    pub(super) fn conv(&self, name: &str, x: &Tensor, stride: i64) -> Result<Tensor, TrainError> {
        let weight = self.get(&format!("{name}.weight"))?;
        let bias = Some(self.get(&format!("{name}.bias"))?);
        let pad = weight.size()[2] / 2;
        Ok(x.f_conv2d(weight, bias, [stride, stride], [pad, pad], [1, 1], 1)?)
    }

    /// A transposed convolution that doubles both sides.
    pub(super) fn up(&self, name: &str, x: &Tensor) -> Result<Tensor, TrainError> {
        let weight = self.get(&format!("{name}.weight"))?;
        let bias = Some(self.get(&format!("{name}.bias"))?);
        let (twice, one) = ([2, 2], [1, 1]);
        Ok(x.f_conv_transpose2d(weight, bias, twice, one, one, 1, one)?)
    }

    /// A residual block.
    pub(super) fn res(&self, name: &str, x: &Tensor) -> Result<Tensor, TrainError> {
        let inner = self.conv(&format!("{name}.conv0"), x, 1)?.f_relu()?;
        Ok(self.conv(&format!("{name}.conv1"), &inner, 1)?.f_add(x)?)
    }

    /// A residual dense block.
    pub(super) fn rdb(&self, name: &str, x: &Tensor) -> Result<Tensor, TrainError> {
        let mut seen = x.shallow_clone();
        for layer in 0..3 {
            let new = self.conv(&format!("{name}.dense{layer}"), &seen, 1)?;
            seen = Tensor::f_cat(&[seen, new.f_gelu("none")?], 1)?;
        }
        Ok(self.conv(&format!("{name}.fuse"), &seen, 1)?.f_add(x)?)
    }

    /// The inner recurrence on the hidden state, table S3.
    pub(super) fn irm(&self, new: &Tensor, old: &Tensor, relu: bool) -> Result<Tensor, TrainError> {
        let mut y = Tensor::f_cat(&[new, old], 1)?;
        for layer in 0..3 {
            y = self.conv(&format!("hidden.irm.conv{layer}"), &y, 1)?;
            y = if relu { y.f_relu()? } else { y };
        }
        let y = self.res("hidden.irm.res0", &y)?;
        let y = self.conv("hidden.irm.conv3", &y, 1)?;
        self.res("hidden.irm.res1", &y)
    }

    /// The temporal blending of the feature, table S4.
    pub(super) fn atb(&self, new: &Tensor, old: &Tensor) -> Result<Tensor, TrainError> {
        let mixed = self.conv("feature.atb.mix", &Tensor::f_cat(&[new, old], 1)?, 1)?;
        let mut parts = mixed.f_chunk(2, 1)?.into_iter();
        let mut blended = Vec::new();
        for (side, map) in [("cur", new), ("prev", old)] {
            let part = parts.next().unwrap_or_default();
            let inner = self.conv(&format!("feature.atb.{side}.conv"), &part, 1)?;
            let gate = self.conv(&format!("feature.atb.{side}.gate"), &inner.f_relu()?, 1)?;
            blended.push(gate.f_sigmoid()?.f_mul(map)?);
        }
        Ok(blended[0].f_add(&blended[1])?)
    }
}
