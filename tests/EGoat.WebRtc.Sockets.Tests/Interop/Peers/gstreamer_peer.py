"""One end of a connection that does as it is told, with GStreamer's webrtcbin: a command a line in, an answer a line out.

Every message that comes is sent back as it is.
"""
import json
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

Gst.init(None)
pipeline = Gst.Pipeline()
webrtc = Gst.ElementFactory.make("webrtcbin")
webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
pipeline.add(webrtc)
channels = {}


def use(channel):
    channels[channel.get_property("label")] = channel
    # An empty message comes as None, and goes as it came.
    channel.connect("on-message-data", lambda c, data: c.emit("send-data", data))
    channel.connect("on-message-string", lambda c, text: c.emit("send-string", text))


def until(is_true):
    while not is_true():
        time.sleep(0.002)


def is_in(channel, state):
    return channel.get_property("ready-state") == state


def ask(action, *arguments):
    promise = Gst.Promise.new()
    webrtc.emit(action, *arguments, promise)
    promise.wait()
    return promise


def open_channel(command):
    options = Gst.Structure.new_empty("options")
    options.set_value("ordered", command["ordered"])
    if "maxRetransmits" in command:
        options.set_value("max-retransmits", command["maxRetransmits"])
    channel = webrtc.emit("create-data-channel", command["label"], options)
    use(channel)
    return channel


def describe(kind):
    promise = ask(f"create-{kind}", None)
    reply = promise.get_reply()  # what it holds lives as long as both
    description = reply.get_value(kind)
    ask("set-local-description", description)
    until(lambda: webrtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE)
    return webrtc.get_property("local-description").sdp.as_text()


def set_remote(kind, text):
    _, sdp = GstSdp.SDPMessage.new_from_text(text)
    ask("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(kind, sdp))


def offer(command):
    open_channel(command)
    return describe("offer")


def answer(command):
    set_remote(GstWebRTC.WebRTCSDPType.OFFER, command["sdp"])
    return describe("answer")


def accept(command):
    set_remote(GstWebRTC.WebRTCSDPType.ANSWER, command["sdp"])


def opened(command):
    channel = open_channel(command)
    until(lambda: is_in(channel, GstWebRTC.WebRTCDataChannelState.OPEN))


def close(command):
    channels[command["label"]].emit("close")
    closed(command)


def closed(command):
    channel = channels[command["label"]]
    until(lambda: is_in(channel, GstWebRTC.WebRTCDataChannelState.CLOSED))


commands = {
    "offer": offer, "answer": answer, "accept": accept, "open": opened,
    "close": close, "closed": closed,
}

webrtc.connect("on-data-channel", lambda _, channel: use(channel))
pipeline.set_state(Gst.State.PLAYING)
threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
for line in sys.stdin:
    command = json.loads(line)
    try:
        result = {"value": commands[command["do"]](command) or ""}
    except Exception as e:
        result = {"error": repr(e)}
    print(json.dumps(result), flush=True)
