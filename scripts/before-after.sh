#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Makes docs/before-after.png from the demo clip: one frame, left as it was, right deblurred.
#   scripts/before-after.sh [PICTURE]      after ./deblur.sh, which builds the element
#   GST_PLUGIN_PATH=FOLDER                 take the element from there instead of out/plugin
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."
picture=docs/before-after.png
case "${1:-}" in
    '') ;;
    -h | --help) sed -n '4,6s/^# \{0,1\}//p' "$0" && exit 0 ;;
    /*) picture=$1 ;;
    *) picture=$called_from/$1 ;;
esac
export GST_PLUGIN_PATH=${GST_PLUGIN_PATH:-out/plugin}

# A frame of the first second on which much is gained; those before it are its past.
frame=012
# The part of it with writing and faces, and the line between the halves.
left=300 top=0 width=640 height=360
split=0.645

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The whole clip, since a decoder that is cut short hands out broken frames; float32, so that
# every machine makes the same picture.
gst-launch-1.0 --quiet filesrc location=examples/blurred.mp4 ! decodebin ! \
    videoconvert ! video/x-raw,format=RGB ! \
    rirndeblur precision=float32 split-view=vertical split-position="$split" ! \
    videocrop left="$left" top="$top" right=$((960 - left - width)) bottom=$((540 - top - height)) ! \
    pngenc ! multifilesink location="$work/%03d.png"
if [ ! -s "$work/$frame.png" ]; then
    echo "before-after: frame $frame did not come out; run ./deblur.sh first." >&2
    exit 1
fi
cp "$work/$frame.png" "$picture"
echo "$picture"
