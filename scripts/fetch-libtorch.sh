#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Fetches LibTorch 2.11.0 into the cache, once, and prints the folder it lies in.
#   scripts/fetch-libtorch.sh          544 MB to fetch, 0.5 GB on disk: CPU
#   scripts/fetch-libtorch.sh --cuda   2.5 GB to fetch, 4 GB on disk: CPU and NVIDIA GPUs (CUDA 13)
# Every file is checked against its hash. NVIDIA's libraries come under NVIDIA's own licence, see
# the *.dist-info folders; even the CPU library asks for two of them, and needs no GPU or driver.
set -euo pipefail

version=2.11.0
flavour=cpu
case "${1:-}" in
    '') ;;
    --cuda) flavour=cu130 ;;
    -h | --help) sed -n '3,9s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) echo "fetch-libtorch: \"$1\" is not known; the only option is --cuda." >&2 && exit 2 ;;
esac

cache=${RIRNDEBLUR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rirndeblur}
dest=$cache/libtorch-$version-$flavour
work=$cache/.fetch-$flavour

# The wheel of Python 3.11 whatever Python is here: the C++ libraries do not differ.
requirements() {
    cat <<'LIST'
torch==2.11.0 --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
LIST
    [ "$flavour" = cpu ] || cat <<'LIST'
nvidia-cublas==13.1.0.3 --hash=sha256:ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171
nvidia-cuda-nvrtc==13.0.88 --hash=sha256:ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575
nvidia-cudnn-cu13==9.19.0.56 --hash=sha256:d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf
nvidia-cufft==12.0.0.61 --hash=sha256:6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3
nvidia-cufile==1.15.1.6 --hash=sha256:08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44
nvidia-curand==10.4.0.35 --hash=sha256:1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc
nvidia-cusolver==12.0.4.66 --hash=sha256:0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112
nvidia-cusparse==12.6.3.3 --hash=sha256:2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b
nvidia-cusparselt-cu13==0.8.0 --hash=sha256:25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd
nvidia-nccl-cu13==2.28.9 --hash=sha256:e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42
nvidia-nvjitlink==13.0.88 --hash=sha256:13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b
nvidia-nvshmem-cu13==3.4.5 --hash=sha256:290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80
nvidia-nvtx==13.0.85 --hash=sha256:4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4
LIST
}

# The first Python that has pip: a self-built python3 in front of the system's may lack it.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            echo "$python" && return
        fi
    done
    echo "fetch-libtorch: no python3 with pip was found; install the package python3-pip." >&2
    return 1
}

download() {
    # Every platform by name, since pip takes none as a part of another.
    local platforms=() tag
    for tag in _2_28 _2_27 _2_25 _2_18 _2_17 _2_12 2014 2010 1; do
        platforms+=(--platform "manylinux${tag}_x86_64")
    done
    requirements >"$work/requirements.txt"
    # Without --no-deps pip would fetch 2 GB more for the CPU, too.
    TMPDIR=$work "$1" -m pip download --quiet --disable-pip-version-check --no-cache-dir \
        --no-deps --require-hashes --only-binary=:all: \
        --python-version 3.11 --implementation cp --abi cp311 "${platforms[@]}" \
        --dest "$work/wheels" --requirement "$work/requirements.txt" >&2
}

# torch/ and nvidia/ stay side by side: LibTorch finds NVIDIA's libraries by relative run paths.
unpack() {
    "$1" - "$work/wheels" "$work/tree" "$flavour" <<'PYTHON'
import pathlib, sys, zipfile

wheels, tree, flavour = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
keep = ("torch/include/", "torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp",
        "nvidia/cu13/lib/libcudart.so", "nvidia/cu13/lib/libcupti.so")
if flavour != "cpu":
    keep = ("torch/include/", "torch/lib/lib", "nvidia/")


def wanted(name):
    if ".dist-info/" in name:
        return "licen" in name.lower() or name.endswith("METADATA")
    skipped = "libtorch_python" in name or name.endswith((".a", ".py"))
    return name.startswith(keep) and not skipped


for wheel in sorted(wheels.glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree, [n for n in archive.namelist() if wanted(n)])
    wheel.unlink()
PYTHON
    # With this file torch-sys checks that it is given the LibTorch it was written for.
    echo -n "$version" >"$work/tree/torch/build-version"
    # libtorch.so only binds the others together and asks for libtorch_cuda.so; GNU ld would make
    # the plugin depend on it. Nothing needs more of it than its name.
    echo | "${CC_PLAIN:-cc}" -shared -x c - -Wl,-soname,libtorch.so -o "$work/tree/torch/lib/libtorch.so"
}

# A tree that cannot be loaded never gets its final name.
verify() {
    local library=libtorch_cpu.so
    [ "$flavour" = cpu ] || library=libtorch_cuda.so
    "$1" - "$work/tree/torch/lib/$library" <<'PYTHON'
import ctypes, sys

ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
PYTHON
}

if [ ! -e "$dest/torch/build-version" ]; then
    if [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
        echo "fetch-libtorch: LibTorch is fetched for Linux on x86-64 only; set LIBTORCH to the folder of a LibTorch $version." >&2
        exit 1
    fi
    mkdir -p "$cache"
    exec 8>"$cache/.fetch-$flavour.lock"
    flock 8
fi
if [ ! -e "$dest/torch/build-version" ]; then # still: another run may have fetched it meanwhile
    python=$(find_python)
    rm -rf "$work" "$dest"
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/wheels" "$work/tree"
    download "$python"
    unpack "$python"
    verify "$python"
    mv "$work/tree" "$dest"
fi
echo "$dest"
