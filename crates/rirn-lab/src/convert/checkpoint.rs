// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Source`]: the named tensors of a file of another program.
//!
//! Opening reads names, shapes and places, and refuses a tensor that leaves its storage. Values
//! are read one tensor at a time when they are asked for, so that a file costs little until it is
//! known to be of use. Two kinds of files: the zip archives of `torch.save` (PyTorch 1.6 and
//! newer), and safetensors files (`flat.rs`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::archive::{self, Region};
use super::dtype::Dtype;
use super::error::{ConvertError, shown};
use super::pickle::{self, Arena, Id, Node, TensorRef};
use super::tensor::SourceTensor;
use super::{MAX_FILE, flat};

/// Under which keys training programs keep the state dict in a larger checkpoint, the smoothed
/// weights first.
const CONTAINERS: [&str; 10] = [
    "params_ema",
    "state_dict",
    "model_state_dict",
    "model_state",
    "params",
    "model",
    "module",
    "network",
    "net",
    "generator",
];

/// How many such containers may lie in each other.
const MAX_CONTAINERS: usize = 4;

/// What wrappers put before every name, for example when training on several devices.
const WRAPPERS: [&str; 2] = ["module.", "model."];

/// Longest name of a tensor, in bytes.
const MAX_NAME: usize = 512;

/// The named tensors of a file.
#[derive(Debug)]
pub struct Source {
    file: File,
    tensors: BTreeMap<String, SourceTensor>,
}

impl Source {
    /// Reads what tensors a file has. The kind of file is seen from its content.
    ///
    /// # Errors
    /// Every fault of a file that [`ConvertError`] names: for an untrusted file it is one of
    /// these or a sound list of tensors, within 64 MB of memory.
    pub fn open(path: &Path) -> Result<Self, ConvertError> {
        // Asked before opening, since a pipe would make the opening wait.
        if !fs::metadata(path)?.is_file() {
            let cause = "it is not a regular file".to_owned();
            return Err(ConvertError::Unreadable { cause });
        }
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        ConvertError::limit("the file, in bytes,", size, MAX_FILE)?;
        let mut start = Vec::new();
        (&file).take(9).read_to_end(&mut start)?;
        let tensors = match &start[..] {
            [b'P', b'K', 3, 4, ..] => read_checkpoint(&file, size)?,
            [.., b'{'] if start.len() == 9 => flat::read(&file, size)?,
            [0x80, 2, ..] => {
                return Err(foreign(
                    "an old PyTorch file; load and save it with PyTorch 1.6 or newer",
                ));
            }
            _ => return Err(foreign("neither a PyTorch zip file nor a safetensors file")),
        };
        let tensors = unwrapped(tensors);
        Ok(Self { file, tensors })
    }

    /// Names of all tensors, sorted, without prefixes that all of them share.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Sizes of a tensor.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[i64]> {
        self.tensors.get(name).map(|tensor| &tensor.shape[..])
    }

    /// Number of values in all tensors together, those in a shared storage counted once.
    pub(super) fn room(&self) -> u64 {
        let regions = self.tensors.values().map(|tensor| {
            let values = tensor.region.size / tensor.dtype.size();
            (tensor.region.begin(), values)
        });
        regions.collect::<BTreeMap<_, _>>().values().sum()
    }

    /// Values of a tensor in row-major order, as float32.
    ///
    /// # Errors
    /// [`ConvertError::Tensor`] if there is none of this name, it holds whole numbers, or values
    /// that are not finite in float32; [`ConvertError::Damaged`] for a broken archive.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, ConvertError> {
        let tensor = self.tensors.get(name);
        let tensor = tensor.ok_or_else(|| ConvertError::tensor(name, "there is no such tensor"))?;
        if let Dtype::Whole(_) = tensor.dtype {
            return Err(ConvertError::tensor(name, "holds whole numbers"));
        }
        let values = tensor.read(&self.file)?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            let reason = "holds NaN, infinity, or a number that float32 cannot hold";
            Err(ConvertError::tensor(name, reason))
        }
    }
}

fn foreign(reason: &str) -> ConvertError {
    let reason = reason.to_owned();
    ConvertError::Foreign { reason }
}

