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
use crate::ops::products::storage;
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
    let mut source = FromFile::new(weights, device, storage(kind, device))?;
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

#[cfg(test)]
mod tests {
    use super::{Core, known, shared};
    use crate::weights::{Weights, shipped};
    use std::sync::Arc;
    use tch::{Device, Kind};

    /// The built-in weights with the last value changed by a little, so that no other test has
    /// the same.
    fn weights(last: u8) -> Weights {
        let mut bytes = shipped("lite").expect("lite is built in").to_vec();
        // The lowest byte of a float.
        let place = bytes.len() - 4;
        bytes[place] = last;
        Weights::parse(bytes).expect("still a weights file")
    }

    fn open(last: u8, kind: Kind) -> Core {
        Core::open(weights(last), kind, Device::Cpu).expect("it builds")
    }

    fn is_same(a: &Core, b: &Core) -> bool {
        Arc::ptr_eq(&a.current().1, &b.current().1)
    }

    #[test]
    fn engines_of_equal_weights_share_the_network() {
        let one = open(1, Kind::Float);
        assert!(is_same(&one, &open(1, Kind::Float)));
        assert!(!is_same(&one, &open(2, Kind::Float)));
        assert!(!is_same(&one, &open(1, Kind::BFloat16)));
    }

    #[test]
    fn a_network_goes_with_its_last_engine() {
        let (one, two) = (open(3, Kind::Float), open(3, Kind::Float));
        let network = Arc::downgrade(&one.current().1);
        drop(one);
        assert!(network.upgrade().is_some());
        drop(two);
        assert!(network.upgrade().is_none());
        // And can come again.
        assert_eq!(open(3, Kind::Float).kind(), Kind::Float);
    }

    #[test]
    fn engines_that_widen_share_the_network_in_float32_and_others_keep_theirs() {
        let [one, two, three] = [(); 3].map(|()| open(4, Kind::BFloat16));
        let exact = open(4, Kind::Float);
        for core in [&one, &two] {
            assert!(core.widen().expect("it builds"));
            assert_eq!(core.kind(), Kind::Float);
            assert!(is_same(core, &exact));
            assert!(!core.widen().expect("nothing to do"));
        }
        assert_eq!(three.kind(), Kind::BFloat16);
        let (_, network) = exact.current();
        let network = network.lock().expect("not poisoned");
        assert_eq!(network.placement(), (Kind::Float, Device::Cpu));
    }

    #[test]
    fn files_are_the_same_by_content_and_not_by_name() {
        let named = Weights::built_in("lite").expect("built in");
        let bare = Weights::parse(shipped("lite").expect("built in")).expect("a file");
        assert_ne!(named.label(), bare.label());
        assert!(named.has_equal_tensors(&bare));
        assert!(!weights(5).has_equal_tensors(&weights(6)));
        let (one, two) = (known(weights(7)), known(weights(7)));
        // Neither is in use: there is nothing to be found.
        assert!(!Arc::ptr_eq(&one, &two));
        let _in_use = shared(&one, (Kind::Float, Device::Cpu)).expect("it builds");
        assert!(Arc::ptr_eq(&one, &known(weights(7))));
    }
}
