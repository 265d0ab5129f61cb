#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds the element, installs what that needs, and deblurs a video with it.
#   ./deblur.sh                               examples/blurred.mp4 to out/deblurred.mp4
#   ./deblur.sh INPUT [OUTPUT] [OPTIONS]      OUTPUT: .mp4, .m4v, .mov, .mkv;
#                                             if not given, out/NAME-deblurred.mp4
#   ./deblur.sh --install                     put the element where GStreamer finds it
#   --cuda, --cpu                             build with LibTorch for NVIDIA GPUs (2.5 GB), or
#                                             without; if not given, as the last time
# A picture of the middle frame, before and after, is put into out/.
# Options go to the program: ./deblur.sh --help lists them once it is built.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")"

flavour=cpu
[ "$(cat out/.flavour 2>/dev/null)" != cu130 ] || flavour=cu130
install=no
help=no
files=()
options=()
while [ $# -gt 0 ]; do
    case "$1" in
        --cuda) flavour=cu130 ;;
        --cpu) flavour=cpu ;;
        --install) install=yes ;;
        -h | --help) help=yes ;;
        --*=*) options+=("$1") ;;
        --*)
            if [ $# -lt 2 ]; then
                echo "deblur.sh: the option $1 needs a value, see ./deblur.sh --help." >&2 && exit 2
            fi
            options+=("$1" "$2") && shift
            ;;
        *) files+=("$1") ;;
    esac
    shift
done
if [ "$help" = yes ]; then
    sed -n '4,12s/^# \{0,1\}//p' "$0"
    if [ -x out/bin/deblur ]; then
        echo && out/bin/deblur --help
    fi
    exit 0
fi
if [ "${#files[@]}" -gt 2 ]; then
    echo "deblur.sh: one INPUT and one OUTPUT at most, see ./deblur.sh --help." >&2 && exit 2
fi

# shellcheck source=scripts/setup.sh
. scripts/setup.sh
setup "$flavour"

build() {
    # Cargo's own lines show how far it is.
    cargo build --release --locked --lib --example deblur
}

# Copies, so that another build cannot change what is running.
take_over() {
    mkdir -p "$root/out/bin" "$root/out/plugin"
    cp "$CARGO_TARGET_DIR/release/examples/deblur" "$root/out/bin/.deblur.new"
    mv "$root/out/bin/.deblur.new" "$root/out/bin/deblur"
    # Without the tables for debuggers it is a few megabytes instead of seventy.
    strip --strip-debug -o "$root/out/plugin/.new" "$CARGO_TARGET_DIR/release/libgstrirndeblur.so"
    mv "$root/out/plugin/.new" "$root/out/plugin/libgstrirndeblur.so"
    echo "$flavour" >"$root/out/.flavour"
}

# A new file beside the old one and then its name: a player may have the old one loaded.
install_plugin() {
    local folder=${XDG_DATA_HOME:-$HOME/.local/share}/gstreamer-1.0/plugins
    mkdir -p "$folder"
    cp "$root/out/plugin/libgstrirndeblur.so" "$folder/.rirndeblur.new"
    mv "$folder/.rirndeblur.new" "$folder/libgstrirndeblur.so"
    # After the move: GStreamer looks at a file again only if its time or size has changed.
    touch "$folder/libgstrirndeblur.so"
    env -u GST_PLUGIN_PATH gst-inspect-1.0 rirndeblur
}

step shown "build" "the compiler's first error is above" build
take_over
release_target

if [ "$install" = yes ]; then
    step quiet "install" "see GST_DEBUG=3 gst-inspect-1.0 rirndeblur" install_plugin
    say "GStreamer now finds rirndeblur; it lies in" \
        "${XDG_DATA_HOME:-$HOME/.local/share}/gstreamer-1.0/plugins"
    [ "${#files[@]}" -gt 0 ] || exit 0
fi

mkdir -p out
if [ "${#files[@]}" -eq 0 ]; then
    input=$root/examples/blurred.mp4
    output=$root/out/deblurred.mp4
    picture=$root/out/side-by-side.png
else
    input=${files[0]}
    name=$(basename "$input")
    output=$root/out/${name%.*}-deblurred.mp4
    picture=$root/out/${name%.*}-side-by-side.png
    [ "${#files[@]}" -lt 2 ] || output=${files[1]}
fi
case " ${options[*]-}" in
    *" --picture"*) ;;
    *) options+=(--picture "$picture") ;;
esac

step_name=deblur
say "deblur $input ..."
# The program says itself why it fails; its status is this script's. File names among its
# arguments are meant from where the user called.
told=yes
(cd "$called_from" && "$root/out/bin/deblur" "$input" "$output" "${options[@]}")
[ "$install" = yes ] ||
    say "in other pipelines: GST_PLUGIN_PATH=$(printf %q "$root/out/plugin") gst-launch-1.0 ..."
