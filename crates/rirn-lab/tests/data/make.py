# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the files in this folder, once: python make.py

Small networks with the layer names of the public code bases, written anew from their layer
tables, saved by torch.save, and the frames that these modules give in float64. Hostile files are
made by make_refused.py.
"""

import pathlib
import zipfile

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
FRAMES, HEIGHT, WIDTH = 6, 12, 16


def conv(cin, cout, kernel, stride=1):
    return nn.Conv2d(cin, cout, kernel, stride, kernel // 2)


# ------------------------------------------------------------ zzh-tech/ESTRNN, IFIRNN.py

class PlainBlock(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.main_branch = nn.Sequential(conv(n, n, 3), nn.ReLU(), conv(n, n, 3))

    def forward(self, x):
        return x + self.main_branch(x)


class IfiCell(nn.Module):
    def __init__(self, c, blocks, decoder):
        super().__init__()
        self.F_B = nn.Sequential(conv(3, c, 5), conv(c, 2 * c, 5, 2), conv(2 * c, 3 * c, 5, 2))
        self.F_R = nn.Sequential(*[PlainBlock(4 * c) for _ in range(blocks)])
        if decoder:
            self.F_L = nn.Sequential(up3(4 * c, 2 * c), up3(2 * c, c), conv(c, 3, 5))
        self.F_h = nn.Sequential(conv(4 * c, c, 3), PlainBlock(c), conv(c, c, 3))


def up3(cin, cout):
    return nn.ConvTranspose2d(cin, cout, 3, 2, 1, output_padding=1)


class Ifi(nn.Module):
    def __init__(self, c=3, blocks=2):
        super().__init__()
        self.rnncell0 = IfiCell(c, blocks, False)
        self.rnncell1 = IfiCell(c, blocks, True)
        self.c = c

    def one_cell(self, frames):
        """What C1H1 with the second cell gives."""
        cell, out = self.rnncell1, []
        h = frames.new_zeros(1, self.c, HEIGHT // 4, WIDTH // 4)
        for x in frames.split(1):
            f = cell.F_R(torch.cat([cell.F_B(x - 0.5), h], 1))
            h = cell.F_h(f)
            out.append(cell.F_L(f) + 0.5)
        return torch.cat(out)


# ------------------------------------------------------------ zzh-tech/ESTRNN, STRCNN.py

class NormBlock(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.main_branch = nn.Sequential(
            conv(n, n, 3), nn.BatchNorm2d(n), nn.ReLU(), conv(n, n, 3), nn.BatchNorm2d(n))

    def forward(self, x):
        return F.relu(x + self.main_branch(x))


class Strcnn(nn.Module):
    def __init__(self, c=3, blocks=2):
        super().__init__()
        stack = lambda: nn.Sequential(*[NormBlock(2 * c) for _ in range(blocks)])
        self.encoder, self.dtb, self.decoder = nn.Module(), nn.Module(), nn.Module()
        self.encoder.m1 = nn.Sequential(
            conv(15, 2 * c, 5), nn.ReLU(), conv(2 * c, c, 3, 2), nn.ReLU())
        self.encoder.m2 = stack()
        self.dtb.filter = nn.Conv2d(4 * c, 2 * c, 5)
        self.decoder.m1 = stack()
        self.decoder.m2 = nn.Sequential(
            nn.ConvTranspose2d(2 * c, 2 * c, 4, 2, 1), nn.ReLU(), conv(2 * c, 3, 3))
        self.decoder.f = nn.Sequential(conv(2 * c, c, 3), nn.ReLU())
        self.c = c
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight.data, module.running_var):
                    tensor.uniform_(0.5, 1.5)
                for tensor in (module.bias.data, module.running_mean):
                    tensor.uniform_(-0.3, 0.3)

    def without_blending(self, frames):
        out, last = [], len(frames) - 1
        h = frames.new_zeros(1, self.c, HEIGHT // 2, WIDTH // 2)
        for t in range(len(frames)):
            window = [frames[min(max(t + d, 0), last)] for d in range(-2, 3)]
            x = torch.cat(window).unsqueeze(0) - 0.5
            f = self.encoder.m2(torch.cat([self.encoder.m1(x), h], 1))
            y = self.decoder.m1(f)
            h = self.decoder.f(y)
            out.append(self.decoder.m2(y) + 0.5)
        return torch.cat(out)


# ------------------------------------------------------------ zzh-tech/ESTRNN, ESTRNN.py

class Dense(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = conv(cin, cout, 3)


class Rdb(nn.Module):
    def __init__(self, n, g):
        super().__init__()
        self.dense_layers = nn.Sequential(*[Dense(n + j * g, g) for j in range(3)])
        self.conv1x1 = conv(n + 3 * g, n, 1)

    def forward(self, x):
        y = x
        for dense in self.dense_layers:
            y = torch.cat([y, F.gelu(dense.conv(y))], 1)
        return x + self.conv1x1(y)


class Estrnn(nn.Module):
    def __init__(self, related, c=2, blocks=2):
        super().__init__()
        self.cell = cell = nn.Module()
        cell.F_B0 = conv(3, c, 5)
        cell.F_B1, cell.F_B2, cell.F_R = nn.Module(), nn.Module(), nn.Module()
        cell.F_B1.rdb, cell.F_B1.down_sampling = Rdb(c, c), conv(c, 2 * c, 5, 2)
        cell.F_B2.rdb, cell.F_B2.down_sampling = Rdb(2 * c, 3 * c // 2), conv(2 * c, 4 * c, 5, 2)
        cell.F_R.RDBs = nn.ModuleList([Rdb(5 * c, 2 * c) for _ in range(blocks)])
        cell.F_R.conv1x1, cell.F_R.conv3x3 = conv(5 * c * blocks, 5 * c, 1), conv(5 * c, 5 * c, 3)
        cell.F_h = nn.Sequential(conv(5 * c, c, 3), Rdb(c, c), conv(c, c, 3))
        self.recons, self.fusion = nn.Module(), nn.Module()
        self.recons.model = nn.Sequential(up3(5 * c * related, 2 * c), up3(2 * c, c), conv(c, 3, 5))
        self.fusion.condense = conv(10 * c, 5 * c, 1)
        self.fusion.fusion = conv(5 * c * related, 5 * c * related, 1)
        self.c = c

    def features(self, frames):
        cell = self.cell
        s = frames.new_zeros(1, self.c, HEIGHT // 4, WIDTH // 4)
        for x in frames.split(1):
            e = cell.F_B0(x - 0.5)
            for part in (cell.F_B1, cell.F_B2):
                e = part.down_sampling(part.rdb(e))
            h, kept = torch.cat([e, s], 1), []
            for block in cell.F_R.RDBs:
                h = block(h)
                kept.append(h)
            f = cell.F_R.conv3x3(cell.F_R.conv1x1(torch.cat(kept, 1)))
            s = cell.F_h(f)
            yield f

    def fused(self, f):
        """The 1x1 convolution on the frame's own feature, last, and nothing from neighbours."""
        weight = self.fusion.fusion.weight
        nothing = f.new_zeros(1, weight.shape[1] - f.shape[1], *f.shape[2:])
        return F.conv2d(torch.cat([nothing, f], 1), weight)

    def own_feature_only(self, frames):
        """The network without attention, exactly: the bias before the decoder as it is."""
        bias = self.fusion.fusion.bias.reshape(1, -1, 1, 1)
        return torch.cat(
            [self.recons.model(self.fused(f) + bias) + 0.5 for f in self.features(frames)])

    def with_mean_bias(self, frames):
        """The same, but of the pattern that this bias is behind the first layer only its mean."""
        up, rest = self.recons.model[0], self.recons.model[1:]
        constant = self.fusion.fusion.bias.reshape(1, -1, 1, 1).expand(1, -1, 5, 5)
        pattern = up(constant) - up(torch.zeros_like(constant))
        mean = pattern[:, :, 4:6, 4:6].mean((2, 3), keepdim=True)
        return torch.cat(
            [rest(up(self.fused(f)) + mean) + 0.5 for f in self.features(frames)])


