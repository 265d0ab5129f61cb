// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the targets share: an allocator with a limit, a file for what is only read from files,
//! and numbers from the fuzzer's bytes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::{File, OpenOptions};
use std::io::{Seek, Write, stderr};
use std::path::PathBuf;

/// Largest single allocation, in bytes. libFuzzer's own limit (`-malloc_limit_mb`) needs a
/// sanitizer, and those need nightly Rust.
const LIMIT: usize = 64 << 20;

/// The system's allocator, which ends the process where more than [`LIMIT`] is asked for.
struct Limited;

#[global_allocator]
static LIMITED: Limited = Limited;

fn check(size: usize) {
    if size > LIMIT {
        // Nothing that allocates: the message is a constant, and stderr has no buffer.
        let _nobody_listens = stderr().write_all(b"an allocation beyond the limit of 64 MB\n");
        std::process::abort();
    }
}

// SAFETY: everything is the system's allocator, called with what came in.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// One file that is written anew for every input.
pub struct Scratch {
    file: File,
    /// Where it is.
    pub path: PathBuf,
}

impl Scratch {
    /// In memory where there is such a folder, else among temporary files.
    #[must_use]
    pub fn new() -> Self {
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        };
        let path = folder.join(format!("rirn-fuzz-{}", std::process::id()));
        let file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .open(&path);
        Self {
            file: file.expect("a temporary file"),
            path,
        }
    }

    /// Replaces the content.
    pub fn fill(&mut self, bytes: &[u8]) {
        self.file.set_len(0).expect("a file may be emptied");
        self.file.rewind().expect("a file has a beginning");
        self.file.write_all(bytes).expect("there is room");
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads numbers from the fuzzer's bytes; zeros where they end.
pub struct Numbers<'a>(pub &'a [u8]);

impl Numbers<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A size: small ones, ones about the limits of caps, and any.
    pub fn size(&mut self) -> usize {
        let kind = self.byte();
        let low = usize::from(self.byte());
        match kind % 4 {
            0 => low % 64,
            1 => low,
            2 => low << 8 | usize::from(self.byte()),
            _ => (0..7).fold(low, |size, _| size << 8 | usize::from(self.byte())),
        }
    }

    /// Any float32, also NaN and infinity.
    pub fn float(&mut self) -> f32 {
        f32::from_le_bytes([(); 4].map(|()| self.byte()))
    }

    /// One of a list.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }
}
