# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the hostile files in refused/, once: python make_refused.py

Each has words that its refusal must contain, in refused/reasons.json. Needs Python only.
"""

import io
import json
import pathlib
import struct
import zipfile

REFUSED = pathlib.Path(__file__).parent / "refused"


def zipped(pickle, files=(), deflate=False, order=b"little"):
    """A zip as torch.save makes it, around any pickle."""
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in [("data.pkl", pickle), ("byteorder", order),
                           ("version", b"3\n"), *files]:
            archive.writestr(zipfile.ZipInfo("archive/" + name), data, method)
    return out.getvalue()


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(n):
    return b"J" + struct.pack("<i", n) if abs(n) < 2**31 else b"\x8a\x08" + struct.pack("<q", n)


def tensor(shape, strides, offset=0, length=4, key="0"):
    """{"w": a tensor of float32 in data/0}"""
    tuple_of = lambda numbers: b"(" + b"".join(map(number, numbers)) + b"t"
    storage = (b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu")
               + number(length) + b"tQ")
    call = (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + tuple_of(shape)
            + tuple_of(strides) + b"\x89}tR")
    return b"\x80\x02}" + text("w") + call + b"s."


def hostile():
    ok, data = tensor([2, 2], [2, 1]), [("data/0", bytes(16))]
    nested = lambda code, count: b"\x80\x02" + code * count + b"."
    bare = lambda code: zipped(b"\x80\x02" + code)
    cases = {
        "os-system.pt": (bare(b"cos\nsystem\n" + text("true") + b"\x85R."), "os.system"),
        "posix-system.pt": (bare(b"cposix\nsystem\n" + text("id") + b"\x85R."), "posix.system"),
        "eval-stack-global.pt": (
            zipped(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93."),
            "builtins.eval"),
        "torch-load.pt": (bare(b"ctorch\nload\n."), "torch.load"),
        "storage-elsewhere.pt": (bare(b"cos\nFloatStorage\n."), "os.FloatStorage"),
        "escape-in-global.pt": (bare(b"cos\x1b[2J\nsystem\n."), "os?[2J.system"),
        "inst.pt": (bare(b"(ios\nsystem\n."), "INST"),
        "newobj.pt": (bare(b"))\x81."), "NEWOBJ"),
        "ext.pt": (bare(b"\x82\x01."), "EXT1"),
        "unknown-opcode.pt": (bare(b"\xff."), "0xff"),
        "protocol.pt": (zipped(b"\x80\x09N."), "protocol 9"),
        "call-storage.pt": (bare(b"ctorch\nFloatStorage\n(tR."), "wrong number of values"),
        "persistent.pt": (bare(text("x") + b"Q."), "not a storage"),
        "append-to-none.pt": (bare(b"NNa."), "cannot hold them"),
        "odd-dict.pt": (bare(b"}(Nu."), "cannot hold them"),
        "below-mark.pt": (bare(b"](a."), "too few values"),
        "no-memo.pt": (bare(b"h\x05."), "memo has no such value"),
        "memo-huge.pt": (bare(b"Nr\xff\xff\xff\xff."), "memo has more than"),
        "text-huge.pt": (bare(b"X\xff\xff\xff\xff."), "ends too early"),
        "text-not-utf8.pt": (bare(b"X\x01\0\0\0\xff."), "not UTF-8"),
        "long-huge.pt": (bare(b"\x8a\xff" + bytes(255) + b"."), "more than 64 bits"),
        "no-stop.pt": (bare(b"N"), "ends too early"),
        "deep-marks.pt": (zipped(nested(b"(", 3000)), "nested deeper"),
        "deep-lists.pt": (zipped(nested(b"]", 20000)), "wait on the stack"),
        "no-tensors.pt": (bare(b"}."), "no state dict"),
        "itself.pt": (bare(b"}q\0" + text("state_dict") + b"h\0s."), "no state dict"),
        "a-list.pt": (bare(b"]."), "no state dict"),
        "strides-leave.pt": (
            zipped(tensor([2, 2], [3, 1]), data),
            "reaches to value 5, but its storage has 4"),
        "offset-leaves.pt": (
            zipped(tensor([2, 2], [2, 1], 1), data),
            "reaches to value 5, but its storage has 4"),
        "offset-negative.pt": (zipped(tensor([2, 2], [2, 1], -1), data), "negative"),
        "stride-negative.pt": (zipped(tensor([2, 2], [-2, 1], 2), data), "negative"),
        "size-negative.pt": (zipped(tensor([-2, 2], [2, 1]), data), "negative"),
        "stride-zero.pt": (zipped(tensor([2**30, 2**30], [0, 0]), data), "more than once"),
        "sizes-overflow.pt": (
            zipped(tensor([2**40, 2**40], [0, 0]), data),
            "more values than can be counted"),
        "strides-overflow.pt": (
            zipped(tensor([3, 3], [2**62, 2**62]), data),
            "more values than can be counted"),
        "offset-overflow.pt": (zipped(tensor([2], [1], 2**63 - 1), data), "reaches to value"),
        "storage-short.pt": (
            zipped(ok, [("data/0", bytes(8))]),
            "declares 4 values, but holds 8 bytes"),
        "storage-length.pt": (
            zipped(tensor([1], [1], 0, 2**62), data),
            "declares 4611686018427387904 values"),
        "storage-missing.pt": (zipped(ok), "\"archive/data/0\" is missing"),
        "storage-outside.pt": (
            zipped(tensor([1], [1], key="../version"), data),
            "\"archive/data/../version\" is missing"),
        "rank.pt": (zipped(tensor([1] * 9, [1] * 9), data), "wrong values"),
        "big-endian.pt": (zipped(ok, data, order=b"big"), "big-endian"),
        "bomb.pt": (zipped(ok, [("data/0", bytes(1 << 22))], True), "unpacked zip entry"),
        "bomb-pickle.pt": (
            zipped(b"\x80\x02" + bytes(1 << 22), [], True),
            "unpacked zip entry"),
        "no-pickle.zip": (other_zip(), "not one of PyTorch"),
        "old.pth": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch 1.6"),
        "text.pt": (b"not a file of weights at all\n", "neither"),
        "empty.pt": (b"", "neither"),
        "header-long.safetensors": (struct.pack("<Q", 2**62) + b"{}", "the header, in bytes"),
        "header-beyond.safetensors": (struct.pack("<Q", 900) + b"{}", "the header, in bytes"),
        "header-broken.safetensors": (flat('{"a":'), "header: EOF"),
        "header-twice.safetensors": (
            flat(f'{{"a":{flat_entry()},"a":{flat_entry()}}}', 4),
            "a is there twice"),
        "header-deep.safetensors": (
            flat('{"a":' + "[" * 5000 + "]" * 5000 + "}"),
            "header: invalid type"),
        "header-kind.safetensors": (flat(f'{{"a":{flat_entry("F8_E4M3")}}}', 4), "F8_E4M3"),
        "header-outside.safetensors": (
            flat(f'{{"a":{flat_entry(end=8)}}}', 4),
            "not in the file"),
        "header-shape.safetensors": (
            flat(f'{{"a":{flat_entry(shape=[2**40, 2**40])}}}', 4),
            "but 4 bytes"),
        "header-none.safetensors": (flat("{}"), "no tensors"),
    }
    cases.update(zip_faults(ok, data))
    REFUSED.mkdir(exist_ok=True)
    for name, (content, _) in cases.items():
        (REFUSED / name).write_bytes(content)
    reasons = {name: words for name, (_, words) in sorted(cases.items())}
    (REFUSED / "reasons.json").write_text(json.dumps(reasons, indent=1) + "\n")


def other_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("holiday/photo.jpg"), b"x")
    return out.getvalue()


def flat(header, data=0):
    return struct.pack("<Q", len(header)) + header.encode() + bytes(data)


def flat_entry(dtype="F32", shape=(1,), end=4):
    return json.dumps({"dtype": dtype, "shape": list(shape), "data_offsets": [0, end]})


def zip_faults(ok, data):
    """Faults of the directory: each is a change at a known place of a sound file."""
    sound = zipped(ok, data)
    first = sound.index(b"PK\x01\x02")       # data.pkl
    last = sound.rindex(b"PK\x01\x02")       # data/0
    end = sound.rindex(b"PK\x05\x06")

    def changed(at, new):
        return sound[:at] + new + sound[at + len(new):]

    u32 = lambda n: struct.pack("<I", n)
    bad_sum = bytearray(sound)
    bad_sum[sound.index(b"data.pkl") + 8 + 10] ^= 1  # a letter of the name "w" or its prefix
    return {
        "zip-size-huge.pt": (
            changed(last + 24, u32(0xFFFFFFF0)),
            "unpacked zip entry \"archive/data/0\""),
        "zip-packed-huge.pt": (
            changed(last + 20, u32(0x0FFF0000) * 2),
            "the sum of packed zip entries"),
        "zip-overlap.pt": (changed(last + 20, u32(600) * 2), "the sum of packed zip entries"),
        "zip-encrypted.pt": (changed(last + 8, b"\x01\0"), "encrypted"),
        "zip-method.pt": (changed(last + 10, b"\x0c\0"), "neither stored nor deflated"),
        "zip-count.pt": (changed(end + 10, b"\xff\xff"), "the number of zip entries"),
        "zip-count-more.pt": (changed(end + 10, b"\x09\0"), "directory is broken"),
        "zip-directory-long.pt": (changed(end + 12, u32(0x7FFFFFFF)), "the zip directory"),
        "zip-directory-beyond.pt": (changed(end + 16, u32(0x7FFFFFFF)), "cut short"),
        "zip-name-long.pt": (changed(last + 28, b"\xff\xff"), "directory is broken"),
        "zip-no-header.pt": (changed(first + 42, u32(3)), "no header"),
        "zip-begin-beyond.pt": (changed(first + 42, u32(0x7FFFFFFF)), "ends too early"),
        "zip-checksum.pt": (bytes(bad_sum), "checksum"),
        "zip-deflate-broken.pt": (broken_deflate(ok, data), "broken"),
    }


def broken_deflate(ok, data):
    packed = bytearray(zipped(ok, data, True))
    at = packed.index(b"data.pkl") + 8
    packed[at:at + 4] = b"\xff\xff\xff\xff"
    return bytes(packed)


if __name__ == "__main__":
    hostile()
