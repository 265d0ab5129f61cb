#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Our engine against other runtimes that run the same network with the same weights.

    tests/peers/peers.py --cell ifi --base 8 --size 640x360 --threads 2 --rounds 10
    tests/peers/peers.py --weights models/lite.safetensors --device cuda --precision float16

First every peer has to agree with PyTorch's float32 on the CPU over three frames; one that does
not is not timed. Then they take turns, so that a busy machine is busy for all of them. See
README.md here.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from child import Ours, find_program, make_weights
from machine import cpu_facts, versions
from network import CELLS, Step, as_frame, as_picture
from runtimes import Job, Missing, Peer, candidates
from torch import Tensor

KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
# Threads of the one before have gone to sleep by then.
PAUSE = 0.02
WORDS = ("openvino", "onnxruntime", "eager", "graph", "compile")


@dataclass
class Row:
    """A line of the table; timed where `time` is called."""

    name: str
    carries: str
    agreement: float
    time: Callable[[int], list[float]]
    times: list[float] = field(default_factory=list)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--weights", type=pathlib.Path, help="a weights file in place of random weights")
    add("--cell", choices=CELLS, default="ifi", help="network of the random weights, irm and atb")
    add("--base", type=int, default=8, help="its base channel count")
    add("--size", default="640x360", help="WIDTHxHEIGHT, multiples of 4")
    add("--threads", type=int, default=cpu_facts()["processors"])
    add("--device", default="cpu", help="cpu, cuda or cuda:N")
    add("--precision", choices=KINDS, default="float32")
    add("--rounds", type=int, default=10)
    add("--turn", type=int, default=10, help="frames in a turn (%(default)s)")
    add("--seconds", type=float, default=600, help="no peer is made and no round begun after that")
    add("--only", default=",".join(WORDS), help="peers beside ours (%(default)s)")
    add("--live", action="store_true", help="bytes in and bytes out, too; always on CUDA")
    add("--ours", type=pathlib.Path, help="the built program")
    add("--json", type=pathlib.Path, help="a file for everything")
    args = parser.parse_args()
    try:
        args.width, args.height = map(int, args.size.split("x"))
        args.place = torch.device("cuda:0" if args.device == "cuda" else args.device)
    except (ValueError, RuntimeError) as error:
        parser.error(f"--size or --device: {error}")
    if args.width % 4 or args.height % 4 or min(args.width, args.height) < 4:
        parser.error("--size: both sides must be multiples of 4")
    if args.place.type == "cpu" and args.precision == "float16":
        parser.error("--precision float16 needs CUDA")
    if args.place.type == "cuda" and not torch.cuda.is_available():
        parser.error("--device: this PyTorch finds no CUDA device")
    if unknown := set(args.only.split(",")) - set(WORDS):
        parser.error(f"--only: {', '.join(sorted(unknown))} is not one of {', '.join(WORDS)}")
    args.live = args.live or args.place.type == "cuda"
    return args


def pictures(height: int, width: int, count: int = 3) -> list[Tensor]:
    """A smooth picture that moves, with a little noise; bytes [height, width, 3]."""
    random = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, 3, height // 16 + 2, width // 16 + 2, generator=random)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    noise = torch.randn(3, height, width, generator=random) * 0.02
    return [as_picture(smooth.roll(4 * shift, 3) + noise) for shift in range(count)]


def reference(file: pathlib.Path, shown: list[Tensor]) -> list[Tensor]:
    """What the frames become in float32 on the CPU."""
    step = Step(file)
    states = step.first_states(*shown[0].shape[:2], torch.device("cpu"))
    wanted = []
    for picture in shown:
        out, *states = step(as_frame(picture), *states)
        wanted.append(out)
    return wanted


def agreement(got: list[Tensor], wanted: list[Tensor], shown: list[Tensor]) -> float:
    """Least PSNR in dB of the corrections, with the largest of a frame as its peak: the frame
    itself comes through anyway, and would hide what the network does wrong."""
    def psnr(one: Tensor, other: Tensor, picture: Tensor) -> float:
        peak = float((other - as_frame(picture)).abs().max())
        if one.dtype == torch.uint8:
            one, other = one.double() / 255, as_picture(other).double() / 255
        error = float((one.double() - other.double()).square().mean())
        return 10 * math.log10(peak ** 2 / max(error, 1e-20))

    # `min` would lose a NaN.
    values = [psnr(*each) for each in zip(got, wanted, shown, strict=True)]
    return math.nan if any(map(math.isnan, values)) else min(values)


def least(args: argparse.Namespace) -> float:
    # Float32 on CUDA is TF32 in convolutions, for PyTorch and for us.
    return 70 if args.precision == "float32" and args.place.type == "cpu" else 30


def check(found: float, args: argparse.Namespace) -> float:
    if not found >= least(args):
        raise Missing(f"does not agree: {found:.1f} dB, {least(args)} are asked for")
    return found


def ours_row(ours: Ours, shown: list[Tensor], wanted: list[Tensor],
             args: argparse.Namespace) -> Row:
    ours.size(args.width, args.height)
    got = []
    for picture in shown:
        values = bytearray(ours.frame((picture.float() / 255).numpy().tobytes()))
        out = torch.frombuffer(values, dtype=torch.float32).view(args.height, args.width, 3)
        got.append(out.permute(2, 0, 1).unsqueeze(0))
    found = check(agreement(got, wanted, shown), args)
    carries = "bytes" if args.place.type == "cuda" else "no"
    return Row(f"ours ({ours.precision})", carries, found, ours.time)


