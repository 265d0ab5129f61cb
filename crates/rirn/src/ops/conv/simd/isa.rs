// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instruction sets that kernels exist for, and the choice between them when a layer is made.

use std::sync::OnceLock;

/// `off`: LibTorch computes all convolutions. `avx2`: no AVX-512 and no matrix tiles, as on a processor
/// that has none. Read once in a process.
const SWITCH: &str = "RIRNDEBLUR_OWN_KERNELS";

/// Whether the switch says `word`.
pub(crate) fn switch_is(word: &str) -> bool {
    static SAID: OnceLock<String> = OnceLock::new();
    *SAID.get_or_init(|| std::env::var(SWITCH).unwrap_or_default()) == *word
}

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Plain Rust, for every processor.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512F.
    Avx512,
}

impl Isa {
    /// All of them, the best last.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this processor has it, and the switch lets it be used.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub(crate) fn usable(self) -> bool {
        let avx2 = || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        match self {
            Self::Portable => true,
            Self::Avx2 => avx2(),
            Self::Avx512 => avx2() && is_x86_feature_detected!("avx512f") && !switch_is("avx2"),
        }
    }

    /// Whether this processor has it.
    #[cfg(not(target_arch = "x86_64"))]
    #[must_use]
    pub(crate) fn usable(self) -> bool {
        self == Self::Portable
    }

    /// The set to take for a layer with `out` output channels. Where a vector of eight holds them
    /// all, a longer one would do the same work half empty.
    #[must_use]
    pub(crate) fn best(out: usize) -> Self {
        match () {
            () if out > 8 && Self::Avx512.usable() => Self::Avx512,
            () if Self::Avx2.usable() => Self::Avx2,
            () => Self::Portable,
        }
    }
}
