#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A camera application: camerabin with rirndeblur in what is shown and in what is recorded.

    camera.py OUTPUT [FRAMES] [--test-picture]

Records until FRAMES frames (20) have gone into OUTPUT, a Matroska file. With --test-picture there
is neither a camera nor a window.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstPbutils", "1.0")
from gi.repository import Gst, GstPbutils  # noqa: E402


def profile():
    """VP8 in Matroska, no sound."""
    def caps(text):
        return Gst.Caps.from_string(text)

    whole = GstPbutils.EncodingContainerProfile.new(
        "video", None, caps("video/x-matroska"), None)
    whole.add_profile(GstPbutils.EncodingVideoProfile.new(caps("video/x-vp8"), None, None, 0))
    return whole


def camera(output, test_picture):
    camera = Gst.ElementFactory.make("camerabin")
    # Two elements, as camerabin wants one for each branch; they share their weights.
    for branch in ("viewfinder", "video"):
        deblur = Gst.ElementFactory.make("rirndeblur", f"{branch}-deblur")
        camera.set_property(f"{branch}-filter", deblur)
    if test_picture:
        source = Gst.ElementFactory.make("wrappercamerabinsrc")
        source.set_property("video-source", Gst.parse_bin_from_description(
            "videotestsrc is-live=true pattern=ball", True))
        camera.set_property("camera-source", source)
        camera.set_property("viewfinder-sink", Gst.ElementFactory.make("fakesink"))
    small = Gst.Caps.from_string("video/x-raw,width=320,height=240,framerate=10/1")
    for kind in ("viewfinder", "video-capture"):
        camera.set_property(f"{kind}-caps", small)
    camera.set_property("mode", 2)  # a video, not a single picture
    camera.set_property("video-profile", profile())
    camera.set_property("location", output)
    camera.set_property("flags", 0x2 | 0x4 | 0x8)  # conversions yes, sound no
    return camera


def wait(camera, kinds, name=None):
    """The next message of these kinds; an error ends the program."""
    bus = camera.get_bus()
    while True:
        message = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, kinds | Gst.MessageType.ERROR)
        if message.type == Gst.MessageType.ERROR:
            sys.exit(message.parse_error()[0].message)
        if name is None or message.get_structure().get_name() == name:
            return message


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if not words:
        sys.exit(__doc__)
    wanted = int(words[1]) if len(words) > 1 else 20
    Gst.init(None)
    bin = camera(words[0], "--test-picture" in sys.argv)
    seen = 0

    def count(_pad, _info):
        nonlocal seen
        seen += 1
        if seen == wanted:
            # From another thread: a bus may be posted to from anywhere.
            bin.post_message(Gst.Message.new_application(bin, Gst.Structure.new_empty("enough")))
        return Gst.PadProbeReturn.OK

    filter = bin.get_property("video-filter")
    filter.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, count)
    bin.set_state(Gst.State.PLAYING)
    wait(bin, Gst.MessageType.ASYNC_DONE)
    bin.emit("start-capture")
    wait(bin, Gst.MessageType.APPLICATION, "enough")
    bin.emit("stop-capture")
    wait(bin, Gst.MessageType.ELEMENT, "video-done")
    shown = bin.get_property("viewfinder-filter").get_property("stats").get_value("frames-out")
    bin.set_state(Gst.State.NULL)
    print(f"{seen} frames recorded, {shown} shown")


main()