def peer_row(name: str, live: bool, peer: Peer, shown: list[Tensor], wanted: list[Tensor],
             args: argparse.Namespace) -> Row:
    peer.forget()
    got = []
    for picture in shown:
        peer.load(picture)
        peer.step()
        got.append(peer.result())
    found = check(agreement(got, wanted, shown), args)

    def timed(steps: int) -> list[float]:
        times = []
        for _ in range(steps):
            begin = time.perf_counter()
            peer.step()
            times.append((time.perf_counter() - begin) * 1000)
        return times

    return Row(name, "bytes" if live else "no", found, timed)


def collect(file: pathlib.Path, args: argparse.Namespace, end: float,
            ours: Ours) -> tuple[list[Row], list[tuple[str, str]]]:
    """The peers that agree, ours first, and why the others are not there."""
    shown = pictures(args.height, args.width)
    wanted = reference(file, shown)
    rows, missing = [ours_row(ours, shown, wanted, args)], []
    job = Job(file, args.width, args.height, args.place, KINDS[args.precision], args.threads)
    for word, name, live, make in candidates(job, args.live):
        label = f"{name}, bytes in and out" if live else name
        try:
            if word not in args.only.split(","):
                raise Missing("not asked for")
            if time.monotonic() > end:
                raise Missing("the time was over")
            rows.append(peer_row(name, live, make(), shown, wanted, args))
        except Missing as why:
            missing.append((label, str(why)))
        except ModuleNotFoundError as error:
            missing.append((label, f"not installed: {error.name}"))
        except Exception as error:  # Whatever a runtime reports is a line of the table.
            told = str(error).strip().splitlines() or [""]
            missing.append((label, f"{type(error).__name__}: {told[0][:200]}"))
    return rows, missing


def take_turns(rows: list[Row], args: argparse.Namespace, end: float) -> None:
    for row in rows:
        time.sleep(PAUSE)
        row.time(2)
    for number in range(args.rounds):
        if number and time.monotonic() > end:
            return
        for row in rows:
            time.sleep(PAUSE)
            row.times += row.time(args.turn)


def report(rows: list[Row], missing: list[tuple[str, str]], facts: dict[str, object],
           settings: dict[str, object]) -> dict[str, object]:
    """Prints the table and gives everything for the JSON."""
    lines, ours = [], statistics.median(rows[0].times)
    for row in rows:
        middle = statistics.median(row.times)
        lines.append({"peer": row.name, "transfer": row.carries, "min_ms": min(row.times),
                      "median_ms": middle, "agreement_db": row.agreement,
                      "ratio": middle / ours, "times_ms": row.times})
    print(", ".join(f"{key} {value}" for key, value in settings.items()) + "\n")
    print(", ".join(f"{key} {value}" for key, value in facts.items()) + "\n")
    print("| peer | transfer | min ms | median ms | agreement dB | median / ours |")
    print("|---|---|---|---|---|---|")
    for line in lines:
        print(f"| {line['peer']} | {line['transfer']} | {line['min_ms']:.2f} | "
              f"{line['median_ms']:.2f} | {line['agreement_db']:.1f} | {line['ratio']:.2f} |")
    if missing:
        print("\n" + "\n".join(f"- {name}: {why}" for name, why in missing))
    return {"machine": facts, "settings": settings, "rows": lines,
            "missing": [{"peer": name, "reason": why} for name, why in missing]}


def gpu_facts(place: torch.device) -> dict[str, object]:
    if place.type != "cuda":
        return {}
    return {"gpu": torch.cuda.get_device_name(place), "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version()}


def main() -> None:
    args = arguments()
    end = time.monotonic() + args.seconds
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)
    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True
    if args.place.type == "cuda":
        torch.cuda.set_device(args.place)
    program = args.ours or find_program()
    # Ours uses CUDA where its LibTorch has it; so does a packed program that finds no other.
    packed = program.parent.name == "bin"
    own = str(pathlib.Path(torch.__path__[0]) / "lib")
    libraries = own if args.place.type == "cuda" or packed else None
    with tempfile.TemporaryDirectory() as folder:
        file = args.weights
        if file is None:
            file = pathlib.Path(folder) / "random.safetensors"
            make_weights(program, f"{args.cell}-irm-atb", args.base, file, libraries)
        with Ours(program, file, device=args.device, precision=args.precision,
                  threads=args.threads, libraries=libraries) as ours:
            rows, missing = collect(file, args, end, ours)
            take_turns(rows, args, end)
        settings = {"network": Step(file).label, "size": args.size, "device": args.device,
                    "precision": args.precision, "threads": args.threads,
                    "frames each": len(rows[0].times), "frames a turn": args.turn}
    facts = {**cpu_facts(), **gpu_facts(args.place), **versions()}
    whole = report(rows, missing, facts, settings)
    if args.json:
        args.json.write_text(json.dumps(whole, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except (Missing, RuntimeError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"peers: ours: {error}") from error
