#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Looks for wrong memory accesses and leaks of the element with networks that are no networks.
#   scripts/valgrind.sh [TEST...]       tests of tests/plugin by name; a choice of them by default
# Needs valgrind. Takes minutes; no part of test.sh. Undefined values are not looked for: LibTorch's
# vector code is full of them that are never used.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind.sh: valgrind is not installed." >&2 && exit 1; }
# shellcheck source=scripts/setup.sh
. scripts/setup.sh
setup cpu

tests=("$@")
[ "$#" -gt 0 ] || tests=(
    formats::a_network_that_changes_nothing
    memory::a_frame_too_large
    memory::where_no_tile_fits
    memory::half_precision
    cuts::
    messages::resets
    qos::late_frames
    look_ahead_line::
    untouched::
    metadata::
)
binary=$(cargo test --locked --test plugin --no-run --message-format=json -q |
    sed -n 's/.*"name":"plugin".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
export OMP_NUM_THREADS=1 G_SLICE=always-malloc
valgrind --error-exitcode=9 --undef-value-errors=no --leak-check=full \
    --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=30 \
    --suppressions=tests/valgrind.supp "$binary" --test-threads=1 "${tests[@]}"