def frames_of(module, run, frames=None):
    """Frames in and out, computed in float64."""
    frames = torch.rand(FRAMES, 3, HEIGHT, WIDTH) if frames is None else frames
    with torch.no_grad():
        out = run(module.double().eval(), frames.double()).float()
    module.float()
    return {"in": frames, "out": out.contiguous()}


def five_frames():
    """The published form with all of the attention, once with a bias before the decoder."""
    for name, scale in (("bias", 0.5), ("no-bias", 0.0)):
        torch.manual_seed(10)
        net = Estrnn(5, c=1, blocks=1)
        net.fusion.F_f = nn.Sequential(
            nn.Linear(10, 20), nn.GELU(), nn.Linear(20, 10), nn.Sigmoid())
        net.fusion.F_p = nn.Sequential(conv(10, 20, 1), conv(20, 10, 1))
        nn.init.uniform_(net.fusion.fusion.bias, -scale, scale)
        frames = frames_of(net, Estrnn.own_feature_only)
        if scale > 0:
            mean = frames_of(net, Estrnn.with_mean_bias, frames["in"])
            frames |= {"exact": frames["out"], "out": mean["out"]}
        save_file(frames, HERE / f"estrnn-{name}-frames.safetensors")
        state = nn.ModuleDict({"module": net}).state_dict()
        torch.save({"epoch": 500, "state_dict": state}, HERE / f"estrnn-{name}.pth")


