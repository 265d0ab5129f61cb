#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Packs what a machine with a GPU needs that has neither Rust nor GStreamer, see README.md here:
#   scripts/gpu/pack.sh            the element, into target-gpu/
#   scripts/gpu/pack.sh train      the trainer and its recipes, into target-gpu-train/
# Everything is built for the CPU's LibTorch; the same files use CUDA where LibTorch has it.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/../setup.sh"
cd "$root"
case "${1:-}" in
    '' | train) ;;
    -h | --help) sed -n '4,7s/^# \{0,1\}//p' scripts/gpu/pack.sh && exit 0 ;;
    *) fail "\"$1\" is not known, there is only \"train\"." ;;
esac
setup cpu

bundle=$root/target-gpu
plugins=(coreelements videotestsrc rawparse videoconvertscale videoconvert videoscale app)
# The machine's own and newer ones serve.
system_libraries='/(ld-linux[^/]*|lib(c|m|dl|pthread|rt|util|stdc\+\+|gcc_s))\.so'

build() {
    cargo build --release --locked --lib --example deblur
    cargo bench --locked --bench speed --no-run --message-format=json >"$cache/log/gpu-bench.json"
    cargo build --release --locked --example peer
    # Test programs without their debug lines are small; --release would build LibTorch's binding
    # twice on a machine that has just run test.sh.
    cargo test --workspace --locked --no-run --message-format=json >"$cache/log/gpu-tests.json"
}

copy_built() {
    rm -rf "$bundle"
    mkdir -p "$bundle"/{plug,tests,bench,bin,gst/bin,gst/lib,gst/plugins}
    strip -o "$bundle/plug/libgstrirndeblur.so" "$CARGO_TARGET_DIR/release/libgstrirndeblur.so"
    strip -o "$bundle/bin/deblur" "$CARGO_TARGET_DIR/release/examples/deblur"
    local program name
    # Those that check.sh runs.
    grep '"test":true' "$cache/log/gpu-tests.json" |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | sort -u |
        while read -r program; do
            name=$(basename "$program")
            case "${name%-*}" in
                golden | cuda | plugin | rirn | rirn_lab) strip -o "$bundle/tests/${name%-*}" "$program" ;;
            esac
        done
    program=$(sed -n 's/.*"executable":"\([^"]*speed[^"]*\)".*/\1/p' "$cache/log/gpu-bench.json")
    strip -o "$bundle/bench/speed" "$program"
    strip -o "$bundle/bin/peer" "$CARGO_TARGET_DIR/release/examples/peer"
    install -D -m 644 -t "$bundle/tests/peers" tests/peers/*.py tests/peers/README.md
    cp scripts/gpu/{check.sh,compare.py} "$bundle/"
}

# 24 frames of the demo clip, uncompressed but for xz: the decoder stays here.
copy_clip() {
    local frame=$((640 * 360 * 3 / 2))
    gst-launch-1.0 --quiet filesrc location=examples/blurred.mp4 ! decodebin ! videoconvert ! videoscale ! \
        video/x-raw,format=I420,width=640,height=360 ! filesink location="$bundle/real.i420"
    truncate -s $((24 * frame)) "$bundle/real.i420"
    xz -f "$bundle/real.i420"
}

copy_gstreamer() {
    local folder scanner name program
    folder=$(pkg-config --variable=pluginsdir gstreamer-1.0)
    for name in "${plugins[@]}"; do
        # videoconvert and videoscale are one plugin since 1.22.
        [ ! -e "$folder/libgst$name.so" ] || cp -L "$folder/libgst$name.so" "$bundle/gst/plugins/"
    done
    scanner=$(pkg-config --variable=pluginscannerdir gstreamer-1.0 2>/dev/null || true)
    [ -x "$scanner/gst-plugin-scanner" ] || scanner=$(find "$(dirname "$folder")" -name gst-plugin-scanner \
        -printf '%h\n' -quit)
    cp -L "$scanner/gst-plugin-scanner" "$bundle/gst/bin/"
    for name in gst-launch-1.0 gst-inspect-1.0; do
        program=$(command -v "$name")
        cp -L "$program" "$bundle/gst/bin/"
    done
}

# Every library the copied files ask for, but for LibTorch's and the system's.
copy_libraries() {
    local library
    find "$bundle" -type f \( -perm -u+x -o -name '*.so' \) -not -name '*.sh' -exec ldd {} + |
        sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
        grep -vE "$system_libraries" | grep -vF "${LIBTORCH:-$cache}" | grep -v '/nvidia/' |
        while read -r library; do
            cp -L "$library" "$bundle/gst/lib/"
        done
}

build_trainer() {
    cargo build --release --locked -p rirn-lab --example train --example evaluate
}

copy_trainer() {
    bundle=$root/target-gpu-train
    rm -rf "$bundle"
    mkdir -p "$bundle"/{bin,recipes}
    local name
    for name in train evaluate; do
        strip -o "$bundle/bin/$name" "$CARGO_TARGET_DIR/release/examples/$name"
    done
    cp recipes/*.toml "$bundle/recipes/"
    cp scripts/gpu/train.sh "$bundle/"
}

if [ "${1:-}" = train ]; then
    step shown "build" "the compiler's first error is above" build_trainer
    step quiet "copy the trainer" "see the log" copy_trainer
    say "in $root/target-gpu-train; there: data in data/, then ./train.sh OUT"
    exit 0
fi

step shown "build" "the compiler's first error is above" build
step quiet "copy what was built" "see the log" copy_built
step quiet "copy the clip" "see the log" copy_clip
step quiet "copy gstreamer" "see the log" copy_gstreamer
step quiet "copy libraries" "see the log" copy_libraries
say "$(du -sh "$bundle" | cut -f 1) in $bundle; there: ./check.sh"
