// SPDX-License-Identifier: MIT OR Apache-2.0
//! Intel's matrix tiles (AMX: Intel SDM volume 1, chapter 18): eight registers of sixteen rows of 64
//! bytes. By instructions in text, since the compiler's functions for them are not stable; the
//! compiler itself never touches these registers.

use super::layer::{EDGE, TILE};
use super::strip::BLOCK;
use super::unit::Block;
use std::arch::asm;
use std::arch::x86_64::{__m256bh, _mm512_cvtneps_pbh, _mm512_loadu_ps, _mm512_maskz_loadu_ps};
use std::sync::OnceLock;

/// Bytes of a row of a tile.
const ROW: usize = 64;

/// What LDTILECFG reads: palette 1, and for each of the eight tiles its bytes in a row and its rows.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPES: Shapes = Shapes {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Whether processor and system let this process use tiles. Asks the system for that at the first call.
pub(super) fn usable() -> bool {
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| {
        is_x86_feature_detected!("avx512f")
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

/// Shapes the tiles of this thread.
///
/// # Safety
/// [`usable`].
pub(super) unsafe fn start() {
    // SAFETY: the processor has the instruction and the system permits it, by the contract.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(nostack, readonly)) }
}

/// Gives the tiles of this thread back, so that they need not be kept on a change of tasks.
///
/// # Safety
/// [`usable`].
pub(super) unsafe fn stop() {
    // SAFETY: the processor has the instruction and the system permits it, by the contract.
    unsafe { asm!("tilerelease", options(nostack, nomem)) }
}

/// As [`Convert`](super::unit::Convert) says.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) unsafe fn convert(from: *const f32, to: *mut u16, count: usize) {
    let mut done = 0;
    // SAFETY: reads keep to the `count` numbers, writes to whole vectors from them on.
    unsafe {
        while done < count {
            let rest = count - done;
            let numbers = match rest >= EDGE {
                true => _mm512_loadu_ps(from.add(done)),
                false => _mm512_maskz_loadu_ps((1 << rest) - 1, from.add(done)),
            };
            let rounded: __m256bh = _mm512_cvtneps_pbh(numbers);
            // No alignment is asked for, nor given.
            to.add(done).cast::<__m256bh>().write_unaligned(rounded);
            done += EDGE;
        }
    }
}

/// The sums of a block, `N` tiles side by side: two tiles of pixels by `N` of channels, in tiles 0
/// to 3 for both and 0 and 2 for one.
///
/// # Safety
/// As [`Block`] says; [`usable`]; after [`start`].
pub(super) unsafe fn sums<const N: usize>(block: &Block<'_>) {
    let down = block.next * size_of::<u16>();
    let across = N * ROW;
    let mut weights = block.weights;
    // SAFETY: every address is one of a tile that `Block` speaks of.
    unsafe {
        // A step of no bytes from row to row: the bias for each pixel.
        asm!(
            "tileloadd tmm0, [{bias} + {step}]",
            "tileloadd tmm2, [{bias} + {step}]",
            bias = in(reg) block.bias,
            step = in(reg) 0_usize,
            options(nostack, readonly),
        );
        if N == 2 {
            asm!(
                "tileloadd tmm1, [{bias} + {step}]",
                "tileloadd tmm3, [{bias} + {step}]",
                bias = in(reg) block.bias.add(EDGE),
                step = in(reg) 0_usize,
                options(nostack, readonly),
            );
        }
        for row in block.rows {
            let upper = row.add(block.offset);
            let lower = upper.add(EDGE * block.next);
            match N {
                1 => one(upper, lower, down, weights, block.steps),
                _ => two(upper, lower, down, weights, block.steps),
            }
            weights = weights.add(block.steps * N * TILE);
        }
        let second = block.sums.add(BLOCK / 2 * N * EDGE);
        asm!(
            "tilestored [{first} + {step}], tmm0",
            "tilestored [{second} + {step}], tmm2",
            first = in(reg) block.sums,
            second = in(reg) second,
            step = in(reg) across,
            options(nostack),
        );
        if N == 2 {
            asm!(
                "tilestored [{first} + {step}], tmm1",
                "tilestored [{second} + {step}], tmm3",
                first = in(reg) block.sums.add(EDGE),
                second = in(reg) second.add(EDGE),
                step = in(reg) across,
                options(nostack),
            );
        }
    }
}

/// Adds what a row of taps gives to one tile of channels.
///
/// # Safety
/// As for [`sums`]; `steps` is at least 1.
#[inline(always)]
unsafe fn one(
    upper: *const u16,
    lower: *const u16,
    down: usize,
    weights: *const f32,
    steps: usize,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        asm!(
            "2:",
            "tileloadd tmm6, [{weights} + {row}]",
            "tileloadd tmm4, [{upper} + {down}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{lower} + {down}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "add {upper}, 64",
            "add {lower}, 64",
            "add {weights}, 1024",
            "dec {steps}",
            "jnz 2b",
            upper = inout(reg) upper => _,
            lower = inout(reg) lower => _,
            weights = inout(reg) weights => _,
            steps = inout(reg) steps => _,
            down = in(reg) down,
            row = in(reg) ROW,
            options(nostack, readonly),
        );
    }
}

/// Adds what a row of taps gives to two tiles of channels.
///
/// # Safety
/// As for [`sums`]; `steps` is at least 1.
#[inline(always)]
unsafe fn two(
    upper: *const u16,
    lower: *const u16,
    down: usize,
    weights: *const f32,
    steps: usize,
) {
    // SAFETY: by the contract of this function.
    unsafe {
        asm!(
            "2:",
            "tileloadd tmm6, [{weights} + {row}]",
            "tileloadd tmm4, [{upper} + {down}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{weights} + {row} + 1024]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{lower} + {down}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {upper}, 64",
            "add {lower}, 64",
            "add {weights}, 2048",
            "dec {steps}",
            "jnz 2b",
            upper = inout(reg) upper => _,
            lower = inout(reg) lower => _,
            weights = inout(reg) weights => _,
            steps = inout(reg) steps => _,
            down = in(reg) down,
            row = in(reg) ROW,
            options(nostack, readonly),
        );
    }
}
