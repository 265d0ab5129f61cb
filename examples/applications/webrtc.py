#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""rirndeblur before the encoder of a WebRTC call.

    webrtc.py [FRAMES]

Sender and receiver are in one process: offers, answers and candidates go from one webrtcbin to
the other without a server. Ends when the receiver has decoded FRAMES frames (10). Of a real call
the half that begins with `videotestsrc` stays, with a camera in its place.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstWebRTC  # noqa: E402,F401

# The leaky queue: a call wants the newest picture, not every picture.
CALL = """
    videotestsrc is-live=true pattern=ball ! video/x-raw,width=160,height=120,framerate=10/1 !
    queue leaky=downstream max-size-buffers=1 ! videoconvert ! rirndeblur ! videoconvert !
    vp8enc deadline=1 keyframe-max-dist=10 ! rtpvp8pay !
    application/x-rtp,media=video,encoding-name=VP8,payload=96 ! webrtcbin name=sender
    webrtcbin name=receiver
"""


class Call:
    def __init__(self, frames):
        self.wanted, self.seen = frames, 0
        self.failure = None
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(CALL)
        self.sender = self.pipeline.get_by_name("sender")
        self.receiver = self.pipeline.get_by_name("receiver")
        self.sender.connect("on-negotiation-needed", self.offer)
        self.sender.connect("on-ice-candidate", self.candidate, self.receiver)
        self.receiver.connect("on-ice-candidate", self.candidate, self.sender)
        self.receiver.connect("pad-added", self.receive)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.fail)

    def offer(self, sender):
        promise = Gst.Promise.new_with_change_func(self.offered)
        sender.emit("create-offer", None, promise)

    def offered(self, promise):
        # The binding lets the reply own its values: it has to outlive their use.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.sender.emit("set-local-description", offer, None)
        # Creating an answer needs the offer in place: both are queued, in this order.
        self.receiver.emit("set-remote-description", offer, None)
        promise = Gst.Promise.new_with_change_func(self.answered)
        self.receiver.emit("create-answer", None, promise)

    def answered(self, promise):
        reply = promise.get_reply()
        answer = reply.get_value("answer")
        self.receiver.emit("set-local-description", answer, None)
        self.sender.emit("set-remote-description", answer, None)

    @staticmethod
    def candidate(_from, line, text, to):
        to.emit("add-ice-candidate", line, text)

    def receive(self, _receiver, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        viewer = Gst.parse_bin_from_description(
            "rtpvp8depay ! vp8dec ! fakesink name=view signal-handoffs=true sync=false", True
        )
        viewer.get_by_name("view").connect("handoff", self.frame)
        self.pipeline.add(viewer)
        viewer.sync_state_with_parent()
        pad.link(viewer.sinkpads[0])

    def frame(self, *_):
        self.seen += 1
        if self.seen == self.wanted:
            GLib.idle_add(self.loop.quit)

    def fail(self, _bus, message):
        self.failure = message.parse_error()[0].message
        self.loop.quit()

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)


def main():
    Gst.init(None)
    call = Call(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    call.run()
    if call.failure:
        sys.exit(call.failure)
    print(f"{call.wanted} frames")


main()
