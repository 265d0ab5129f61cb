// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a pickle describes, kept in one list.
//!
//! Values refer to each other by number, so a value may be shared or hold itself, and nothing is
//! copied or dropped recursively, however the file is built.

use super::Fault;
use crate::convert::dtype::Dtype;

/// Most values: a checkpoint of the largest network with its optimizer's state has 20 thousand.
const MAX_NODES: usize = 1 << 18;

/// Most places in all containers together.
const MAX_ITEMS: usize = 1 << 19;

/// Number of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convert) struct Id(u32);

/// One value.
#[derive(Debug)]
pub(in crate::convert) enum Node<'a> {
    /// None, a truth value or a float: nothing that is needed.
    Plain,
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// Values that cannot be added to.
    Tuple(Vec<Id>),
    /// Values in order.
    List(Vec<Id>),
    /// Keys and values; a key that is there twice counts as the pickle's program has it.
    Dict(Vec<(Id, Id)>),
    /// A class or function that is allowed.
    Global(Global),
    /// Numbers in a file of the archive.
    Storage(StorageRef<'a>),
    /// A view into a storage.
    Tensor(Box<TensorRef<'a>>),
}

/// The classes and functions that are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convert) enum Global {
    /// A dictionary under another name.
    Dict,
    /// `_rebuild_tensor_v2`.
    Tensor,
    /// `_rebuild_parameter`.
    Parameter,
    /// A class of storages, for values of this kind.
    Storage(Dtype),
}

/// Numbers in a file of the archive.
#[derive(Debug, Clone, Copy)]
pub(in crate::convert) struct StorageRef<'a> {
    /// Kind of the numbers.
    pub(in crate::convert) dtype: Dtype,
    /// Name of the file.
    pub(in crate::convert) key: &'a str,
    /// How many there are.
    pub(in crate::convert) length: u64,
}

/// A view into a storage; whether it stays within it is not yet known.
#[derive(Debug, Clone)]
pub(in crate::convert) struct TensorRef<'a> {
    /// The storage.
    pub(in crate::convert) storage: StorageRef<'a>,
    /// Place of the first value.
    pub(in crate::convert) offset: i64,
    /// Sizes.
    pub(in crate::convert) shape: Vec<i64>,
    /// Distances of neighbours in each dimension.
    pub(in crate::convert) strides: Vec<i64>,
}

impl Global {
    /// The allow-list.
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict" | "Counter") => Self::Dict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_parameter") => Self::Parameter,
            ("torch" | "torch.storage", class) => Self::Storage(Dtype::of_storage(class)?),
            _ => return None,
        })
    }
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub(in crate::convert) struct Arena<'a> {
    nodes: Vec<Node<'a>>,
    items: usize,
}

impl<'a> Arena<'a> {
    /// Keeps a value.
    pub(super) fn add(&mut self, node: Node<'a>) -> Result<Id, Fault> {
        if self.nodes.len() == MAX_NODES {
            return Err(format!("it makes more than {MAX_NODES} values").into());
        }
        self.nodes.push(node);
        Ok(Id(self.nodes.len() as u32 - 1))
    }

    /// Counts places in containers.
    pub(super) fn count(&mut self, items: usize) -> Result<(), Fault> {
        self.items += items;
        if self.items > MAX_ITEMS {
            return Err(format!("its containers hold more than {MAX_ITEMS} values").into());
        }
        Ok(())
    }

    /// The value of this number. Numbers come from [`Arena::add`] only, so there is one.
    pub(in crate::convert) fn get(&self, id: Id) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Node<'a> {
        &mut self.nodes[id.0 as usize]
    }

    /// The whole numbers of a tuple or list.
    pub(super) fn ints(&self, id: Id) -> Option<Vec<i64>> {
        let (Node::Tuple(items) | Node::List(items)) = self.get(id) else {
            return None;
        };
        items.iter().map(|item| self.int(*item)).collect()
    }

    /// A whole number.
    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// A text.
    pub(in crate::convert) fn text(&self, id: Id) -> Option<&'a str> {
        match self.get(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }
}
