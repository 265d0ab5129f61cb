// SPDX-License-Identifier: MIT OR Apache-2.0
//! From tensors to the own kernels and back: decides whether a call can go there, keeps the packed
//! weights of a layer, and lends the memory of tensors to the kernels.
//!
//! Choice: only where the processor has AVX2 and FMA. Elsewhere the portable kernels would run,
//! which have not been measured against LibTorch. On one thread the direct form is slower than LibTorch
//! by up to a seventh where sums are short (5×5 from 3 to 8 or 8 to 16 channels), but LibTorch has
//! only one thread beside the own kernels (`ops/threads.rs`).
#![allow(unsafe_code)]

mod choice;
mod form;
mod map;
mod pair;
mod takes;
mod team;

use super::job::Misfit;
use super::meter::timed;
use super::simd::{Isa, switch_is};
use super::tiles::Unit;
use crate::error::{Error, Result};
use crate::ops::products::{self, Products};
use crate::ops::spare;
use choice::Key;
#[cfg(test)]
pub(crate) use choice::is_by_clock;
pub(crate) use choice::{begin, told};
use form::{Call, Form, Name, Plain};
pub(in crate::ops) use map::Rows;
use map::map;
pub(super) use pair::{End, OwnPair};
use std::cell::RefCell;
use std::fmt::Display;
#[cfg(test)]
pub(super) use takes::is_read_apart;
use takes::{Mapped, is_plain};
use tch::{Device, Kind, Tensor};
pub(in crate::ops) use team::{by_copiers, in_parallel};

/// The weights of one layer as the kernels read them, made at the first call.
#[derive(Default)]
pub(super) struct OwnForm(RefCell<Option<Box<Packed>>>);

/// Weight, bias and stride of a layer.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) weight: &'a Tensor,
    pub(super) bias: &'a Tensor,
    pub(super) stride: i64,
}

/// A layer in the forms that its calls have taken so far; one as a rule.
struct Packed {
    forms: Vec<Form>,
    /// Those of them that were taken by the clock.
    chosen: Vec<Name>,
    /// Channels of each tensor of the input.
    inputs: Vec<usize>,
    products: Products,
    /// How often LibTorch had written into weight and bias.
    versions: [i64; 2],
}

impl OwnForm {
    /// Convolution of the join of `parts`, bias, residual, ReLU, in channels-last memory; nothing
    /// where only LibTorch can do it.
    pub(super) fn run(
        &self,
        layer: Layer<'_>,
        parts: &[&Tensor],
        residual: Option<&Tensor>,
        relu: bool,
    ) -> Result<Option<Tensor>> {
        let Some(mapped) = Mapped::of(layer, parts, residual)? else {
            return Ok(None);
        };
        let Some((maps, residual)) = mapped.maps() else {
            return Ok(None);
        };
        let call = Call {
            parts: &maps,
            residual: residual.as_ref(),
            relu,
            out: layer.weight.size()[0],
            stride: layer.stride,
        };
        self.run_call(layer, call, mapped.channels()).map(Some)
    }

    fn run_call(&self, layer: Layer<'_>, call: Call<'_>, inputs: Vec<usize>) -> Result<Tensor> {
        let [height, width] = call
            .output_size()
            .ok_or_else(|| refused(Misfit("no input"), call))?;
        let mut y = spare::map(call.out, height, width)?;
        // The kernels write every number of it before anybody reads one.
        let data = numbers_to_write(&mut y).ok_or_else(|| refused(Misfit("no output"), call))?;
        let mut packed = self.0.borrow_mut();
        let packed = Packed::refreshed(&mut packed, layer, inputs)?;
        let name = packed.choose(layer, call, data)?;
        let form = packed.form(layer, name)?;
        timed(layer, [height, width], name.text(), || {
            form.run(call, usize::MAX, data)
        })?;
        Ok(y)
    }
}

