#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The checks and tests, in the order of the build server; gets ready what it needs first.
#   ./test.sh           the checks and all tests that need no GPU
#   ./test.sh --fuzz    also fuzzes each target for a minute, as the build server does
#   ./test.sh --cuda    LibTorch with CUDA, and also the tests that need an NVIDIA GPU
# The variables scripts/setup.sh names in its head work here, too.
set -euo pipefail
cd "$(dirname "$0")"

flavour=cpu
fuzz=no
for argument; do
    case "$argument" in
        --fuzz) fuzz=yes ;;
        --cuda) flavour=cu130 ;;
        -h | --help) sed -n '4,8s/^# \{0,1\}//p' "$0" && exit 0 ;;
        *) echo "test.sh: \"$argument\" is not known, see ./test.sh --help." >&2 && exit 2 ;;
    esac
done

# shellcheck source=scripts/setup.sh
. scripts/setup.sh
begin=$SECONDS
# Training reads and writes videos with ffmpeg; the report page is tested in a browser, which
# Ubuntu's apt does not have.
packages+=(ffmpeg)
if ! command -v chromium chromium-browser google-chrome >/dev/null; then
    # shellcheck source=/dev/null
    if [ "$(. /etc/os-release 2>/dev/null && echo "$ID")" = debian ]; then
        packages+=(chromium)
    else
        export RIRNDEBLUR_BROWSER=${RIRNDEBLUR_BROWSER:-no}
        say "no browser: the report page is not tested in one"
    fi
fi
setup "$flavour"
[ ! -t 1 ] || export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-always}
export CARGO_TERM_PROGRESS_WHEN=${CARGO_TERM_PROGRESS_WHEN:-never}

# Files git knows, or everything but build output where there is no git.
tracked_files() {
    git ls-files -z 2>/dev/null ||
        find . -type f -not -path './target/*' -not -path './.git/*' -not -path './out/*' -print0
}

scripts_are_sound() {
    local file files=()
    while IFS= read -r -d '' file; do
        case "$file" in *.sh | .ci/run) files+=("$file") ;; esac
    done < <(tracked_files)
    for file in "${files[@]}"; do
        bash -n "$file"
    done
    if command -v shellcheck >/dev/null; then
        shellcheck --external-sources "${files[@]}"
    else
        say "shellcheck is not installed: only the syntax was looked at"
    fi
}

files_are_in_order() {
    local file size whole=0 bad=0 texts=()
    while IFS= read -r -d '' file; do
        if [ ! -f "$file" ] || [ -L "$file" ]; then
            continue
        fi
        size=$(stat -c %s "$file")
        whole=$((whole + size))
        if [ "$size" -gt 5000000 ]; then
            echo "$file has $size bytes, more than 5 MB" && bad=1
        fi
        texts+=("$file")
    done < <(tracked_files)
    if [ "$whole" -gt 40000000 ]; then
        echo "all files together have $whole bytes, more than 40 MB" && bad=1
    fi
    # Home and work folders of one machine; -I leaves binary files out.
    if grep -nIE '(^|[^A-Za-z0-9_.$})~-])/(root|work|home/[A-Za-z0-9_.-]+)/' "${texts[@]}"; then
        echo "these lines name a folder of one machine" && bad=1
    fi
    return "$bad"
}

# The plugin's normal dependencies: no command line, pictures, charts, training.
plugin_is_thin() {
    local tree
    tree=$(cargo tree --locked -p gst-plugin-rirndeblur -e normal --prefix none --format '{p}')
    grep -q '^tch v' <<<"$tree"
    if grep -E '^(clap|image|rayon|toml|rirn-lab|plotters|minijinja) v' <<<"$tree"; then
        echo "the plugin must not depend on these"
        return 1
    fi
    echo "$(sort -u <<<"$tree" | wc -l) packages"
}

# GNU ld would keep these, and on the CPU's LibTorch the plugin could not be loaded. The file is
# what the plugin's tests were linked with; a build of its own would compile much once more.
plugin_loads_only_its_own() {
    local needed
    needed=$(readelf --dynamic "$CARGO_TARGET_DIR/debug/deps/libgstrirndeblur.so" | grep NEEDED)
    if grep -E '\[libtorch(_cuda)?\.so' <<<"$needed"; then
        echo "the plugin must not ask for these"
        return 1
    fi
}

step shown "format" "run cargo fmt --all" cargo fmt --all --check
step shown "scripts" "mend what is listed above" scripts_are_sound
step shown "files" "mend what is listed above" files_are_in_order
step shown "clippy" "mend what is listed above" \
    cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" step shown "documentation" "mend what is listed above" \
    cargo doc --no-deps --workspace --locked
step shown "thin plugin" "move the dependency to another package" plugin_is_thin
if command -v cargo-deny >/dev/null; then
    step shown "licences" "see deny.toml" cargo deny --offline check bans licenses sources
else
    say "cargo-deny is not installed: licences are not checked"
fi
step shown "tests" "the first failing test is above" cargo test --workspace --locked
# Pixels by tensor operations and the way of what is recorded, as on a GPU.
RIRNDEBLUR_DEVICE_PIXELS=on RIRNDEBLUR_CUDA_GRAPHS=on step shown "tests of pixels on a device" "the first failing test is above" \
    cargo test --locked --test plugin -- formats:: colours:: layout:: memory:: state:: look_ahead faults:: properties::
step shown "libraries" "see the replaced libtorch.so in scripts/fetch-libtorch.sh" \
    plugin_loads_only_its_own
if [ "$flavour" != cpu ]; then
    RIRN_TEST_DEVICE=cuda step shown "tests on cuda" \
        "the first failing test is above; nvidia-smi shows the GPU" \
        cargo test --workspace --locked -- --ignored --test-threads=1 cuda
fi
if [ "$fuzz" = yes ]; then
    step shown "fuzz" "the target that failed is named above" scripts/fuzz.sh 60
fi

say "all passed in $((SECONDS - begin)) s:"
for line in "${steps[@]}"; do
    printf '%6d s  %s\n' "${line%% *}" "${line#* }"
done
