// SPDX-License-Identifier: MIT OR Apache-2.0
//! Loops over a row in two forms: for every processor, and for those with AVX2, whose vectors are
//! twice as long. Both come from the same text and give the same bits: nothing is contracted or put
//! into another order.

/// Makes a function that runs in the form that suits the processor. Called once a row, the question
/// costs nothing.
macro_rules! wide {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $kind),*) $(-> $result)? {
            #[inline(always)]
            fn plain($($arg: $kind),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($arg: $kind),*) $(-> $result)? {
                plain($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            if crate::pixel::wide::has_avx2() {
                // SAFETY: the processor has AVX2.
                #[allow(unsafe_code)]
                return unsafe { avx2($($arg),*) };
            }
            plain($($arg),*)
        }
    };
}
pub(super) use wide;

/// Whether the processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn has_avx2() -> bool {
    #[cfg(test)]
    if tests::PLAIN.get() {
        return false;
    }
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// The form for every processor is taken on this thread.
        pub(in crate::pixel) static PLAIN: Cell<bool> = const { Cell::new(false) };
    }
}