def good():
    ifi = Ifi()
    opt = torch.optim.Adam(ifi.rnncell1.F_h.parameters())
    sum(p.sum() for p in ifi.rnncell1.F_h.parameters()).backward()
    opt.step()  # only to fill the optimizer's state
    save_file(frames_of(ifi, Ifi.one_cell), HERE / "ifirnn-frames.safetensors")
    schedule = torch.optim.lr_scheduler.MultiStepLR(opt, [10, 20])
    state = nn.ModuleDict({"module": nn.ModuleDict({"model": ifi})}).state_dict()
    torch.save({"epoch": 7, "model": "IFIRNN", "state_dict": state,
                "register_dict": {"loss": {1: 0.5, 2: [None, True, -3, 2**40]}},
                "optimizer": opt.state_dict(), "scheduler": schedule.state_dict()},
               HERE / "ifirnn.pth")
    save_file(ifi.state_dict(), HERE / "ifirnn.safetensors", {"format": "pt"})

    strcnn = Strcnn()
    save_file(frames_of(strcnn, Strcnn.without_blending), HERE / "strcnn-frames.safetensors")
    torch.save(strcnn.state_dict(), HERE / "strcnn.pt")

    one = Estrnn(1)
    save_file(frames_of(one, Estrnn.with_mean_bias), HERE / "estrnn-frames.safetensors")
    torch.save({"model": one.state_dict()}, HERE / "estrnn-one-frame.pth", pickle_protocol=4)
    torch.save({"params": Estrnn(5).state_dict()}, HERE / "estrnn.pth")

    values = torch.arange(24.0).reshape(2, 3, 4) / 3 - 2
    kinds = {"f32": values, "f64": values.double(), "f16": values.half(), "bf16": values.bfloat16(),
             "turned": values.permute(2, 0, 1), "slice": values[1, :, 1:3],
             "scalar": values[1, 1, 1],
             "empty": values[:0], "parameter": nn.Parameter(values), "i64": torch.arange(3)}
    torch.save(kinds, HERE / "kinds.pt")
    with zipfile.ZipFile(HERE / "kinds.pt") as stored, zipfile.ZipFile(
            HERE / "kinds-deflated.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in stored.infolist():
            packed.writestr(zipfile.ZipInfo(entry.filename), stored.read(entry),
                            zipfile.ZIP_DEFLATED)
    plain = {name: tensor.detach().float().contiguous().clone() for name, tensor in kinds.items()}
    save_file(plain, HERE / "kinds-f32.safetensors")
    rest = {name: kinds[name].contiguous() for name in ("f32", "f64", "f16", "bf16", "i64")}
    save_file(rest, HERE / "kinds.safetensors")


if __name__ == "__main__":
    torch.manual_seed(9)
    good()
    five_frames()
