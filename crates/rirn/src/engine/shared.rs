// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks that several engines share, and the change of an engine's network to float32.
//!
//! Ten elements with the same weights hold the tensors once. The process keeps weak references
//! only: the tensors go with the last engine. Weights are the same if network and all bytes are;
//! names of files do not count. For that, and to build a network anew in another kind, the bytes
//! of the file stay in memory as long as an engine uses them, once for all engines (those of
//! built-in weights are part of the library anyway).

use super::load::FromFile;
use crate::error::Result;
use crate::networks::{Network, Rirn};
use crate::weights::Weights;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tch::{Device, Kind};

/// The network as the jobs of the worker share it. Only the worker locks it, one job at a time.
pub(super) type SharedNetwork = Arc<Mutex<Box<dyn Network>>>;

/// A network that is in use somewhere.
struct Entry {
    weights: Weak<Weights>,
    placement: (Kind, Device),
    network: Weak<Mutex<Box<dyn Network>>>,
}

static IN_USE: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// Where a network comes from.
pub(super) enum Origin {
    /// A weights file, the same value for all engines of the same content.
    File(Arc<Weights>),
    /// Not of this crate: it is never shared and knows itself how to become float32.
    Custom,
}

/// What the jobs of an engine see of it.
pub(super) struct Core {
    current: Mutex<(Kind, SharedNetwork)>,
    device: Device,
    origin: Origin,
}

impl Core {
    /// The network of a weights file on `device`, shared with all engines that have the same. To
    /// be called on the worker of that device: so the same is never built twice.
    pub(super) fn open(weights: Weights, kind: Kind, device: Device) -> Result<Self> {
        let weights = known(weights);
        let network = shared(&weights, (kind, device))?;
        Ok(Self {
            current: Mutex::new((kind, network)),
            device,
            origin: Origin::File(weights),
        })
    }

    /// A network that is used by one engine.
    pub(super) fn custom(network: Box<dyn Network>) -> Self {
        let (kind, device) = network.placement();
        Self {
            current: Mutex::new((kind, Arc::new(Mutex::new(network)))),
            device,
            origin: Origin::Custom,
        }
    }

    /// The network and the kind in which it computes.
    pub(super) fn current(&self) -> (Kind, SharedNetwork) {
        let current = lock(&self.current);
        (current.0, Arc::clone(&current.1))
    }

    /// The kind in which the network computes.
    pub(super) fn kind(&self) -> Kind {
        lock(&self.current).0
    }

    /// Where it computes.
    pub(super) fn device(&self) -> Device {
        self.device
    }

    /// Builds the network anew in float32 if it computes in half precision, for the rest of the
    /// engine's life; says whether it did. Other engines with the same weights keep theirs until
    /// they need this too, and share the new one then.
    pub(super) fn widen(&self) -> Result<bool> {
        let (kind, old) = self.current();
        if !matches!(kind, Kind::Half | Kind::BFloat16) {
            return Ok(false);
        }
        let new = match &self.origin {
            Origin::File(weights) => shared(weights, (Kind::Float, self.device))?,
            Origin::Custom => match lock(&old).widened()? {
                Some(network) => Arc::new(Mutex::new(network)),
                None => return Ok(false),
            },
        };
        *lock(&self.current) = (Kind::Float, new);
        Ok(true)
    }
}

/// These weights, or rather the equal ones that are in use already.
fn known(weights: Weights) -> Arc<Weights> {
    let in_use = lock(&IN_USE);
    let all = in_use.iter().filter_map(|entry| entry.weights.upgrade());
    let found = all
        .into_iter()
        .find(|known| known.has_equal_tensors(&weights));
    found.unwrap_or_else(|| Arc::new(weights))
}

/// The network of `weights` in this kind and place, built unless it is in use already.
fn shared(weights: &Arc<Weights>, placement: (Kind, Device)) -> Result<SharedNetwork> {
    let same = |entry: &Entry| {
        let is_same =
            entry.placement == placement && entry.weights.as_ptr() == Arc::as_ptr(weights);
        is_same.then(|| entry.network.upgrade()).flatten()
    };
    if let Some(network) = lock(&IN_USE).iter().find_map(same) {
        return Ok(network);
    }
    let (kind, device) = placement;
    let mut source = FromFile::new(weights, device, kind)?;
    let network: Box<dyn Network> = Box::new(Rirn::build(weights.spec(), &mut source)?);
    let network = Arc::new(Mutex::new(network));
    let mut in_use = lock(&IN_USE);
    in_use.retain(|entry| entry.network.strong_count() > 0);
    in_use.push(Entry {
        weights: Arc::downgrade(weights),
        placement,
        network: Arc::downgrade(&network),
    });
    Ok(network)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A job that panicked has moved its state out; networks themselves are never changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
