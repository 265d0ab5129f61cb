// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the own kernels multiply. A network that computes in bfloat16 on a CPU with matrix tiles keeps
//! its tensors in float32, and its convolutions round what they multiply ([`conv`](super::conv)).

use super::conv::{Unit, own};
use std::cell::Cell;
use std::sync::OnceLock;
use tch::{Device, Kind};

/// `off`: LibTorch computes in bfloat16. `plain`: where the processor has no matrix tiles, plain Rust
/// does what they would do, for tests and to see what becomes of a network; very slow. Read once.
const SWITCH: &str = "RIRNDEBLUR_TILES";

/// What the convolutions of the calling thread multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Products {
    /// Numbers of float32.
    Float32,
    /// Numbers of bfloat16, rounded from float32, where that is faster.
    Bfloat16(Unit),
}

thread_local! {
    static CURRENT: Cell<Products> = const { Cell::new(Products::Float32) };
}

impl Products {
    /// Those of the calling thread.
    pub(crate) fn current() -> Self {
        CURRENT.get()
    }

    /// Calls `work` with products of float32 on this thread.
    pub(crate) fn exactly<T>(work: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(Self::Float32);
        let done = work();
        CURRENT.set(before);
        done
    }

    /// Makes the calling thread multiply as a network on the CPU does that computes in `kind`.
    pub(crate) fn begin(kind: Kind) {
        CURRENT.set(match (kind, unit()) {
            (Kind::BFloat16, Some(unit)) => Self::Bfloat16(unit),
            _ => Self::Float32,
        });
    }
}

/// The kind of the tensors of a network that computes in `kind` on `device`.
pub(crate) fn storage(kind: Kind, device: Device) -> Kind {
    match (kind, device) {
        (Kind::BFloat16, Device::Cpu) if unit().is_some() => Kind::Float,
        _ => kind,
    }
}

/// What multiplies numbers of bfloat16; nothing where that is LibTorch's.
pub(super) fn unit() -> Option<Unit> {
    static UNIT: OnceLock<Option<Unit>> = OnceLock::new();
    *UNIT.get_or_init(|| {
        let switch = std::env::var(SWITCH).unwrap_or_default();
        let usable = own::computes(Kind::Float, Device::Cpu) && switch != "off";
        match usable {
            true if Unit::Amx.usable() => Some(Unit::Amx),
            true if switch == "plain" => Some(Unit::Plain),
            _ => None,
        }
    })
}
