// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds the folder of LibTorch's libraries, puts it into the run path of this crate's tests, and
//! tells it to the crates that use this one (as `DEP_RIRN_LIBTORCH_LIB`), so that nothing needs
//! `LD_LIBRARY_PATH`. torch-sys links the libraries but cannot set a run path for others.

use std::env;
use std::process::Command;

fn main() {
    for variable in ["LIBTORCH", "LIBTORCH_LIB", "LIBTORCH_USE_PYTORCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if let Some(folder) = libtorch_lib() {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        println!("cargo::metadata=LIBTORCH_LIB={folder}");
    }
}

/// The folder in the order in which torch-sys looks; none means the system's own.
fn libtorch_lib() -> Option<String> {
    if env::var("LIBTORCH_USE_PYTORCH").is_ok_and(|value| value == "1") {
        return python_lib();
    }
    let root = env::var("LIBTORCH_LIB").or_else(|_| env::var("LIBTORCH"));
    root.ok().map(|root| format!("{root}/lib"))
}

/// The library folder of the `torch` that Python imports.
fn python_lib() -> Option<String> {
    // As torch-sys does: a virtual environment's own name for Python.
    let python = if env::var_os("VIRTUAL_ENV").is_some() {
        "python"
    } else {
        "python3"
    };
    let script = "import os, torch; print(os.path.join(os.path.dirname(torch.__file__), 'lib'))";
    let output = Command::new(python).args(["-c", script]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(folder.trim().to_owned()).filter(|folder| output.status.success() && !folder.is_empty())
}
