# SPDX-License-Identifier: MIT OR Apache-2.0
"""The networks ifi, rdbn and lstm with their add-on modules in PyTorch, from our weights files.

Written after docs/NETWORKS.md; every attribute is called what the tensors are called in
docs/WEIGHTS.md, so that `load_state_dict` finds a wrong layer. Plain layers, one after the other:
what a runtime can fold or fuse is its own business.
"""
import pathlib

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor, nn

CELLS = ("ifi", "rdbn", "lstm")


class Conv(nn.Conv2d):
    """k×k with padding that keeps the size at stride 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2)


class Up(nn.ConvTranspose2d):
    """Doubles both sides."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, 2, 1, output_padding=1)


class Res(nn.Module):
    def __init__(self, n: int):
        super().__init__()
        self.conv0, self.conv1 = Conv(n, n), Conv(n, n)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv1(self.conv0(x).relu())


class Rdb(nn.Module):
    """Residual dense block."""

    def __init__(self, n: int, growth: int):
        super().__init__()
        self.dense0, self.dense1, self.dense2 = (Conv(n + i * growth, growth) for i in range(3))
        self.fuse = Conv(n + 3 * growth, n, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = F.gelu(self.dense0(x))
        seen = torch.cat((x, seen), 1)
        seen = torch.cat((seen, F.gelu(self.dense1(seen))), 1)
        seen = torch.cat((seen, F.gelu(self.dense2(seen))), 1)
        return x + self.fuse(seen)


class Irm(nn.Module):
    """Inner recurrence (table S3)."""

    def __init__(self, n: int, relu: bool):
        super().__init__()
        self.conv0, self.conv1, self.conv2 = (Conv(2 * n, 2 * n) for _ in range(3))
        self.res0, self.conv3, self.res1 = Res(2 * n), Conv(2 * n, n), Res(n)
        self.relu = relu

    def forward(self, new: Tensor, old: Tensor) -> Tensor:
        y = torch.cat((new, old), 1)
        for conv in (self.conv0, self.conv1, self.conv2):
            y = conv(y).relu() if self.relu else conv(y)
        return self.res1(self.conv3(self.res0(y)))


class Gate(nn.Module):
    """One of the two weights of ATB."""

    def __init__(self, n: int):
        super().__init__()
        self.conv, self.gate = Conv(n, n), Conv(n, n, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.gate(self.conv(x).relu()).sigmoid()


class Atb(nn.Module):
    """Adaptive temporal blending (table S4)."""

    def __init__(self, n: int):
        super().__init__()
        self.mix, self.cur, self.prev = Conv(2 * n, 2 * n), Gate(n), Gate(n)

    def forward(self, new: Tensor, old: Tensor) -> Tensor:
        a, b = self.mix(torch.cat((new, old), 1)).chunk(2, 1)
        return self.cur(a) * new + self.prev(b) * old


class Slot(nn.Module):
    """A place for an add-on module; empty, it gives what comes."""

    def __init__(self, kind: str, n: int, relu: bool):
        super().__init__()
        if kind != "none":
            self.add_module(kind, Irm(n, relu) if kind == "irm" else Atb(n))
        self.kind = kind

    def forward(self, new: Tensor, old: Tensor) -> Tensor:
        return new if self.kind == "none" else getattr(self, self.kind)(new, old)


class Head(nn.Sequential):
    """The hidden state from the feature."""

    def __init__(self, inputs: int, n: int, block: nn.Module, name: str):
        super().__init__()
        for word, layer in (("first", Conv(inputs, n)), (name, block), ("last", Conv(n, n))):
            self.add_module(word, layer)


def encoder(n: int) -> nn.Sequential:
    return nn.Sequential(Conv(3, n, 5), Conv(n, 2 * n, 5, 2), Conv(2 * n, 3 * n, 5, 2))


def decoder(inputs: int, n: int) -> nn.Sequential:
    return nn.Sequential(Up(inputs, 2 * n), Up(2 * n, n), Conv(n, 3, 5))


class Ifi(nn.Module):
    def __init__(self, n: int, blocks: int):
        super().__init__()
        self.states = {"h": n, "f": 4 * n}
        self.enc, self.dec = encoder(n), decoder(4 * n, n)
        self.body = nn.Sequential(*(Res(4 * n) for _ in range(blocks)))
        self.hid = Head(4 * n, n, Res(n), "res")

    def forward(self, x: Tensor, h: Tensor, f: Tensor) -> tuple[Tensor, ...]:
        new = self.body(torch.cat((self.enc(x), h), 1))
        h, f = self.hidden(self.hid(new), h), self.feature(new, f)
        return self.dec(f), h, f


class Lstm(nn.Module):
    def __init__(self, n: int, blocks: int):
        super().__init__()
        self.states = {"h": n, "c": n, "f": 3 * n}
        self.enc, self.dec = encoder(n), decoder(4 * n, n)
        self.cell = nn.Sequential()
        self.cell.add_module("gates", Conv(4 * n, 4 * n, 5))
        self.body = nn.Sequential(*(Res(4 * n) for _ in range(blocks)))

    def forward(self, x: Tensor, h: Tensor, c: Tensor, f: Tensor) -> tuple[Tensor, ...]:
        new = self.enc(x)
        forget, candidate, output, take = self.cell(torch.cat((new, h), 1)).chunk(4, 1)
        c = forget.sigmoid() * c + take.sigmoid() * candidate.tanh()
        h, f = self.hidden(output.sigmoid() * c.tanh(), h), self.feature(new, f)
        return self.dec(self.body(torch.cat((f, h), 1))), h, c, f


class Rdbn(nn.Module):
    def __init__(self, n: int, blocks: int):
        super().__init__()
        self.states = {"h": n, "f": 5 * n}
        self.enc, self.join = nn.Sequential(), nn.Sequential()
        for word, layer in (("first", Conv(3, n, 5)),
                            ("rdb0", Rdb(n, n)), ("down0", Conv(n, 2 * n, 5, 2)),
                            ("rdb1", Rdb(2 * n, 3 * n // 2)), ("down1", Conv(2 * n, 4 * n, 5, 2))):
            self.enc.add_module(word, layer)
        self.body = nn.ModuleList(Rdb(5 * n, 2 * n) for _ in range(blocks))
        self.join.add_module("merge", Conv(5 * n * blocks, 5 * n, 1))
        self.join.add_module("last", Conv(5 * n, 5 * n))
        self.hid = Head(5 * n, n, Rdb(n, n), "rdb")
        self.dec = decoder(5 * n, n)

    def forward(self, x: Tensor, h: Tensor, f: Tensor) -> tuple[Tensor, ...]:
        y, outputs = torch.cat((self.enc(x), h), 1), []
        for block in self.body:
            y = block(y)
            outputs.append(y)
        new = self.join(torch.cat(outputs, 1))
        h, f = self.hidden(self.hid(new), h), self.feature(new, f)
        return self.dec(f), h, f


class Step(nn.Module):
    """One step: a float32 frame [1, 3, height, width] and the states in, the same out.

    The network computes in `kind`, the frame around it stays float32, as in our engine.
    """

    def __init__(self, file: pathlib.Path, kind: torch.dtype = torch.float32):
        super().__init__()
        with safe_open(file, "pt") as opened:
            facts = opened.metadata()
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}
        cell, base = facts["cell"], int(facts["base"])
        if cell not in CELLS:
            raise SystemExit(f"peers: {cell} is not one of {', '.join(CELLS)}")
        made = {"ifi": Ifi, "lstm": Lstm, "rdbn": Rdbn}[cell](base, int(facts["blocks"]))
        relu = facts["irm_relu"] == "true"
        made.hidden = Slot(facts["hidden"], made.states["h"], relu)
        made.feature = Slot(facts["feature"], made.states["f"], relu)
        made.load_state_dict(tensors)
        self.network, self.kind, self.skip = made.to(kind), kind, facts["skip"] == "true"
        self.to(memory_format=torch.channels_last)
        self.eval().requires_grad_(False)
        self.label = f"{cell}-{facts['hidden']}-{facts['feature']}, base {base}"

    def first_states(self, height: int, width: int, device: torch.device) -> list[Tensor]:
        """Zeros, for a frame whose sides are multiples of 4."""
        return [torch.zeros(1, n, height // 4, width // 4, dtype=self.kind, device=device)
                .to(memory_format=torch.channels_last) for n in self.network.states.values()]

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        out, *states = self.network((x - 0.5).to(self.kind), *states)
        return out.float() + (x if self.skip else 0.5), *states


class Live(nn.Module):
    """The same step as a filter of live video needs it: bytes [height, width, 3] in and out."""

    def __init__(self, step: Step):
        super().__init__()
        self.step = step

    def forward(self, picture: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        out, *states = self.step(as_frame(picture), *states)
        return as_picture(out), *states


def as_frame(picture: Tensor) -> Tensor:
    """Bytes [height, width, 3] to float32 [1, 3, height, width], in channels-last memory."""
    return (picture.float() / 255).permute(2, 0, 1).unsqueeze(0)


def as_picture(frame: Tensor) -> Tensor:
    """The way back, clamped and rounded."""
    return (frame[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8)
