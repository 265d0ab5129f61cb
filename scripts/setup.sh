#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Gets ready what a build needs: system packages, Rust's version, LibTorch, compiler cache.
#   scripts/setup.sh [--cuda]   only that; then plain cargo works in this checkout
# test.sh and deblur.sh source this file and call setup. Nothing is done twice.
#
# Environment
#   LIBTORCH, LIBTORCH_LIB, LIBTORCH_INCLUDE, LIBTORCH_USE_PYTORCH=1   an own LibTorch 2.11.0
#   RIRNDEBLUR_CACHE      where LibTorch and build files are kept (~/.cache/rirndeblur)
#   RIRNDEBLUR_APT=no     install no system packages
#   CARGO_TARGET_DIR      an own target folder
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${RIRNDEBLUR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rirndeblur}
rust_wanted=1.92
libtorch_version=2.11.0

packages=(
    g++ pkg-config binutils ccache ca-certificates
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev gstreamer1.0-tools
    gstreamer1.0-plugins-base gstreamer1.0-plugins-base-apps gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
)

step_name=start
steps=()     # "seconds name" of each step that is done
told=no      # whether the reason of a failure was said already
target_name=target # of the target folder in the cache

say() { echo "rirndeblur: $*"; }

fail() {
    told=yes
    echo "rirndeblur: $*" >&2
    exit 1
}

# Whatever ends a script is said in one sentence, also what no step foresaw.
on_exit() {
    local status=$?
    if [ "$status" -ne 0 ] && [ "$told" = no ]; then
        echo "rirndeblur: stopped in the step \"$step_name\" with status $status." >&2
    fi
}
trap on_exit EXIT

# step MODE NAME HINT COMMAND...: MODE is "shown" or "quiet" (output only in the log).
step() {
    local mode=$1 hint=$3 start=$SECONDS before=$step_name status log
    step_name=$2
    shift 3
    mkdir -p "$cache/log"
    log=$cache/log/$(tr -cs 'a-z0-9\n' '-' <<<"$step_name").log
    say "$step_name ..."
    # Neither "if" nor "||": they would switch off "set -e" inside the command.
    set +e
    if [ "$mode" = shown ]; then
        (set -e && "$@") 2>&1 | tee "$log"
        status=${PIPESTATUS[0]}
    else
        (set -e && "$@") >"$log" 2>&1
        status=$?
    fi
    set -e
    steps+=("$((SECONDS - start)) $step_name")
    [ "$status" -eq 0 ] || fail "the step \"$step_name\" failed: $hint; its output is in $log."
    step_name=$before
}

apt_get() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=600 --quiet "$@"
}

install_packages() {
    apt_get update
    apt_get install --yes --no-install-recommends "$@"
}

system_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null ||
        [ "${RIRNDEBLUR_APT:-}" = no ]; then
        other_system
        return
    fi
    # pip is only the way to LibTorch.
    [ "$needs_libtorch" = no ] || packages+=(python3-pip)
    local present missing
    present=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null |
        sed -n 's/^ii *//p') || true
    missing=$(printf '%s\n' "${packages[@]}" | grep -vxF -e "$present" || true)
    [ -n "$missing" ] || return 0
    local names=() command
    mapfile -t names <<<"$missing"
    command="apt-get install --no-install-recommends ${names[*]}"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        fail "system packages are missing and only root may install them; run as root: $command"
    fi
    step quiet "install ${#names[@]} system packages" "try as root: $command" \
        install_packages "${names[@]}"
}

other_system() {
    local module
    for module in gstreamer-1.0 gstreamer-base-1.0 gstreamer-video-1.0 gstreamer-check-1.0; do
        pkg-config --exists "$module >= 1.20" 2>/dev/null ||
            fail "pkg-config does not find $module 1.20 or newer; install a C++ compiler," \
                "pkg-config and GStreamer with its development files and its base, good, bad," \
                "ugly and libav plugins."
    done
}

# The version of the first cargo on the path.
cargo_version() { (cd "$root" && cargo --version 2>/dev/null | cut -d ' ' -f 2); }

is_new_enough() {
    [ "$(printf '%s\n' "$rust_wanted" "$1" | sort -V | head -n 1)" = "$rust_wanted" ]
}

