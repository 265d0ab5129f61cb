// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two layers that follow each other as one call of the form in tiles: the map between them, which is
//! larger than the level-2 cache, is never written. The result is the same to the last bit, so it
//! does not matter that the first call of a size, in which the clock chooses the form of each layer, runs
//! them one by one.

use super::choice::{self, Key};
use super::form::{Call, Form, Name, Plain};
use super::map::{map, mapped};
use super::takes::{Mapped, follows};
use super::{Layer, index, numbers_to_write, refused};
use crate::error::Result;
use crate::ops::conv::job::Misfit;
use crate::ops::conv::meter::timed_pair;
use crate::ops::conv::tiles::Unit;
use crate::ops::products::Products;
use crate::ops::{spare, threads};
use std::cell::RefCell;
use tch::Tensor;

/// The weights of both layers as tiles, made at the first call.
#[derive(Default)]
pub(in crate::ops::conv) struct OwnPair(RefCell<Option<Ready>>);

struct Ready {
    form: Form,
    inputs: Vec<usize>,
    unit: Unit,
    /// How often LibTorch had written into weights and biases.
    versions: [i64; 4],
}

/// What is done with the sums of the second layer.
#[derive(Clone, Copy)]
pub(in crate::ops::conv) struct End<'a> {
    pub(in crate::ops::conv) residual: Option<&'a Tensor>,
    pub(in crate::ops::conv) relu: bool,
}

impl OwnPair {
    /// `second` of the ReLU of `first` of the join of `parts`, then the end; nothing where the layers are
    /// to be run one by one.
    pub(in crate::ops::conv) fn run(
        &self,
        layers: [Layer<'_>; 2],
        parts: &[&Tensor],
        end: End<'_>,
    ) -> Result<Option<Tensor>> {
        let Products::Bfloat16(unit) = Products::current() else {
            return Ok(None);
        };
        let Some(input) = Mapped::of(layers[0], parts, None)? else {
            return Ok(None);
        };
        let residual = end.residual.map(mapped).transpose()?;
        let residual = residual.as_ref().map(map);
        let (Some((maps, _)), false) = (input.maps(), matches!(residual, Some(None))) else {
            return Ok(None);
        };
        let call = Call {
            parts: &maps,
            residual: residual.as_ref().and_then(Option::as_ref),
            relu: end.relu,
            out: layers[1].weight.size()[0],
            stride: 1,
        };
        let Some(size) = call.output_size() else {
            return Ok(None);
        };
        let inputs = input.channels();
        if !(follows(layers, size, end.residual) && take_tiles(layers, size, &inputs, unit)) {
            return Ok(None);
        }
        let mut y = spare::map(call.out, size[0], size[1])?;
        let data = numbers_to_write(&mut y).ok_or_else(|| refused(Misfit("no output"), call))?;
        let mut slot = self.0.borrow_mut();
        let ready = Ready::refreshed(&mut slot, layers, inputs, unit)?;
        timed_pair(layers, size, || ready.form.run(call, usize::MAX, data))?;
        Ok(Some(y))
    }
}

/// Whether both layers take the form in tiles, as far as that is known.
fn take_tiles(layers: [Layer<'_>; 2], size: [i64; 2], inputs: &[usize], unit: Unit) -> bool {
    let between = [index(layers[0].weight.size()[0])];
    let mut inputs = [inputs, &between].into_iter();
    layers.into_iter().all(|layer| {
        let [kernel, stride] = [layer.weight.size()[2], layer.stride].map(index);
        let products = Products::Bfloat16(unit);
        let candidates = Name::candidates(kernel, stride, products);
        let key = Key {
            kernel,
            stride,
            inputs: inputs.next().unwrap_or_default().to_vec(),
            out: index(layer.weight.size()[0]),
            size: size.map(index),
            threads: threads::count(),
            products,
        };
        let name = match candidates.len() == 1 || !choice::is_by_clock() {
            true => Some(candidates[0]),
            false => choice::known(&key),
        };
        name == Some(Name::Tiles)
    })
}

impl Ready {
    /// What `slot` holds, made anew where anything that it was made from is another.
    fn refreshed<'s>(
        slot: &'s mut Option<Self>,
        layers: [Layer<'_>; 2],
        inputs: Vec<usize>,
        unit: Unit,
    ) -> Result<&'s Self> {
        let mut versions = [0; 4];
        let tensors = layers.iter().flat_map(|layer| [layer.weight, layer.bias]);
        for (version, tensor) in versions.iter_mut().zip(tensors) {
            *version = tensor.f_internal_version()?;
        }
        let like = |it: &Self| it.versions == versions && it.inputs == inputs && it.unit == unit;
        let ready = match slot.take().filter(like) {
            Some(ready) => ready,
            None => {
                let between = [index(layers[0].weight.size()[0])];
                let first = Plain::of(layers[0], &inputs)?;
                let second = Plain::of(layers[1], &between)?;
                Self {
                    form: Form::pair([&first, &second], unit)?,
                    inputs,
                    unit,
                    versions,
                }
            }
        };
        Ok(slot.insert(ready))
    }
}
