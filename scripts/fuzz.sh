#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Fuzzes what reads files and pictures of unknown origin, on stable Rust.
#   scripts/fuzz.sh [SECONDS [TARGET...]]      each target SECONDS (60); all targets, or some
# As many targets run at a time as there are processors. A crash, a hang of 30 s or an allocation of
# more than 64 MB ends the script with an error; its input is kept in fuzz/regressions/TARGET.
# RIRNDEBLUR_FUZZ_TARGET is an own target folder instead of one in the cache.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
    -h | --help) sed -n '4,8s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *[!0-9]*) echo "fuzz.sh: \"$1\" is no number of seconds, see scripts/fuzz.sh --help." >&2 && exit 2 ;;
esac
seconds=${1:-60}
targets=("${@:2}")
[ "${#targets[@]}" -gt 0 ] || for file in fuzz/targets/*.rs; do
    targets+=("$(basename "$file" .rs)")
done

# shellcheck source=scripts/setup.sh
. scripts/setup.sh
# A folder of its own: the flags differ from all other builds.
unset CARGO_TARGET_DIR
[ -z "${RIRNDEBLUR_FUZZ_TARGET:-}" ] || export CARGO_TARGET_DIR=$RIRNDEBLUR_FUZZ_TARGET
target_name=fuzz
setup cpu
triple=x86_64-unknown-linux-gnu
corpus=$CARGO_TARGET_DIR/corpus
data=crates/rirn-lab/tests/data

build() {
    # What cargo-fuzz sets, less the sanitizers, which need nightly Rust. With --target build
    # scripts are compiled without it.
    RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
        cargo build --release --locked --target "$triple" --manifest-path fuzz/Cargo.toml
}

# A seed of the header: how much data follow, then the text.
header_seed() {
    local length
    length=$(od -An -tu8 -N8 "$1" | tr -d ' ')
    # Headers of up to five digits; what is longer, or no file at all, is no seed.
    case "${#length}" in 1 | 2 | 3 | 4 | 5) ;; *) return 0 ;; esac
    printf '\0\0' >"$2"
    # The prefix first: a reader that stops early would end the script by a broken pipe.
    head -c "$((length + 8))" "$1" | tail -c +9 >>"$2"
}

seeds() {
    local folder=$corpus/$1 file
    mkdir -p "$folder" "fuzz/regressions/$1"
    case "$1" in
        weights_file) cp tests/data/refused/*.safetensors "$folder" ;;
        weights_header)
            for file in tests/data/{refused,golden}/*.safetensors; do
                header_seed "$file" "$folder/$(basename "$file")"
            done
            ;;
        checkpoint) cp "$data"/*.pt "$data"/*.pth "$data"/kinds.safetensors "$data"/refused/* "$folder" ;;
        spec)
            echo ifi-irm-atb >"$folder/name"
            printf 'ifi\n8\n2\nirm\natb\ntrue\nfalse\n' >"$folder/metadata"
            ;;
    esac
}

fuzz() {
    local options=(-max_total_time="$seconds" -timeout=30 -malloc_limit_mb=64 -rss_limit_mb=1024
        -print_final_stats=1 -artifact_prefix="fuzz/regressions/$1/")
    [ ! -e "fuzz/dictionaries/$1.dict" ] || options+=(-dict="fuzz/dictionaries/$1.dict")
    case "$1" in weights_* | checkpoint) options+=(-max_len=131072) ;; esac
    "$CARGO_TARGET_DIR/$triple/release/$1" "${options[@]}" "$corpus/$1" "fuzz/regressions/$1"
}

# One line a target, as it ends. A target that fails is put on the list.
run_target() {
    local log=$cache/log/fuzz-$1.log start=$SECONDS inputs
    if fuzz "$1" >"$log" 2>&1; then
        inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        say "fuzz $1: $inputs inputs in $((SECONDS - start)) s"
    else
        echo "$1" >>"$failed"
        say "fuzz $1: FAILED; the end of $log, the input is in fuzz/regressions/$1:"
        tail -n 20 "$log"
    fi
}

run_all() {
    local target failed=$CARGO_TARGET_DIR/failed
    : >"$failed"
    for target in "${targets[@]}"; do
        seeds "$target"
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
            wait -n || true
        done
        run_target "$target" &
    done
    wait
    [ ! -s "$failed" ]
}

step shown "build" "the compiler's first error is above" build
step shown "fuzz ${#targets[@]} targets for $seconds s each" "see the lines above" run_all
say "no target crashed"
