#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the recipes of docs/APPLICATIONS.md as they are printed there and counts the frames.
#   scripts/applications.sh [NAME...]      all recipes, or some; after ./deblur.sh
#   GST_PLUGIN_PATH=FOLDER                 take the element from there instead of out/plugin
# What a machine without screen and camera lacks is replaced: windows, the camera, the port.
# A recipe whose packages are not installed is skipped, and the reason is said.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
case "${1:-}" in
    -h | --help) sed -n '4,8s/^# \{0,1\}//p' "$0" && exit 0 ;;
esac

GST_PLUGIN_PATH=$(cd "${GST_PLUGIN_PATH:-out/plugin}" && pwd)
export GST_PLUGIN_PATH PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
server=
# shellcheck disable=SC2317  # called by the trap
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
export XDG_DATA_HOME=$work/data GST_REGISTRY=$work/registry.bin
mkdir -p "$work/out" "$work/bin"
ln -s "$root/examples" "$work/examples"

# recipe | elements and Python modules it needs | fewest frames of the 20 that the clip has
recipes='
appsrc    | python:Gst:1.0 python:GstApp:1.0                           | 25
c         | program:cc                                                 | 20
player    | python:Gst:1.0 playbin3                                    | 20
playbin   | playbin3                                                   | -
editor    | program:ges-launch-1.0 vp8enc webmmux                      | 20
transcode | uritranscodebin vp8enc webmmux                             | 20
rtsp      | python:GstRtspServer:1.0 rtspsrc x264enc h264parse         | 10
webrtc    | python:GstWebRTC:1.0 webrtcbin nicesrc dtlsdec srtpenc vp8enc | 10
camera    | python:GstPbutils:1.0 camerabin wrappercamerabinsrc vp8enc | 20
cheese    | python:Cheese:3.0 vp8enc                                   | 10
'

# The first Python that sees the system's packages; another one may come first on PATH.
choose_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import gi' 2>/dev/null; then
            ln -s "$(command -v "$python")" "$work/bin/python3"
            PATH=$work/bin:$PATH
            return
        fi
    done
}

# Says what of a recipe's needs is not installed.
missing() {
    local need parts
    for need in $1; do
        IFS=: read -ra parts <<<"$need"
        case "$need" in
            python:*) python3 -c "import gi; gi.require_version('${parts[1]}', '${parts[2]}')" \
                2>/dev/null || echo "Python's gi with ${parts[1]} ${parts[2]}" ;;
            program:*) command -v "${parts[1]}" >/dev/null || echo "program ${parts[1]}" ;;
            *) gst-inspect-1.0 "$need" >/dev/null 2>&1 || echo "element $need" ;;
        esac
    done
}

# shellcheck disable=SC2016  # $VIDEO is what is printed
# The command of a recipe, as a test machine can run it.
command_of() {
    awk -v mark="<!-- run: $1 -->" '
        $0 == mark { found = 1; next }
        found && /^```sh$/ { shown = 1; next }
        shown && /^```$/ { exit }
        shown { print }
    ' "$root/docs/APPLICATIONS.md" | sed \
        -e 's/player.py "$VIDEO"/& --no-window/' -e 's/camera.py [^ ]*/& --test-picture/' \
        -e 's/autovideosink/"fakesink sync=false"/' -e 's/ 8554$/ 0/' -e "s/:8554/:${port:-8554}/"
}

# Runs a recipe in the work folder; its output is in the log.
run() {
    local command
    command=$(command_of "$1")
    if [ -z "$command" ]; then
        echo "docs/APPLICATIONS.md has no recipe $1" >"$work/log"
        return 1
    fi
    (cd "$work" && timeout 240 bash -euc "$command") >"$work/log" 2>&1
}

# Ready when the server has said its address.
start_server() {
    mkfifo "$work/address"
    (cd "$work" && exec timeout 240 bash -euc "exec $(command_of rtsp-server)") >"$work/address" &
    server=$!
    local address
    read -r address <"$work/address" || return 1
    port=$(sed 's/.*:\([0-9]*\)\/.*/\1/' <<<"$address")
}

# Cheese's library lists the effect; then the pipeline that Cheese makes of it.
check_cheese() {
    local effect
    effect=$(python3 - <<'PYTHON'
import gi
gi.require_version("Cheese", "3.0")
gi.require_version("Gst", "1.0")
from gi.repository import Cheese, Gst
Gst.init(None)
print(*(effect.get_pipeline_desc() for effect in Cheese.Effect.load_effects()
        if effect.get_name() == "Deblur"))
PYTHON
    )
    [ -n "$effect" ] || return 1
    # shellcheck disable=SC2086  # words of a pipeline
    timeout 240 gst-launch-1.0 --quiet videotestsrc num-buffers=10 ! video/x-raw,width=160,height=120 ! \
        videoconvert ! $effect ! videoconvert ! vp8enc deadline=1 ! matroskamux ! \
        filesink location="$work/out/cheese.mkv"
}

# Frames in what a recipe wrote, or what it says itself.
count() {
    local file
    for file in "$work/out/$1".*; do
        [ ! -e "$file" ] || {
            ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames \
                -of csv=p=0 "$file" | tr -dc '0-9\n'
            return
        }
    done
    sed -n 's/^\([0-9][0-9]*\) frames.*/\1/p' "$work/log" | tail -n 1
}

attempt() {
    case "$1" in rtsp) start_server || return 1 ;; esac
    run "$1" || return 1
    case "$1" in cheese) check_cheese >>"$work/log" 2>&1 || return 1 ;; esac
}

failed=0
one() {
    local name=$1 needs=$2 least=$3 lacks frames
    lacks=$(missing "$needs")
    if [ -n "$lacks" ]; then
        echo "$name: skipped, not installed: ${lacks//$'\n'/, }"
        return
    fi
    if ! attempt "$name"; then
        echo "$name: FAILED" && tail -n 20 "$work/log" && failed=1
        return
    fi
    [ "$least" != - ] || { echo "$name: ran to its end" && return; }
    frames=$(count "$name")
    if [ "${frames:-0}" -lt "$least" ]; then
        echo "$name: FAILED, ${frames:-no} frames, not $least or more" && failed=1
    else
        echo "$name: $frames frames"
    fi
}

choose_python
for program in gst-launch-1.0 ffmpeg ffprobe; do
    command -v "$program" >/dev/null || { echo "applications: $program is missing" >&2 && exit 1; }
done
gst-inspect-1.0 rirndeblur >"$work/log" 2>&1 ||
    { echo "applications: no element in $GST_PLUGIN_PATH; run ./deblur.sh first" >&2 && exit 1; }
# Small and slow, so that a busy machine keeps up with it: 20 frames in four seconds.
export VIDEO=$work/clip.mp4
ffmpeg -v error -r 5 -i examples/blurred.mp4 -frames:v 20 -vf scale=320:180 "$VIDEO" </dev/null

gst-inspect-1.0 --version | sed -n 2p
wanted=" $* "
while IFS='|' read -r name needs least; do
    name=${name// /}
    if [ -n "$name" ] && [[ $# -eq 0 || $wanted == *" $name "* ]]; then
        one "$name" "$needs" "${least// /}"
    fi
done <<<"$recipes"
exit "$failed"
