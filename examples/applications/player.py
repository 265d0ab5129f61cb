#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A player that deblurs what it shows, the left half as it was.

    player.py VIDEO [--no-window]

The same works in every application that lets one set the property `video-filter` of its playbin.
Without a window the video runs as fast as it can.
"""
import pathlib
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    Gst.init(None)
    player = Gst.ElementFactory.make("playbin3")
    # An element of one's own, not a text: its properties can be set while the video runs.
    deblur = Gst.ElementFactory.make("rirndeblur")
    if deblur is None:
        sys.exit("there is no element rirndeblur: set GST_PLUGIN_PATH")
    deblur.set_property("split-view", "vertical")
    # playbin puts a videoconvert before and after the filter.
    player.set_property("video-filter", deblur)
    player.set_property("uri", pathlib.Path(sys.argv[1]).absolute().as_uri())
    if "--no-window" in sys.argv:
        for kind in ("video", "audio"):
            sink = Gst.ElementFactory.make("fakesink")
            sink.set_property("sync", False)
            player.set_property(f"{kind}-sink", sink)

    player.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = player.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, ends)
    # Read before the element stops: at the next start the counters begin anew.
    stats = deblur.get_property("stats")
    player.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)
    print(f"{stats.get_value('frames-out')} frames, {stats.get_value('dropped')} dropped")


main()
