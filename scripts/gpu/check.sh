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

inspect() { gst/bin/gst-inspect-1.0 rirndeblur; }

# float32 on both sides where the element lets it be chosen: half precision differs by more.
has_precision=no
if inspect >"$work/inspect" && grep -q '^  precision ' "$work/inspect"; then
    has_precision=yes
fi
head -n 12 "$work/inspect"

# run DEVICE FRAMES PRECISION SINK...
run() {
    local options=(device="$1")
    [ "$has_precision" = no ] || options+=(precision="$3")
    gst/bin/gst-launch-1.0 --quiet videotestsrc pattern=ball num-buffers="$2" ! \
        video/x-raw,format=RGB,width=320,height=180,framerate=30/1 ! \
        rirndeblur qos=false "${options[@]}" ! "${@:4}"
}

begin=$(date +%s.%N)
run "$device" 60 auto fakesink sync=false
echo "60 frames on $device: $(date +%s.%N | awk -v b="$begin" '{printf "%.1f", $1 - b}') s, start included"

run cpu 12 float32 filesink location="$work/cpu.rgb"
run "$device" 12 float32 filesink location="$work/device.rgb"
run "$device" 12 auto filesink location="$work/auto.rgb"
"$python" - "$work" "$device" <<'PYTHON'
import pathlib, sys

work, device = pathlib.Path(sys.argv[1]), sys.argv[2]
cpu, same, auto = ((work / f"{name}.rgb").read_bytes() for name in ("cpu", "device", "auto"))
assert len(cpu) == len(same) == len(auto) == 12 * 320 * 180 * 3, "frames are missing"


def largest(name, other):
    differences = [abs(one - two) for one, two in zip(cpu, other)]
    mean = sum(differences) / len(differences)
    print(f"{name}: cpu and {device} differ by at most {max(differences)}, on average by {mean:.4f} of 255")
    return max(differences)


largest("auto", auto)
limit = 2
if largest("float32", same) > limit:
    sys.exit(f"check: float32 differs by more than {limit}")
PYTHON
echo "check: passed on $device"
