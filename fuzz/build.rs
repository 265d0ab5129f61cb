// SPDX-License-Identifier: MIT OR Apache-2.0
//! The run path to LibTorch, which the targets link and never call.

fn main() {
    if let Ok(folder) = std::env::var("DEP_RIRN_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
