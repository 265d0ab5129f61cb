#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Milliseconds of our engine against pixels, frames, base channels and threads, as curves.

    tests/peers/curves.py --out docs/curves

Writes pixels.svg, frames.svg, base.svg, threads.svg and curves.json. Networks are ifi-irm-atb
with random weights, times the middle of several steps; frames.svg shows every step. All
measurements of a curve take turns. Needs nothing but Python and the built program.
"""
import argparse
import array
import contextlib
import json
import pathlib
import random
import statistics
import tempfile
import time
from dataclasses import dataclass

from chart import Line, svg
from child import Ours, find_program, make_weights
from machine import cpu_facts

NETWORK = "ifi-irm-atb"
PAUSE = 0.02


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--out", type=pathlib.Path, required=True, help="folder for the curves")
    add("--sizes", default="320x180,480x270,640x360,960x540,1280x720,1600x900,1920x1080")
    add("--bases", type=numbers, default="4,8,12,16,20,24")
    add("--threads", type=numbers, default="1,2")
    add("--wide", type=numbers, default="8,20", help="bases of the curves over pixels and threads")
    add("--frames", type=int, default=200, help="steps of the curve over frames")
    add("--steps", type=int, default=9, help="steps of every other point")
    add("--device", default="cpu")
    add("--precision", default="float32")
    add("--ours", type=pathlib.Path, help="the built program")
    args = parser.parse_args()
    args.sizes = [tuple(numbers(size.replace("x", ","))) for size in args.sizes.split(",")]
    return args


@dataclass(frozen=True)
class Setting:
    """What one point of a curve is measured with."""

    base: int
    threads: int
    size: tuple[int, int] = (640, 360)


class Lab:
    """Opens engines and times them."""

    def __init__(self, args: argparse.Namespace, folder: pathlib.Path):
        self.args, self.folder = args, folder
        self.program = args.ours or find_program()

    def open(self, setting: Setting) -> Ours:
        """An engine that has seen two frames."""
        file = self.folder / f"{setting.base}.safetensors"
        if not file.exists():
            make_weights(self.program, NETWORK, setting.base, file)
        ours = Ours(self.program, file, device=self.args.device, precision=self.args.precision,
                    threads=setting.threads)
        width, height = setting.size
        ours.size(width, height)
        row = random.Random(1)
        values = array.array("f", (row.random() for _ in range(3 * width)))
        ours.frame(values.tobytes() * height)
        ours.time(1)
        return ours

    def medians(self, settings: list[Setting]) -> list[float]:
        """The middle time of each, in ms; they take turns step by step."""
        times: list[list[float]] = [[] for _ in settings]
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(self.open(setting)) for setting in settings]
            for _ in range(self.args.steps):
                for ours, found in zip(opened, times, strict=True):
                    time.sleep(PAUSE)
                    found += ours.time(1)
        return [statistics.median(found) for found in times]

    def lines(self, named: dict[str, list[Setting]], at: list[float]) -> list[Line]:
        """The lines of a curve, measured together."""
        print(", ".join(named), flush=True)
        # `at` comes first in the zip: so it ends before another line's value is taken.
        found = iter(self.medians([setting for line in named.values() for setting in line]))
        return [Line(name, list(zip(at, found))) for name in named]


def threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def measure(lab: Lab, args: argparse.Namespace) -> dict[str, tuple[str, str, list[Line]]]:
    """Title, label of the x axis, and lines of each curve, by the name of its file."""
    most = max(args.threads)
    pixels = [width * height / 1e6 for width, height in args.sizes]
    over_pixels = lab.lines({f"base {base}": [Setting(base, most, size) for size in args.sizes]
                             for base in args.wide}, pixels)
    with lab.open(Setting(args.wide[0], most)) as ours:
        print("frames", flush=True)
        times = ours.time(args.frames)
    over_frames = [Line(f"base {args.wide[0]}", list(enumerate(times, 1)))]
    over_base = lab.lines({threads(count): [Setting(base, count) for base in args.bases]
                           for count in args.threads}, args.bases)
    over_threads = lab.lines({f"base {base}": [Setting(base, count) for count in args.threads]
                              for base in args.wide}, args.threads)
    where = f"{args.device}, {args.precision}"
    return {
        "pixels": (f"Time against pixels: {threads(most)}, {where}", "frame in megapixels",
                   over_pixels),
        "frames": (f"Time against frames: 640×360, {threads(most)}, {where}", "number of the frame",
                   over_frames),
        "base": (f"Time against channels: 640×360, {where}", "base channels of the network",
                 over_base),
        "threads": (f"Time against threads: 640×360, {where}", "threads", over_threads),
    }


def main() -> None:
    args = arguments()
    facts = {**cpu_facts(), "network": NETWORK, "steps": args.steps}
    with tempfile.TemporaryDirectory() as folder:
        curves = measure(Lab(args, pathlib.Path(folder)), args)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, (title, label, lines) in curves.items():
        text = svg(title, label, "milliseconds a frame", lines)
        (args.out / f"{name}.svg").write_text(text)
    told = {name: {line.name: [[x, round(y, 3)] for x, y in line.points] for line in lines}
            for name, (_, _, lines) in curves.items()}
    text = json.dumps({"machine": facts, "milliseconds": told})
    (args.out / "curves.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
