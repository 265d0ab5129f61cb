# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pairs of small pictures and what scikit-image 0.26 says of them and of whole sequences.

    python make.py EVAL_FOLDER

EVAL_FOLDER holds sequences NAME/{blur,sharp}/N.png. Two are cut into pairs here; of all of them
the blurred input's figures go into sequences.json, one for each frame.
"""

import json
import sys
from pathlib import Path

import numpy as np
from skimage.io import imread, imsave
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

HERE = Path(__file__).parent


def measure(one, other):
    """PSNR in dB (100 for equal pictures) and SSIM."""
    if np.array_equal(one, other):
        psnr = 100.0
    else:
        psnr = peak_signal_noise_ratio(other, one, data_range=255)
    ssim = structural_similarity(
        other, one, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        data_range=255, channel_axis=2)
    return {"psnr": float(psnr), "ssim": float(ssim)}


def pairs(folder):
    """Name and two pictures of each pair."""
    def crop(sequence, frame, x, y, width, height):
        part = np.s_[y:y + height, x:x + width]
        files = [sorted((folder / sequence / kind).iterdir())[frame] for kind in ("blur", "sharp")]
        return [imread(file)[part] for file in files]

    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 256, (13, 17, 3), dtype=np.uint8) for _ in range(2)]
    sharp = crop("reds_t000", 2, 100, 60, 31, 24)[1]
    return {
        "gopro": crop("gopro_GOPR0385_11_01_a", 5, 200, 150, 64, 48),
        "odd": crop("reds_t001", 3, 40, 30, 33, 21),
        "smallest": crop("reds_t001", 3, 90, 50, 11, 11),
        "column": crop("reds_t000", 0, 10, 10, 11, 40),
        "equal": [sharp, sharp],
        "one-level": [np.where(sharp == 255, 254, sharp + 1).astype(np.uint8), sharp],
        "noise": noise,
        "black-white": [np.zeros((12, 15, 3), np.uint8), np.full((12, 15, 3), 255, np.uint8)],
    }


def main():
    folder = Path(sys.argv[1])
    values = {}
    for name, (blurred, sharp) in pairs(folder).items():
        imsave(HERE / f"{name}-a.png", blurred, check_contrast=False)
        imsave(HERE / f"{name}-b.png", sharp, check_contrast=False)
        values[name] = measure(blurred, sharp)
    (HERE / "pairs.json").write_text(json.dumps(values, indent=1) + "\n")

    sequences = {}
    for sequence in sorted(path for path in folder.iterdir() if (path / "blur").is_dir()):
        files = zip(*(sorted((sequence / kind).iterdir()) for kind in ("blur", "sharp")))
        sequences[sequence.name] = {
            blurred.name: measure(imread(blurred), imread(sharp)) for blurred, sharp in files}
    (HERE / "sequences.json").write_text(json.dumps(sequences, indent=1) + "\n")


main()
