// SPDX-License-Identifier: MIT OR Apache-2.0
//! Version facts for the plugin description, and the run path to LibTorch.

fn main() {
    gst_plugin_version_helper::info();
    if let Ok(folder) = std::env::var("DEP_RIRN_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
