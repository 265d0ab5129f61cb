// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pool: every chunk once, several callers, nesting, panics, denormals.
use crate::ops::conv::parallel::Parallel;
use crate::ops::conv::pool::Pool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Fewer rounds under Miri.
const ROUNDS: usize = if cfg!(miri) { 5 } else { 2000 };

/// How often each chunk was run.
fn counts(pool: &Pool, chunks: usize) -> Vec<usize> {
    let counts: Vec<_> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
    pool.run(chunks, &|chunk, thread| {
        assert!(thread < pool.threads());
        counts[chunk].fetch_add(1, SeqCst);
    });
    counts.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn every_chunk_once() {
    for threads in [0, 1, 2, 3, 5] {
        let pool = Pool::new(threads);
        assert_eq!(pool.threads(), threads.max(1));
        for round in 0..ROUNDS {
            let chunks = round % 17;
            assert_eq!(counts(&pool, chunks), vec![1; chunks]);
        }
    }
}

#[test]
fn workers_wake_after_a_pause() {
    let pool = Pool::new(2);
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        // Each of the two chunks waits for the other, so that both threads must take one.
        let both = std::sync::Barrier::new(2);
        pool.run(2, &|_, _| {
            both.wait();
        });
    }
}

#[test]
fn no_number_twice_at_the_same_time() {
    let pool = Pool::new(4);
    let busy: Vec<_> = (0..4).map(|_| Mutex::new(())).collect();
    for _ in 0..ROUNDS {
        pool.run(9, &|_, thread| {
            let alone = busy[thread].try_lock();
            assert!(alone.is_ok());
        });
    }
}

#[test]
fn several_callers() {
    let pool = Pool::new(3);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..ROUNDS).for_each(|_| assert_eq!(counts(&pool, 7), [1; 7])));
        }
    });
}

#[test]
fn nested() {
    let (outer, other) = (Pool::new(3), Pool::new(2));
    let sum = AtomicUsize::new(0);
    outer.run(5, &|_, _| {
        for pool in [&outer, &other] {
            pool.run(4, &|chunk, _| {
                sum.fetch_add(chunk, SeqCst);
            });
        }
    });
    assert_eq!(sum.into_inner(), 5 * 2 * 6);
}

#[test]
fn panics_reach_the_caller() {
    let pool = Pool::new(3);
    for bad in 0..12 {
        let run = || pool.run(12, &|chunk, _| assert!(chunk != bad, "chunk {bad}"));
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert_eq!(
            panic.downcast_ref::<String>(),
            Some(&format!("chunk {bad}"))
        );
        assert_eq!(counts(&pool, 20), [1; 20]);
    }
    let all = || pool.run(12, &|_, _| panic!("all"));
    assert!(catch_unwind(AssertUnwindSafe(all)).is_err());
    assert_eq!(counts(&pool, 20), [1; 20]);
}

/// Bit 15 flushes denormal results to zero, bit 6 takes denormal operands as zero.
#[cfg(target_arch = "x86_64")]
#[test]
#[allow(deprecated, unsafe_code)]
fn workers_treat_denormals_like_the_thread_that_starts_them() {
    use std::arch::x86_64::{_mm_getcsr, _mm_setcsr};
    let halves_are_zero = || {
        let pool = Pool::new(2);
        let both = std::sync::Barrier::new(2);
        let zeros = AtomicUsize::new(0);
        pool.run(2, &|_, _| {
            both.wait();
            let half = std::hint::black_box(f32::MIN_POSITIVE) * 0.5;
            zeros.fetch_add(usize::from(half.to_bits() == 0), SeqCst);
        });
        zeros.into_inner()
    };
    assert_eq!(halves_are_zero(), 0);
    // SAFETY: only the treatment of denormals changes, on this thread alone, and back again.
    let found = unsafe {
        let before = _mm_getcsr();
        _mm_setcsr(before | 1 << 15 | 1 << 6);
        let found = halves_are_zero();
        _mm_setcsr(before);
        found
    };
    assert_eq!(found, 2);
}
