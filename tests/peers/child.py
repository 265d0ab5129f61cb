# SPDX-License-Identifier: MIT OR Apache-2.0
"""Our engine as a child process (`ours.rs`); needs nothing but Python."""
import os
import pathlib
import subprocess
from types import TracebackType

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find_program() -> pathlib.Path:
    """The built program in a checkout, or the one that scripts/gpu/pack.sh has packed."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    places = [ROOT / "bin" / "peer", target / "release" / "examples" / "peer"]
    for place in places:
        if place.is_file():
            return place
    raise SystemExit(f"peers: no program at {' or '.join(map(str, places))}; "
                     "cargo build --release --example peer makes it, --ours names another one")


def make_weights(program: pathlib.Path, network: str, base: int, file: pathlib.Path,
                 libraries: str | None = None) -> None:
    """Random weights, the same for the same network and base."""
    subprocess.run([program, "--make-weights", network, file, "--base", str(base)], check=True,
                   env=surroundings(libraries))


def surroundings(libraries: str | None) -> dict[str, str]:
    """The environment, with a folder of LibTorch that goes before the one built in."""
    if libraries is None:
        return dict(os.environ)
    before = os.environ.get("LD_LIBRARY_PATH")
    return {**os.environ, "LD_LIBRARY_PATH": f"{libraries}:{before}" if before else libraries}


class Ours:
    """One engine and one video."""

    def __init__(self, program: pathlib.Path, weights: pathlib.Path, *, device: str = "cpu",
                 precision: str = "float32", threads: int = 0, libraries: str | None = None):
        command = [program, "--weights", weights, "--device", device, "--precision", precision,
                   "--threads", str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=surroundings(libraries))
        self.bytes = 0
        _, self.device, self.precision, self.network = self._line().split()

    def size(self, width: int, height: int) -> None:
        """Forgets everything; frames have this size from now on."""
        self._say(f"size {width} {height}")
        self._line()
        self.bytes = width * height * 3 * 4

    def frame(self, values: bytes) -> bytes:
        """Deblurs a frame: float32, rows, pixels, RGB; gives one of the same layout."""
        self._say("frame", values)
        answer = self.process.stdout.read(self.bytes)
        if len(answer) < self.bytes:
            self._fail()
        return answer

    def forget(self) -> None:
        """The next frame is like the first."""
        self._say("forget")
        self._line()

    def time(self, steps: int) -> list[float]:
        """Milliseconds of that many steps on the last frame, its way to the device included."""
        self._say(f"time {steps}")
        return [float(word) for word in self._line().split()]

    def close(self) -> None:
        """Ends the process."""
        if self.process.poll() is None:
            self._say("quit")
            self.process.wait()

    def __enter__(self) -> "Ours":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if error is not None:
            self.process.kill()
        self.close()

    def _say(self, command: str, values: bytes = b"") -> None:
        try:
            self.process.stdin.write(command.encode() + b"\n" + values)
            self.process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def _line(self) -> str:
        line = self.process.stdout.readline().decode()
        if not line:
            self._fail()
        return line.strip()

    def _fail(self) -> None:
        self.process.wait()
        told = self.process.stderr.read().decode(errors="replace").strip()
        raise RuntimeError(told or f"the program ended with status {self.process.returncode}")
