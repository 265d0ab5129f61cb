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
use std::mem;
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
    /// Where maps of this step lie, perhaps shorter ones; only noted, so that a map which nobody gives
    /// back is freed like any other.
    used: Vec<Place>,
    /// The same of the step before: the states, which this step uses up.
    before: Vec<Place>,
}

/// Address and length of a row of numbers.
type Place = (usize, i64);

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
        let at = address(&memory);
        self.used.retain(|(other, _)| *other != at);
        self.used.push((at, length(&memory)));
        Ok(memory)
    }

    /// Takes the memory of a map that nobody uses any more. What LibTorch has made is freed: it would
    /// come anew with each step.
    fn put(&mut self, map: &Tensor) -> Result<()> {
        let at = address(map);
        let lists = [&mut self.used, &mut self.before];
        let noted = lists.into_iter().find_map(|list| {
            let place = list.iter().position(|(noted, _)| *noted == at)?;
            Some(list.swap_remove(place))
        });
        let Some((_, length)) = noted else {
            return Ok(());
        };
        // Refused if the map at this address is another one by now, and shorter.
        let memory = map.f_as_strided([length], [1], None)?;
        if self.free.len() == MOST {
            drop(self.free.remove(0));
        }
        self.free.push(memory);
        Ok(())
    }
}

impl Loan {
    /// Takes them back from this thread.
    pub(crate) fn end(self) -> Spares {
        let mut spares = LENT.take().unwrap_or_default();
        spares.before = mem::take(&mut spares.used);
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

/// Takes a map, or what cropping has left of it, that was made for the caller alone and that nothing else
/// refers to. What did not come from [`map`] in this step or the one before is freed.
pub(crate) fn give_back(map: Tensor) {
    if own::takes(&map) && own::Rows::of(&map).is_some() {
        LENT.with_borrow_mut(|lent| {
            if let Some(spares) = lent {
                // Refused, it is freed.
                let _kept = spares.put(&map);
            }
        });
    }
}

/// Frees the maps that nobody uses, because memory ran out.
pub(crate) fn free() {
    LENT.with_borrow_mut(|lent| {
        if let Some(spares) = lent {
            spares.free.clear();
        }
    });
}

/// Whether two tensors lie in the same memory, be it in different parts of it.
pub(crate) fn share_memory(a: &Tensor, b: &Tensor) -> bool {
    storage(a).is_some_and(|at| storage(b) == Some(at))
}

/// Where the memory of a tensor begins, of which the tensor itself may be a later part; nothing where it
/// has none.
fn storage(x: &Tensor) -> Option<usize> {
    let first = x.f_as_strided([1], [1], 0).ok()?;
    Some(address(&first))
}

fn new(numel: i64) -> Result<Tensor> {
    Ok(Tensor::f_empty([numel], (Kind::Float, Device::Cpu))?)
}

fn address(memory: &Tensor) -> usize {
    memory.data_ptr() as usize
}

fn length(memory: &Tensor) -> i64 {
    i64::try_from(memory.numel()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{MOST, Spares, address, free, give_back, map, share_memory};
    use crate::ops::is_channels_last;

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
        let many: Vec<_> = (0..2 * MOST)
            .map(|_| map(3, 3, 3).expect("a map"))
            .collect();
        many.into_iter().for_each(give_back);
        assert_eq!(loan.end().free.len(), MOST);
    }

    #[test]
    fn a_state_comes_back_a_step_later_and_what_is_kept_longer_or_not_ours_never() {
        if !crate::ops::conv::takes(&map(1, 1, 1).expect("a map")) {
            return; // Only maps of the own kernels are kept.
        }
        let loan = Spares::default().lend();
        let [state, kept] = [(); 2].map(|()| map(8, 6, 5).expect("a map"));
        let place = address(&state);
        let loan = loan.end().lend();
        give_back(state);
        // Held to the end, or the copy below might lie where it lay.
        let again = map(8, 6, 5).expect("a map");
        assert_eq!(address(&again), place);
        let loan = loan.end().lend();
        give_back(kept.copy());
        give_back(kept);
        assert!(loan.end().free.is_empty());
        drop(again);
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
    fn parts_of_a_map_lie_in_its_memory() {
        let [one, other] = [(); 2].map(|()| map(8, 6, 5).expect("a map"));
        let rows = one.narrow(2, 2, 3);
        assert_ne!(address(&rows), address(&one));
        assert!(share_memory(&one, &one) && share_memory(&one, &rows) && share_memory(&rows, &one));
        assert!(share_memory(&rows, &one.narrow(2, 0, 1)));
        assert!(!share_memory(&rows, &other) && !share_memory(&rows.copy(), &one));
        let empty = tch::Tensor::zeros([0], (tch::Kind::Float, tch::Device::Cpu));
        assert!(!share_memory(&empty, &empty.shallow_clone()) && !share_memory(&empty, &one));
    }

    #[test]
    fn what_nobody_uses_is_freed_where_memory_runs_out() {
        let loan = Spares::default().lend();
        give_back(map(8, 6, 5).expect("a map"));
        free();
        assert!(loan.end().free.is_empty());
        free();
    }

    #[test]
    fn a_cropped_map_is_kept_as_a_whole() {
        if !crate::ops::conv::takes(&map(1, 1, 1).expect("a map")) {
            return; // Only maps of the own kernels are kept.
        }
        let loan = Spares::default().lend();
        let whole = map(3, 8, 8).expect("a map");
        let place = address(&whole);
        let cropped = whole.narrow(2, 0, 7).narrow(3, 0, 6);
        drop(whole);
        give_back(cropped);
        assert_eq!(address(&map(3, 8, 8).expect("a map")), place);
        drop(loan);
    }

    #[test]
    fn a_part_of_a_map_is_not_kept() {
        let loan = Spares::default().lend();
        let whole = map(8, 6, 5).expect("a map");
        give_back(whole.narrow(1, 0, 4));
        assert!(loan.end().free.is_empty());
    }
}
