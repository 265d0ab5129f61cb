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

/// Maps that nobody uses, the longest unused first.
#[derive(Default)]
pub(crate) struct Spares(Vec<Tensor>);

/// Spare maps lent to this thread; dropped, they are freed.
pub(crate) struct Loan(());

impl Spares {
    /// Lends them to this thread.
    pub(crate) fn lend(self) -> Loan {
        LENT.set(Some(self));
        Loan(())
    }
}

impl Loan {
    /// Takes them back from this thread.
    pub(crate) fn end(self) -> Spares {
        LENT.take().unwrap_or_default()
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
    let size = [1, channels, height, width];
    let numel = usize::try_from(channels * height * width).unwrap_or_default();
    let spare = LENT.with_borrow_mut(|lent| {
        let maps = &mut lent.as_mut()?.0;
        let fitting = maps.iter().rposition(|map| map.numel() == numel)?;
        Some(maps.remove(fitting))
    });
    if let Some(spare) = spare {
        let steps = [channels * height * width, 1, width * channels, channels];
        return Ok(spare.f_as_strided(size, steps, None)?);
    }
    let rows = Tensor::f_empty([1, height, width, channels], (Kind::Float, Device::Cpu))?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}

/// Takes a map that was made for the caller alone and that nothing else refers to. Maps that
/// [`map`] could not give out again are freed.
pub(crate) fn give_back(map: Tensor) {
    LENT.with_borrow_mut(|lent| {
        let Some(Spares(maps)) = lent else { return };
        if own::takes(&map) && own::numbers_in_order(&map).is_some() {
            if maps.len() == MOST {
                drop(maps.remove(0));
            }
            maps.push(map);
        }
    });
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
        // From step to step.
        give_back(again);
        let loan = loan.end().lend();
        assert_eq!(address(&map(8, 6, 5).expect("a map")), place);
        for _ in 0..2 * MOST {
            give_back(map(3, 3, 3).expect("a map").copy());
        }
        assert!(loan.end().0.len() <= MOST);
    }

    #[test]
    fn nothing_is_kept_where_none_are_lent() {
        give_back(map(8, 6, 5).expect("a map"));
        assert!(Spares::default().lend().end().0.is_empty());
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
        assert!(loan.end().0.is_empty());
    }
}
