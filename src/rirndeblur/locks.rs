// SPDX-License-Identifier: MIT OR Apache-2.0
//! The element's locks: held for the time of a copy, and never two at once by one thread, so that no
//! order of theirs can be wrong. Debug builds assert it.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Whether this thread holds one.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
}

/// The value behind a lock, as long as this lives.
pub(super) struct Held<'a, T>(MutexGuard<'a, T>);

/// Waits for a lock; a panic of another holder has left the value usable.
///
/// # Panics
/// In a debug build, where this thread holds another one.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> Held<'_, T> {
    let another = cfg!(debug_assertions) && HOLDS.replace(true);
    debug_assert!(!another, "a second lock of the element");
    Held(mutex.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        HOLDS.set(false);
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::lock;
    use std::sync::Mutex;

    #[test]
    fn locks_one_behind_the_other_are_fine_and_what_a_panic_left_is_usable() {
        let (a, b) = (Mutex::new(1), Mutex::new(2));
        *lock(&a) += 1;
        *lock(&b) += 1;
        let poisoned = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = lock(&a);
                panic!("on purpose");
            });
            holder.join()
        });
        assert!(poisoned.is_err());
        assert_eq!((*lock(&a), a.is_poisoned()), (2, true));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a second lock of the element")]
    fn two_at_once_are_found() {
        let (a, b) = (Mutex::new(1), Mutex::new(2));
        let _first = lock(&a);
        let _second = lock(&b);
    }
}