impl Packed {
    /// What `slot` holds, emptied where the weights have been written since, or other tensors or
    /// products are wanted. A layer of a network always gets the same ones.
    fn refreshed<'s>(
        slot: &'s mut Option<Box<Self>>,
        layer: Layer<'_>,
        inputs: Vec<usize>,
    ) -> Result<&'s mut Self> {
        let versions = [
            layer.weight.f_internal_version()?,
            layer.bias.f_internal_version()?,
        ];
        let products = Products::current();
        let is_ready =
            |p: &Self| p.versions == versions && p.inputs == inputs && p.products == products;
        if !slot.as_deref().is_some_and(is_ready) {
            *slot = None;
        }
        Ok(slot.get_or_insert_with(|| {
            Box::new(Self {
                forms: Vec::new(),
                chosen: Vec::new(),
                inputs,
                products,
                versions,
            })
        }))
    }

    /// The form that a call takes. Where the clock has to tell, it may write `data`.
    fn choose(&mut self, layer: Layer<'_>, call: Call<'_>, data: &mut [f32]) -> Result<Name> {
        let kernel = index(layer.weight.size()[2]);
        let candidates = Name::candidates(kernel, index(layer.stride), self.products);
        if candidates.len() == 1 || !choice::is_by_clock() {
            return Ok(candidates[0]);
        }
        let key = Key::of(call, kernel, &self.inputs, self.products);
        if let Some(name) = choice::known(&key) {
            return Ok(name);
        }
        for name in candidates {
            self.form(layer, *name)?;
        }
        let Some(found) = choice::fastest(&self.forms, call, data)? else {
            return Ok(candidates[0]);
        };
        let name = found.name;
        choice::remember(key, found);
        // What another size has chosen before stays: the sizes come in turns.
        self.chosen.push(name);
        self.forms.retain(|form| self.chosen.contains(&form.name()));
        Ok(name)
    }

    /// The layer in this form, packed unless it is there already.
    fn form(&mut self, layer: Layer<'_>, name: Name) -> Result<&Form> {
        if let Some(place) = self.forms.iter().position(|form| form.name() == name) {
            return Ok(&self.forms[place]);
        }
        let plain = Plain::of(layer, &self.inputs)?;
        self.forms.push(Form::new(name, &plain, self.products)?);
        Ok(&self.forms[self.forms.len() - 1])
    }
}

/// The numbers of a tensor that [`takes`] says yes to, in channels-last order; nothing if there are none,
/// or if they lie in another order or with gaps, or are those of more than one picture.
pub(in crate::ops) fn numbers_in_order(x: &Tensor) -> Option<&[f32]> {
    let map = map(x)?;
    let channels = index(x.size()[1]);
    (map.source.stride == channels).then_some(map.source.data)
}

/// The same to write into.
pub(in crate::ops) fn numbers_to_write(x: &mut Tensor) -> Option<&mut [f32]> {
    let len = numbers_in_order(x)?.len();
    // SAFETY: the very numbers of `numbers_in_order`; the tensor is borrowed alone, and whoever
    // gave it away says by that that no other tensor of the same memory is in use.
    Some(unsafe { std::slice::from_raw_parts_mut(x.data_ptr().cast(), len) })
}

/// Whether own kernels compute a network of this kind on this device.
pub(crate) fn computes(kind: Kind, device: Device) -> bool {
    is_wanted() && kind == Kind::Float && device == Device::Cpu
}

/// The instruction sets of the own kernels for a network of this kind of numbers, stored as they are, as
/// users know them; nothing where LibTorch computes.
pub(crate) fn kernels(kind: Kind, device: Device) -> Option<String> {
    let stored = products::storage(kind, device);
    computes(stored, device).then(|| {
        let vectors = match Isa::best(usize::MAX) {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        };
        match products::unit().filter(|_| kind == Kind::BFloat16) {
            Some(Unit::Amx) => format!("{vectors}+amx"),
            Some(Unit::Plain) => format!("{vectors}+plain tiles"),
            None => vectors.to_owned(),
        }
    })
}

/// Whether own kernels are used, and can read such a map.
pub(crate) fn takes(x: &Tensor) -> bool {
    is_wanted() && is_plain(x)
}

/// Whether own kernels are to be used on this machine.
fn is_wanted() -> bool {
    Isa::Avx2.usable() && !switch_is("off")
}

/// A side of the output. With `2p = k - 1` LibTorch's `(side + 2p - k) / stride + 1`, rounded down,
/// is `side / stride`, rounded up.
pub(super) fn steps_along(side: i64, stride: i64) -> i64 {
    (side - 1) / stride + 1
}

/// A size or step, which is never negative here.
fn index(n: i64) -> usize {
    usize::try_from(n).unwrap_or_default()
}

/// Sizes are compared before; only a tensor that lies about itself is refused. `about` says what the sizes
/// are.
fn refused(Misfit(text): Misfit, about: impl Display) -> Error {
    Error::Shape(format!("{text}: {about}"))
}
