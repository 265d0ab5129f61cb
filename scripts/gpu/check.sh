#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the packed element on a machine with Python's torch 2.11.0, see README.md beside pack.sh.
#   ./check.sh [DEVICE]      DEVICE: cuda (if not given), cuda:1, cpu
#   TORCH_LIB=FOLDER         the folder of libtorch_cpu.so, if python3 does not find torch
#   PYTHON=PROGRAM           the Python that has torch
set -euo pipefail
cd "$(dirname "$0")"
device=${1:-cuda}
python=${PYTHON:-python3}
torch_lib=${TORCH_LIB:-$("$python" -c \
    'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] + "/lib" if s else "")')}
if [ ! -e "$torch_lib/libtorch_cpu.so" ]; then
    echo "check: there is no LibTorch in \"$torch_lib\"; set TORCH_LIB or PYTHON." >&2 && exit 1
fi

here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is set already (the driver's folder) comes last.
export LD_LIBRARY_PATH=$here/gst/lib:$torch_lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export GST_REGISTRY=$work/registry.bin GST_PLUGIN_SYSTEM_PATH=$here/gst/plugins
export GST_PLUGIN_SCANNER=$here/gst/bin/gst-plugin-scanner GST_PLUGIN_PATH=$here/plug

gst/bin/gst-inspect-1.0 rirndeblur >"$work/inspect"
head -n 12 "$work/inspect"

# run DEVICE FRAMES PRECISION SINK...
run() {
    gst/bin/gst-launch-1.0 --quiet videotestsrc pattern=ball num-buffers="$2" ! \
        video/x-raw,format=RGB,width=320,height=180,framerate=30/1 ! \
        rirndeblur qos=false device="$1" precision="$3" ! "${@:4}"
}

begin=$(date +%s.%N)
run "$device" 60 auto fakesink sync=false
echo "60 frames on $device: $(date +%s.%N | awk -v b="$begin" '{printf "%.1f", $1 - b}') s, start included"

run cpu 12 float32 filesink location="$work/cpu"
run "$device" 12 float32 filesink location="$work/device"
"$python" compare.py "$work/cpu" "$work/device" $((320 * 180 * 3)) --codes 1

# A real clip to and fro, 1000 frames: half precision must not drift away.
"$python" - real.i420.xz "$work/real" <<'PYTHON'
import lzma, sys

size = 640 * 360 * 3 // 2
data = lzma.open(sys.argv[1]).read()
frames = [data[at : at + size] for at in range(0, len(data), size)]
there_and_back = frames + frames[-2:0:-1]
with open(sys.argv[2], "wb") as file:
    for index in range(1000):
        file.write(there_and_back[index % len(there_and_back)])
PYTHON
# real DEVICE PRECISION FILE
real() {
    gst/bin/gst-launch-1.0 --quiet filesrc location="$work/real" blocksize=345600 ! \
        rawvideoparse width=640 height=360 format=i420 framerate=30/1 ! \
        rirndeblur qos=false scene-cut-detection=false device="$1" precision="$2" ! filesink location="$3"
}
real cpu float32 "$work/cpu"
real "$device" auto "$work/device"
"$python" compare.py "$work/cpu" "$work/device" 345600 --least 50

failed=
if [ "$device" != cpu ]; then
    export RIRN_TEST_DEVICE=$device
    # One after the other: each wants the device, and its memory, for itself. What fails does not keep
    # the others from telling.
    for name in golden cuda plugin rirn_lab; do
        "tests/$name" --ignored --test-threads=1 cuda || failed+=" $name"
    done
    tests/rirn --test-threads=1 engine::pictures || failed+=" pictures"
    if [ -x bench/speed ]; then bench/speed; fi
fi
[ -z "$failed" ] || { echo "check: failed on $device:$failed" >&2 && exit 1; }
echo "check: passed on $device"
