# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares two files of raw frames of SIZE bytes: python3 compare.py A B SIZE [--codes N] [--least DB].

--codes N: no byte may differ by more; --least DB: the PSNR of no frame may be lower.
"""

import argparse
import sys

import numpy

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("files", nargs=2)
parser.add_argument("size", type=int)
parser.add_argument("--codes", type=int)
parser.add_argument("--least", type=float)
arguments = parser.parse_args()
one, other = (numpy.fromfile(name, numpy.uint8).astype(numpy.int16) for name in arguments.files)
if len(one) != len(other) or len(one) == 0 or len(one) % arguments.size:
    sys.exit(f"compare: {len(one)} and {len(other)} bytes are not the same number of frames")
differences = numpy.abs(one - other).reshape(-1, arguments.size)
squares = (differences.astype(numpy.float64) ** 2).mean(axis=1)
psnr = 10 * numpy.log10(255.0**2 / numpy.maximum(squares, 1e-6))
most = int(differences.max())
print(f"{len(psnr)} frames: at most {most} codes apart; PSNR least {psnr.min():.1f}, last {psnr[-1]:.1f} dB")
if arguments.codes is not None and most > arguments.codes:
    sys.exit(f"compare: more than {arguments.codes} codes apart")
if arguments.least is not None and psnr.min() < arguments.least:
    sys.exit(f"compare: a frame below {arguments.least} dB")
