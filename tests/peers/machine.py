# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a figure depends on beside the program: processor, GPU, versions, load."""
import importlib.metadata
import os
import pathlib

FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16")
PACKAGES = ("torch", "triton", "onnx", "onnxruntime", "onnxruntime-gpu", "openvino")


def cpu_facts() -> dict[str, object]:
    """Model, the flags that matter here, usable processors, load."""
    entries: dict[str, str] = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        entries.setdefault(key.strip(), value.strip())
    present = entries.get("flags", "").split()
    return {
        "cpu": entries.get("model name", "unknown"),
        "cpu family and model": f"{entries.get('cpu family')}/{entries.get('model')}",
        "flags": [flag for flag in FLAGS if flag in present],
        "processors": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Of the runtimes that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
