// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the engine asks of the processor: no denormals, and how its threads are divided.

use crate::ops;
use crate::ops::products::Products;
use tch::{Device, Kind};

/// Sets flush-to-zero and denormals-are-zero for the calling thread, and so for every thread that
/// it starts. A recurrent state that fades towards zero ends in denormal numbers, with which a
/// convolution takes up to 190 times as long. Only x86-64 has that penalty to such a degree;
/// elsewhere nothing is done.
pub fn flush_denormals() {
    #[cfg(target_arch = "x86_64")]
    mxcsr::set_flush_bits();
}

/// Prepares the thread that runs a network for its next steps: divides the CPU's threads between
/// LibTorch and the own kernels, and says what those multiply. The network computes in `kind`; its
/// tensors may be of another one.
pub(super) fn prepare(kind: Kind, placement: (Kind, Device)) {
    let (stored, device) = placement;
    ops::threads::give_libtorch(ops::conv::computes(stored, device));
    Products::begin(kind);
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod mxcsr {
    use std::arch::asm;

    /// Bit 15 flushes denormal results to zero, bit 6 takes denormal operands as zero (Intel SDM
    /// volume 1, section 10.2.3).
    const FLUSH: u32 = 1 << 15 | 1 << 6;

    pub(super) fn set_flush_bits() {
        let mut control = 0_u32;
        let place = &raw mut control;
        // SAFETY: stores and loads the SSE control word of this thread through a valid pointer;
        // the two bits only change how denormal numbers are treated, no exception is unmasked.
        unsafe {
            asm!("stmxcsr [{}]", in(reg) place, options(nostack));
            *place |= FLUSH;
            asm!("ldmxcsr [{}]", in(reg) place, options(nostack));
        }
    }
}
