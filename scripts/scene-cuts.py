#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the clips on which the scene-cut detector is measured (docs/ELEMENT.md, scene cuts).

    scripts/scene-cuts.py OUTPUT VIDEO... [--photos FOLDER]
    RIRNDEBLUR_CUTS=OUTPUT cargo test --lib scene_cut -- --ignored --nocapture

Every clip is raw luma, 8 bits, 320x180, ten frames or more. Its name is KIND-NUMBER.gray: the
frame that begins another shot, or `none`. Needs numpy and ffmpeg. Sequences of pictures are given
as a pattern that ffmpeg understands with -pattern_type glob, for example 'blur/*.png'.
"""
import argparse
import pathlib
import subprocess

import numpy as np

WIDTH, HEIGHT = 320, 180


def luma(source, size=(WIDTH, HEIGHT)):
    """All frames of a video or pattern as [frames, height, width]."""
    pattern = ["-pattern_type", "glob"] if "*" in source else []
    scale = f"scale={size[0]}:{size[1]}:flags=area,format=gray"
    command = ["ffmpeg", "-v", "error", *pattern, "-i", source, "-vf", scale]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True)
    return np.frombuffer(raw.stdout, np.uint8).reshape(-1, size[1], size[0])


def piece(clip, length, random):
    """So many frames in a row from somewhere in a clip."""
    first = random.integers(0, max(1, len(clip) - length + 1))
    return clip[first : first + length]


def clips(videos, photos, random):
    """Kind, the frame that begins another shot, and frames."""
    pairs = [(a, b) for a in range(len(videos)) for b in range(len(videos)) if a != b]
    random.shuffle(pairs)
    for a, b in (pairs * 9)[:160]:
        before, after = piece(videos[a], 5, random), piece(videos[b], 5, random)
        yield "cut", "5", np.concatenate([before, after])
    for number in range(160):
        shot = piece(videos[number % len(videos)], 10, random).astype(float)
        gain, lift = random.uniform(1.3, 3.0), random.uniform(0, 60)
        shot[5] = shot[5] * gain + lift
        yield "flash", "none", shot
    for number in range(80):
        shot = piece(videos[number % len(videos)], 13, random).astype(float)
        share = np.linspace(1, 0.05, len(shot)).reshape(-1, 1, 1)
        yield "fade", "none", shot * (share if number % 2 else share[::-1])
    for a, b in (pairs * 9)[:80]:
        before, after = piece(videos[a], 13, random), piece(videos[b], 13, random)
        length = min(len(before), len(after))
        share = np.linspace(0, 1, length).reshape(-1, 1, 1)
        yield "dissolve", "none", before[:length] * (1 - share) + after[:length] * share
    for number in range(160):
        photo = photos[number % len(photos)]
        speed, angle = random.uniform(8, 40), random.uniform(0, 2 * np.pi)
        yield "pan", "none", pan(photo, speed * np.cos(angle), 0.6 * speed * np.sin(angle))
    for number, video in enumerate(videos):
        yield f"shot{number}", "none", video


def pan(photo, right, down):
    """Ten frames of a window that moves so many pixels a frame over a photograph."""
    height, width = photo.shape
    frames = []
    for step in range(10):
        x = width / 2 - WIDTH / 2 + (step - 4.5) * right
        y = height / 2 - HEIGHT / 2 + (step - 4.5) * down
        x, y = int(np.clip(x, 0, width - WIDTH)), int(np.clip(y, 0, height - HEIGHT))
        frames.append(photo[y : y + HEIGHT, x : x + WIDTH])
    return np.stack(frames)


def main():
    """Writes all clips."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("videos", nargs="+")
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    videos = [luma(video) for video in arguments.videos]
    pictures = {".jpg", ".jpeg", ".png", ".webp"}
    files = [file for file in sorted(arguments.photos.iterdir()) if file.suffix in pictures][:80]
    photos = [luma(str(file), (720, 480))[0] for file in files]
    for number, (kind, cut, frames) in enumerate(clips(videos, photos, random)):
        frames = np.clip(np.round(frames), 0, 255).astype(np.uint8)
        (arguments.output / f"{kind}{number:04}-{cut}.gray").write_bytes(frames.tobytes())


if __name__ == "__main__":
    main()
