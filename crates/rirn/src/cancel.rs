// SPDX-License-Identifier: MIT OR Apache-2.0
//! Floor 0: how a running step learns that nobody waits for it any more.
//!
//! The worker puts the running job's flag here; every convolution looks at it before it starts,
//! so that a flush during a long step frees the worker after one layer instead of one frame.
//! Code that runs outside the worker (training, tests) has no flag and is never cancelled.

use crate::error::{Error, Result};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static CURRENT: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Runs `job` with `flag` as this thread's cancel flag.
pub(crate) fn with_flag<R>(flag: Arc<AtomicBool>, job: impl FnOnce() -> R) -> R {
    /// Takes the flag away also when the job panics.
    struct Clear;
    impl Drop for Clear {
        fn drop(&mut self) {
            CURRENT.set(None);
        }
    }
    CURRENT.set(Some(flag));
    let _clear = Clear;
    job()
}

/// Says whether the job of this thread is still wanted.
///
/// # Errors
/// [`Error::Interrupted`] when it was cancelled.
pub(crate) fn check() -> Result<()> {
    let cancelled = CURRENT.with_borrow(|flag| {
        flag.as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
    });
    if cancelled {
        Err(Error::Interrupted)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check, with_flag};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn only_a_raised_flag_of_this_thread_cancels() {
        assert!(check().is_ok());
        with_flag(Arc::new(AtomicBool::new(false)), || {
            assert!(check().is_ok())
        });
        with_flag(Arc::new(AtomicBool::new(true)), || {
            assert!(check().is_err());
            std::thread::spawn(|| assert!(check().is_ok()))
                .join()
                .expect("the other thread has no flag");
        });
        assert!(check().is_ok());
    }
}