rust() {
    local own=${CARGO_HOME:-$HOME/.cargo}/bin found
    # A distribution's older cargo may stand before rustup's on the path.
    if [ -x "$own/cargo" ] && ! is_new_enough "$(cargo_version || true)"; then
        PATH=$own:$PATH
    fi
    command -v cargo >/dev/null ||
        fail "Rust is missing; install $rust_wanted or newer with rustup (see the site rustup.rs)."
    found=$(cargo_version) || fail "cargo is there but does not run; see: cargo --version"
    is_new_enough "$found" ||
        fail "Rust $found ($(command -v cargo)) is too old, $rust_wanted is needed; with rustup run:" \
            "rustup update stable"
}

# Sets needs_libtorch and libtorch, the folder in the cache.
choose_libtorch() {
    libtorch=$cache/libtorch-$libtorch_version-$flavour
    needs_libtorch=no
    case "${LIBTORCH:-}" in "$cache"/*) unset LIBTORCH ;; esac # of an earlier set-up
    if [ -n "${LIBTORCH:-}${LIBTORCH_LIB:-}${LIBTORCH_INCLUDE:-}" ] ||
        [ "${LIBTORCH_USE_PYTORCH:-}" = 1 ]; then
        libtorch=
    elif [ ! -e "$libtorch/torch/build-version" ]; then
        needs_libtorch=yes
    fi
}

libtorch() {
    [ -n "$libtorch" ] || return 0
    if [ "$needs_libtorch" = yes ]; then
        local size="544 MB" option=()
        [ "$flavour" = cpu ] || { size="2.5 GB" && option=(--cuda); }
        step quiet "fetch libtorch $libtorch_version ($flavour, $size)" \
            "check the network and the space in $cache, or set LIBTORCH to an own one" \
            "$root/scripts/fetch-libtorch.sh" "${option[@]}"
    fi
    # The same path for every checkout, so that the binding to it is compiled once.
    export LIBTORCH=$libtorch/torch
    # The link serves plain cargo (.cargo/config.toml). A folder somebody put there stays.
    if [ -L "$root/.libtorch" ] || [ ! -e "$root/.libtorch" ]; then
        [ "$(readlink "$root/.libtorch" || true)" = "$libtorch" ] ||
            ln -sfn "$libtorch" "$root/.libtorch"
    fi
}

compiler_cache() {
    command -v ccache >/dev/null || return 0
    export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}
    export CC=${CC:-ccache gcc} CXX=${CXX:-ccache g++}
}

# One target folder for all checkouts, held by one run at a time. Cargo tells workspace members
# of two checkouts apart neither by name nor by fingerprint: what another one built goes first.
claim_target() {
    [ -z "${CARGO_TARGET_DIR:-}" ] || return 0
    export CARGO_TARGET_DIR=$cache/$target_name
    [ "$flavour" = cpu ] || CARGO_TARGET_DIR+=-$flavour
    mkdir -p "$CARGO_TARGET_DIR"
    exec 9>"$CARGO_TARGET_DIR/.held"
    if ! flock --nonblock 9; then
        say "waiting for another run that builds in $CARGO_TARGET_DIR ..."
        flock 9
    fi
    local mark=$CARGO_TARGET_DIR/.checkout checkout
    checkout=$(stat -c '%n %i' "$root")
    [ "$(cat "$mark" 2>/dev/null)" != "$checkout" ] || return 0
    if [ -e "$mark" ]; then
        (cd "$root" && cargo clean --quiet --workspace) 2>/dev/null ||
            rm -rf "$CARGO_TARGET_DIR"/{debug,release}
    fi
    echo "$checkout" >"$mark"
}

# Lets other runs build, once this one only runs what it has copied.
release_target() { exec 9>&-; }

# setup cpu|cu130
setup() {
    flavour=$1
    step_name=set-up
    mkdir -p "$cache"
    choose_libtorch
    system_packages
    rust
    libtorch
    compiler_cache
    claim_target
    step_name=ready
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case "${1:-}" in
        '') setup cpu ;;
        --cuda) setup cu130 ;;
        -h | --help) sed -n '4,12s/^# \{0,1\}//p' "$0" && exit 0 ;;
        *) fail "\"$1\" is not known; the only option is --cuda." ;;
    esac
    say "ready; LibTorch is ${LIBTORCH:-the one of the environment}"
fi
