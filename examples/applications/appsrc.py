#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Frames of a program of one's own through rirndeblur, and back.

    appsrc.py [FRAMES]

A bar moves over grey; whoever has frames in memory (a camera's library, an array) puts them where
`picture` stands. Every frame goes in with its time and comes out with the same time.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402,F401  (GstApp gives appsrc its methods)

WIDTH, HEIGHT, RATE = 160, 120, 25


def picture(index):
    """Row by row, three bytes a pixel, rows without padding: a width that 4 divides."""
    row = bytearray(b"\x50" * (3 * WIDTH))
    begin = 3 * (8 * index % (WIDTH - 16))
    row[begin : begin + 48] = b"\xf0" * 48
    return bytes(row) * HEIGHT


def main():
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    Gst.init(None)
    # Blocking keeps the memory small: a frame is asked for when the network is done with another.
    pipeline = Gst.parse_launch(
        f"appsrc name=in format=time block=true max-buffers=2 caps=video/x-raw,format=RGB,"
        f"width={WIDTH},height={HEIGHT},framerate={RATE}/1 ! rirndeblur qos=false ! "
        f"appsink name=out sync=false max-buffers={frames}"
    )
    source, sink = pipeline.get_by_name("in"), pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)

    for index in range(frames):
        buffer = Gst.Buffer.new_wrapped(picture(index))
        buffer.pts = index * Gst.SECOND // RATE
        buffer.duration = Gst.SECOND // RATE
        if source.push_buffer(buffer) != Gst.FlowReturn.OK:
            message = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
            sys.exit(message.parse_error()[0].message if message else "the pipeline has stopped")
    source.end_of_stream()

    times = []
    while sample := sink.pull_sample():
        buffer = sample.get_buffer()
        if buffer.get_size() != 3 * WIDTH * HEIGHT:
            sys.exit("a frame has another size")
        times.append(buffer.pts)
    pipeline.set_state(Gst.State.NULL)
    if times != [index * Gst.SECOND // RATE for index in range(frames)]:
        sys.exit(f"other times than those that went in: {times}")
    print(f"{len(times)} frames")


main()
