// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds the folder of LibTorch's libraries, puts it into the run path of this crate's tests, and
//! tells it to the crates that use this one (as `DEP_RIRN_LIBTORCH_LIB`), so that nothing needs
//! `LD_LIBRARY_PATH`. torch-sys links the libraries but cannot set a run path for others.
//!
//! Compiles what Rust cannot say of LibTorch's CUDA graphs.
//!
//! And unpacks the weights that lie compressed in `models`, for `weights/shipped.rs`.

use flate2::read::GzDecoder;
use std::env;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;

/// Weights of more than 5 MB, which no file of the repository may have.
const COMPRESSED: [&str; 1] = ["standard.safetensors"];

fn main() {
    for variable in ["LIBTORCH", "LIBTORCH_LIB", "LIBTORCH_USE_PYTORCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if let Some(folder) = libtorch_lib() {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        println!("cargo::metadata=LIBTORCH_LIB={folder}");
    }
    let graphs = "src/ops/replay/cuda_graph.cpp";
    println!("cargo::rerun-if-changed={graphs}");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .file(graphs)
        .compile("rirn_cuda_graph");
    for name in COMPRESSED {
        let packed = format!("../../models/{name}.gz");
        println!("cargo::rerun-if-changed={packed}");
        if let Err(error) = unpack(&packed, name) {
            println!("cargo::error=weights {packed} cannot be unpacked: {error}");
        }
    }
}

/// Unpacks a file into the folder of what the build makes.
fn unpack(packed: &str, name: &str) -> io::Result<()> {
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let mut unpacked = File::create(Path::new(&folder).join(name))?;
    io::copy(&mut GzDecoder::new(File::open(packed)?), &mut unpacked)?;
    Ok(())
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
