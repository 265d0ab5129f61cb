#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The rows of a grid as a Slurm array, one GPU a row:
#   GRID=recipes/tables.toml DATA=/data OUT=runs/tables sbatch examples/slurm-ablation.sh
# then, when all are done:
#   target/release/examples/ablation recipes/tables.toml --data /data --out runs/tables --collect
# A row that runs out of time goes on when the array is submitted again.
# Without Slurm, GNU parallel does the same on one machine:
#   target/release/examples/ablation $GRID --list |
#       parallel -j 2 target/release/examples/ablation $GRID --data $DATA --out $OUT --row {}
#SBATCH --job-name=rirn-ablation
#SBATCH --array=1-22
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=16
#SBATCH --time=2-00:00:00
# To the program itself, which takes the place of this shell; it saves and ends.
#SBATCH --signal=B:TERM@300
set -euo pipefail

program=${ABLATION:-target/release/examples/ablation}
row=$("$program" "$GRID" --list | sed -n "${SLURM_ARRAY_TASK_ID}p")
if [ -z "$row" ]; then
    echo "the grid has no row number $SLURM_ARRAY_TASK_ID" >&2
    exit 1
fi
exec "$program" "$GRID" --data "$DATA" --out "$OUT" --row "$row"
