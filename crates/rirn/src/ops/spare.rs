// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maps whose memory is used again, within a step and from step to step. LibTorch asks the system for
//! the memory of every large map and gives it back after it; the system then clears each page anew,
//! which took a tenth of all time on a CPU. Whoever is done with a map of its own gives it back here,
//! and the next map of that size takes its place.
//!
//! Spare maps belong to one video and are lent to the thread that computes its frames. Everywhere
//! else (training, where the way back still needs what a layer has read) nothing is kept.

use super::conv::own;
use crate::error::Result;
use std::cell::RefCell;
use tch::{Device, Kind, Tensor};

/// Most maps that are kept: RDBN has as many at once, the outputs of its blocks.
const MOST: usize = 16;

thread_local! {
    /// Nothing where no spare maps are lent to this thread.
    static LENT: RefCell<Option<Spares>> = const { RefCell::new(None) };
}

/// The memory of maps, each as a row of numbers.
#[derive(Default)]
pub(crate) struct Spares {
    /// Nobody uses it; the longest unused first.
    free: Vec<Tensor>,
    /// Maps of this step lie in it, perhaps shorter ones.
    used: Vec<Tensor>,
}

/// Spare maps lent to this thread; dropped, they are freed.
pub(crate) struct Loan(());

impl Spares {
    /// Lends them to this thread.
    pub(crate) fn lend(self) -> Loan {
        LENT.set(Some(self));
        Loan(())
    }

    /// Memory for so many numbers: the smallest that fits, if it is not much too large, or new.
    fn take(&mut self, numel: i64) -> Result<Tensor> {
        let fits = |memory: &Tensor| (numel..=2 * numel).contains(&length(memory));
        let fitting = self.free.iter().enumerate().rev().filter(|(_, m)| fits(m));
        let smallest = fitting.min_by_key(|(_, memory)| memory.numel());
        let memory = match smallest.map(|(place, _)| place) {
            Some(place) => self.free.remove(place),
            None => new(numel)?,
        };
        self.used.push(memory.shallow_clone());
        Ok(memory)
    }

    /// Takes the memory of a map that nobody uses any more.
    fn put(&mut self, map: &Tensor) -> Result<()> {
        let is_its = |memory: &Tensor| memory.data_ptr() == map.data_ptr();
        let memory = match self.used.iter().position(is_its) {
            Some(place) => self.used.swap_remove(place),
            // From an earlier step, or made by LibTorch.
            None => map.f_as_strided([length(map)], [1], None)?,
        };
        if self.free.len() == MOST {
            drop(self.free.remove(0));
        }
        self.free.push(memory);
        Ok(())
    }
}

impl Loan {
    /// Takes them back from this thread. What is in use then belongs to whoever uses it.
    pub(crate) fn end(self) -> Spares {
        let mut spares = LENT.take().unwrap_or_default();
        spares.used.clear();
        spares
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        LENT.take();
    }
}

/// A map `[1, channels, height, width]`, float32, channels last, on the CPU, of numbers that mean
/// nothing: to be written in full.
pub(crate) fn map(channels: i64, height: i64, width: i64) -> Result<Tensor> {
    let numel = channels * height * width;
    let memory = LENT.with_borrow_mut(|lent| match lent {
        Some(spares) => spares.take(numel),
        None => new(numel),
    })?;
    let steps = [numel, 1, width * channels, channels];
    Ok(memory.f_as_strided([1, channels, height, width], steps, None)?)
}

/// Takes a map that was made for the caller alone and that nothing else refers to. Maps that
/// [`map`] could not give out again are freed.
pub(crate) fn give_back(map: Tensor) {
    if own::takes(&map) && own::numbers_in_order(&map).is_some() {
        LENT.with_borrow_mut(|lent| {
            if let Some(spares) = lent {
                // Without a view of its memory the map is freed, as it would be without spares.
                let _kept = spares.put(&map);
            }
        });
    }
}

fn new(numel: i64) -> Result<Tensor> {
    Ok(Tensor::f_empty([numel], (Kind::Float, Device::Cpu))?)
}

fn length(memory: &Tensor) -> i64 {
    i64::try_from(memory.numel()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{MOST, Spares, give_back, map};
    use crate::ops::is_channels_last;

    fn address(map: &tch::Tensor) -> usize {
        map.data_ptr() as usize
    }

    #[test]
    fn a_map_that_was_given_back_is_the_next_of_its_size() {
        if !crate::ops::conv::takes(&map(1, 1, 1).expect("a map")) {
            return; // Only maps of the own kernels are kept.
        }
        let loan = Spares::default().lend();
        let [first, other] = [map(8, 6, 5), map(4, 3, 2)].map(|made| made.expect("a map"));
        let place = address(&first);
        give_back(first);
        give_back(other);
        // As many numbers in another shape.
        let again = map(10, 4, 6).expect("a map");
        assert_eq!((address(&again), again.size()), (place, vec![1, 10, 4, 6]));
        assert!(is_channels_last(&again));
        let fresh = map(10, 4, 6).expect("a map");
        assert_ne!(address(&fresh), place);
        // A smaller map lies in the same memory, which keeps its size.
        give_back(again);
        let smaller = map(5, 4, 6).expect("a map");
        assert_eq!((address(&smaller), smaller.numel()), (place, 120));
        give_back(smaller);
        let again = map(10, 4, 6).expect("a map");
        assert_eq!(address(&again), place);
        // But not a much smaller one.
        give_back(again);
        let tiny = map(2, 4, 6).expect("a map");
        assert_ne!(address(&tiny), place);
        let again = map(10, 4, 6).expect("a map");
        // From step to step.
        give_back(again);
        let loan = loan.end().lend();
        assert_eq!(address(&map(8, 6, 5).expect("a map")), place);
        for _ in 0..2 * MOST {
            give_back(map(3, 3, 3).expect("a map").copy());
        }
        assert!(loan.end().free.len() <= MOST);
    }

    #[test]
    fn nothing_is_kept_where_none_are_lent() {
        give_back(map(8, 6, 5).expect("a map"));
        assert!(Spares::default().lend().end().free.is_empty());
        let loan = Spares::default().lend();
        give_back(map(8, 6, 5).expect("a map"));
        drop(loan);
        give_back(map(8, 6, 5).expect("a map"));
        assert!(super::LENT.take().is_none());
    }

    #[test]
    fn a_part_of_a_map_is_not_kept() {
        let loan = Spares::default().lend();
        let whole = map(8, 6, 5).expect("a map");
        give_back(whole.narrow(1, 0, 4));
        assert!(loan.end().free.is_empty());
    }
}
