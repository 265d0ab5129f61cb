#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Serves a video, deblurred while it is sent, over RTSP.

    rtsp_server.py VIDEO [PORT]

Prints its address and serves until it is stopped. PORT 0 (the default) takes a free one. Frames
that come too late for the clients are left out. For a camera put
`v4l2src ! queue leaky=downstream max-size-buffers=1` where the file is read.
"""
import pathlib
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    uri = pathlib.Path(sys.argv[1]).absolute().as_uri()
    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( uridecodebin uri="{uri}" caps=video/x-raw ! videoconvert ! rirndeblur ! '
        "videoconvert ! video/x-raw,format=I420 ! queue ! "
        "x264enc tune=zerolatency speed-preset=veryfast ! rtph264pay name=pay0 )"
    )
    # Each client gets the video from its beginning. With shared media all of them would see the
    # same pictures, and the network would run once.
    factory.set_shared(False)

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[2] if len(sys.argv) > 2 else "0")
    server.get_mount_points().add_factory("/deblurred", factory)
    if server.attach(None) == 0:
        sys.exit("the port is taken")
    print(f"rtsp://127.0.0.1:{server.get_bound_port()}/deblurred", flush=True)
    GLib.MainLoop().run()


main()