/// The tensors of a PyTorch zip file.
fn read_checkpoint(file: &File, size: u64) -> Result<BTreeMap<String, SourceTensor>, ConvertError> {
    let entries = archive::entries(file, size)?;
    let pickle = entries.iter().find_map(|(name, region)| {
        let folder = name.strip_suffix("data.pkl")?;
        (folder.matches('/').count() == 1 && folder.ends_with('/')).then_some((folder, *region))
    });
    let (folder, region) = pickle.ok_or_else(|| foreign("a zip file, but not one of PyTorch"))?;
    ConvertError::limit("the pickle, in bytes,", region.size, pickle::MAX_PICKLE)?;
    if let Some(order) = entries.get(&format!("{folder}byteorder")) {
        let order = order.read(file, 0, order.size.min(8))?;
        if order != b"little" {
            return Err(foreign("written on a big-endian machine"));
        }
    }
    let bytes = region.read(file, 0, region.size)?;
    let (arena, root) = pickle::read(&bytes)?;
    let mut tensors = BTreeMap::new();
    for (name, tensor) in state_dict(&arena, root)? {
        let read = place(tensor, folder, &entries);
        let read = read.map_err(|reason| ConvertError::tensor(name, reason))?;
        tensors.insert(name.to_owned(), read);
    }
    Ok(tensors)
}

/// Finds a tensor's values in the archive; the reason if they are not there.
fn place(
    tensor: &TensorRef,
    folder: &str,
    entries: &BTreeMap<String, Region>,
) -> Result<SourceTensor, String> {
    let name = format!("{folder}data/{}", tensor.storage.key);
    let region = entries.get(&name).copied();
    let region = region.ok_or_else(|| format!("zip entry \"{}\" is missing", shown(&name)))?;
    let (dtype, length) = (tensor.storage.dtype, tensor.storage.length);
    if length.checked_mul(dtype.size()) != Some(region.size) {
        let bytes = region.size;
        return Err(format!(
            "its storage declares {length} values, but holds {bytes} bytes"
        ));
    }
    SourceTensor::new(&tensor.shape, &tensor.strides, tensor.offset, dtype, region)
}

/// The dictionary of tensors in a pickle, which may lie in others.
fn state_dict<'n, 'a>(
    arena: &'n Arena<'a>,
    mut root: Id,
) -> Result<Vec<(&'a str, &'n TensorRef<'a>)>, ConvertError> {
    for _ in 0..=MAX_CONTAINERS {
        let Node::Dict(pairs) = arena.get(root) else {
            break;
        };
        let named = pairs.iter().filter_map(|(key, value)| {
            let name = arena.text(*key)?;
            match arena.get(*value) {
                Node::Tensor(tensor) if name.len() <= MAX_NAME => Some((name, &**tensor)),
                _ => None,
            }
        });
        let named: Vec<_> = named.collect();
        if !named.is_empty() {
            return Ok(named);
        }
        let within = |wanted: &&str| {
            let pair = pairs.iter().rev();
            let mut pair = pair.filter(|(key, _)| arena.text(*key) == Some(*wanted));
            let value = pair.next()?.1;
            matches!(arena.get(value), Node::Dict(_)).then_some(value)
        };
        let Some(inner) = CONTAINERS.iter().find_map(within) else {
            break;
        };
        root = inner;
    }
    let reason = format!("no dictionary of tensors, also not under {CONTAINERS:?}");
    Err(ConvertError::NoTensors { reason })
}

/// The tensors without prefixes that wrappers have put before all names.
fn unwrapped(mut tensors: BTreeMap<String, SourceTensor>) -> BTreeMap<String, SourceTensor> {
    let shared = |tensors: &BTreeMap<String, _>| {
        let all = |wrapper: &&&str| tensors.keys().all(|name| name.starts_with(**wrapper));
        WRAPPERS.iter().find(all).copied()
    };
    for _ in 0..MAX_CONTAINERS {
        let Some(wrapper) = shared(&tensors) else {
            break;
        };
        let rest = |(name, tensor): (String, _)| (name[wrapper.len()..].to_owned(), tensor);
        tensors = tensors.into_iter().map(rest).collect();
    }
    tensors
}
