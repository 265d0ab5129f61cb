// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a process may use matrix tiles.

use crate::ops::conv::simd::Isa;
use std::sync::OnceLock;

/// Whether processor and system let this process use tiles. Asks the system for that at the first call.
pub(in crate::ops::conv::tiles) fn usable() -> bool {
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| {
        Isa::Avx512.usable()
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bf16")
            && has_tiles()
            && system::permits()
    })
}

/// Bits 22 (AMX-BF16) and 24 (AMX-TILE) of EDX in leaf 7 (Intel SDM volume 2, CPUID).
fn has_tiles() -> bool {
    let wanted = 1 << 22 | 1 << 24;
    std::arch::x86_64::__cpuid_count(7, 0).edx & wanted == wanted
}

#[cfg(target_os = "linux")]
mod system {
    use std::arch::asm;

    /// Asks Linux to keep the tiles of this process on a change of tasks: `arch_prctl` with
    /// `ARCH_REQ_XCOMP_PERM` for the state component 18 (kernel documentation, `x86/xstate`). A
    /// kernel that knows no tiles refuses.
    pub(super) fn permits() -> bool {
        const ARCH_PRCTL: usize = 158;
        const REQUEST: usize = 0x1023;
        const TILE_DATA: usize = 18;
        let mut result = ARCH_PRCTL;
        // SAFETY: the call takes no addresses, and only lets the tile registers be used.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") result,
                in("rdi") REQUEST,
                in("rsi") TILE_DATA,
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        result == 0
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn permits() -> bool {
        false
    }
}
