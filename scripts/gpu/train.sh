#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Trains by packed recipes, side by side, on a machine with Python's torch 2.11.0, see README.md beside
# pack.sh. Data lies in data/ beside this script, sequences to watch in data/watch/.
#   ./train.sh OUT [NAME...]     NAME: recipes/NAME.toml (standard-gpu and lite-gpu if not given)
#   SECONDS_EACH=430             time of the steps; clips are made before
#   DEVICE=cuda                  cuda, cuda:1, cpu
#   MORE="--set a.b=c ..."       further options of every training
#   TORCH_LIB=FOLDER, PYTHON=PROGRAM   as for check.sh
# OUT/NAME/ gets weights.safetensors, log.jsonl and a checkpoint, OUT/NAME.log what the trainer says.
set -euo pipefail
case "${1:-}" in
    -h | --help) sed -n '4,11s/^# \{0,1\}//p' "$0" && exit 0 ;;
    '' | -*) sed -n '4,11s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- standard-gpu lite-gpu
seconds=${SECONDS_EACH:-430}
device=${DEVICE:-cuda}
python=${PYTHON:-python3}
torch_lib=${TORCH_LIB:-$("$python" -c \
    'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] + "/lib" if s else "")')}
if [ ! -e "$torch_lib/libtorch_cpu.so" ]; then
    echo "train: there is no LibTorch in \"$torch_lib\"; set TORCH_LIB or PYTHON." >&2 && exit 1
fi
# What is set already (the driver's folder) comes last.
export LD_LIBRARY_PATH=$torch_lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

watch=()
[ ! -d data/watch ] || watch=(--watch data/watch)
read -ra more <<<"${MORE:-}"
smi=
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=timestamp,name,utilization.gpu,memory.used,power.draw --format=csv,noheader \
        -l 10 >"$out/gpu.log" 2>&1 &
    smi=$!
fi
running=()
for name in "$@"; do
    # An interrupt, should a training hang on its way, still saves what there is.
    timeout -s INT -k 20 $((${seconds%.*} + 90)) \
        bin/train "recipes/$name.toml" --data data --out "$out/$name" --device "$device" \
        --seconds "$seconds" "${watch[@]}" "${more[@]}" >"$out/$name.log" 2>&1 &
    running+=($!)
done
status=0
for index in "${!running[@]}"; do
    wait "${running[$index]}" || status=$?
done
[ -z "$smi" ] || kill "$smi" 2>/dev/null || true
for name in "$@"; do
    echo "== $name"
    grep -v '^step' "$out/$name.log" | tail -n 20 || true
    grep -E '^step' "$out/$name.log" | grep -E 'watched' | tail -n 20 || true
    tail -n 3 "$out/$name.log"
done
exit "$status"
