// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the engine asks of the processor: no denormals, and whether it has matrix tiles.

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

/// Whether bfloat16 pays: the processor has AMX tiles with bfloat16 and the kernel lets them be
/// used. Without tiles bfloat16 is 1.4 (AVX-512) to 10 times (AVX2) slower than float32.
pub(super) fn has_amx() -> bool {
    // The kernel lists the flags only where it also saves the tiles on a context switch.
    std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| lists_amx(&text))
}

fn lists_amx(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| {
        ["amx_tile", "amx_bf16"]
            .iter()
            .all(|wanted| flags.split_whitespace().any(|flag| flag == *wanted))
    })
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

#[cfg(test)]
mod tests {
    use super::lists_amx;

    #[test]
    fn both_flags_are_needed_and_whole_words() {
        let line = |flags: &str| format!("processor : 0\nflags\t\t: fpu {flags} avx\n");
        assert!(lists_amx(&line("amx_bf16 amx_tile")));
        assert!(!lists_amx(&line("amx_tile")));
        assert!(!lists_amx(&line("amx_bf16x amx_tile")));
        assert!(!lists_amx("Features : asimd bf16\n"));
    }
}
