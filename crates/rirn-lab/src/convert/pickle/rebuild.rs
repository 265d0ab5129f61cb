// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions by which a pickle names and calls Python: each allowed name has its effect
//! written out here, and no other name has any.

use super::node::{Global, StorageRef, TensorRef};
use super::{Fault, Id, Machine, Node};
use crate::convert::error::shown;

/// Most dimensions of a tensor that is of any use here.
const MAX_DIMENSIONS: usize = 8;

/// A tensor counts as so many places in a container, since it takes as much memory.
const TENSOR_ITEMS: usize = 8;

impl<'a> Machine<'a> {
    /// GLOBAL and STACK_GLOBAL: a class or function by module and name.
    pub(super) fn global(&mut self, opcode: u8) -> Result<(), Fault> {
        let (module, name) = if opcode == b'c' {
            (self.line()?, self.line()?)
        } else {
            let pair = self.pop_many(2)?;
            let text = |id| self.arena.text(id).ok_or("a global's name is not a text");
            (text(pair[0])?, text(pair[1])?)
        };
        let global = Global::find(module, name);
        let refused = || Fault::Global(shown(&format!("{module}.{name}")));
        self.push(Node::Global(global.ok_or_else(refused)?))
    }

    /// Text up to the end of the line.
    fn line(&mut self) -> Result<&'a str, Fault> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n');
        let length = length.ok_or("a name has no end")?;
        let line = std::str::from_utf8(self.take(length)?);
        self.take(1)?;
        Ok(line.map_err(|_| "a name is not UTF-8")?)
    }

    /// REDUCE: a call.
    pub(super) fn reduce(&mut self) -> Result<(), Fault> {
        let call = self.pop_many(2)?;
        let (Node::Global(global), Node::Tuple(arguments)) =
            (self.arena.get(call[0]), self.arena.get(call[1]))
        else {
            return Err("a call is not one of a function with a tuple".into());
        };
        match (*global, &arguments[..]) {
            (Global::Dict, []) => self.push(Node::Dict(Vec::new())),
            // Both are as good as what they are made from.
            (Global::Dict | Global::Parameter, [of, ..]) => {
                let (of, fits) = (*of, self.is_dict_or_tensor(*of));
                let made = fits.then_some(of);
                self.push_id(made.ok_or("a container is made from what is none")?)
            }
            (Global::Tensor, [storage, offset, shape, strides, ..]) => {
                let tensor = self.tensor([*storage, *offset, *shape, *strides]);
                let tensor = tensor.ok_or("_rebuild_tensor_v2 is called with wrong values")?;
                self.arena.count(TENSOR_ITEMS + 2 * tensor.shape.len())?;
                self.push(Node::Tensor(Box::new(tensor)))
            }
            _ => Err("a function is called with the wrong number of values".into()),
        }
    }

    fn is_dict_or_tensor(&self, id: Id) -> bool {
        matches!(self.arena.get(id), Node::Dict(_) | Node::Tensor(_))
    }

    fn tensor(&self, [storage, offset, shape, strides]: [Id; 4]) -> Option<TensorRef<'a>> {
        let Node::Storage(storage) = self.arena.get(storage) else {
            return None;
        };
        let (shape, strides) = (self.arena.ints(shape)?, self.arena.ints(strides)?);
        let sound = shape.len() == strides.len() && shape.len() <= MAX_DIMENSIONS;
        sound.then_some(TensorRef {
            storage: *storage,
            offset: self.arena.int(offset)?,
            shape,
            strides,
        })
    }

    /// BUILD: attributes of an object. Those of a state dict tell versions of its modules.
    pub(super) fn build(&mut self) -> Result<(), Fault> {
        let target = self.pop_many(2)?[0];
        match self.arena.get(target) {
            Node::Dict(_) => self.push_id(target),
            _ => Err("attributes are given to what is no dictionary".into()),
        }
    }

    /// BINPERSID: `("storage", class, key, device, length)` in PyTorch's files.
    pub(super) fn persistent(&mut self) -> Result<(), Fault> {
        let wrong = "a persistent value is not a storage";
        let id = self.pop()?;
        let Node::Tuple(parts) = self.arena.get(id) else {
            return Err(wrong.into());
        };
        let [kind, class, key, _, length] = parts[..] else {
            return Err(wrong.into());
        };
        let Node::Global(Global::Storage(dtype)) = *self.arena.get(class) else {
            return Err(wrong.into());
        };
        let length = self.arena.int(length).and_then(|n| u64::try_from(n).ok());
        let storage = StorageRef {
            dtype,
            key: self.arena.text(key).ok_or(wrong)?,
            length: length.ok_or(wrong)?,
        };
        if self.arena.text(kind) != Some("storage") {
            return Err(wrong.into());
        }
        self.push(Node::Storage(storage))
    }
}
