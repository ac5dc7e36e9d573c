#!/usr/bin/python3
"""A real RTSP server on loopback for fault tests: plays a clip's access units in a loop with its own timestamps.

Run with the system's Python (package gir1.2-gst-rtsp-server-1.0):
    rtsp_server.py PORT CLIP [h264|h265|mjpeg]
Prints `ready` when it listens; the stream is rtsp://127.0.0.1:PORT/camera.
A multifilesrc loop passes a probe but yields no frames, hence appsrc.
"""
import subprocess
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

FPS = 12
CODECS = {
    # As cameras send it: no B pictures, a key frame every two seconds.
    "h264": (["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0", "-g", "24", "-x264-params", "aud=1", "-f", "h264"],
             "video/x-h264,stream-format=byte-stream,alignment=au", "h264parse ! rtph264pay name=pay0 pt=96 config-interval=1"),
    "h265": (["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "aud=1:keyint=24:bframes=0:log-level=none", "-f", "hevc"],
             "video/x-h265,stream-format=byte-stream,alignment=au", "h265parse ! rtph265pay name=pay0 pt=96 config-interval=1"),
    "mjpeg": (["-c:v", "mjpeg", "-huffman", "default", "-q:v", "5", "-pix_fmt", "yuvj420p", "-f", "mjpeg"],
              "image/jpeg", "jpegparse ! rtpjpegpay name=pay0 pt=26"),
}


def access_units(clip, codec):
    """The elementary stream cut at access unit delimiters (or JPEG starts)."""
    stream = subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-i", clip, "-an", *CODECS[codec][0], "pipe:1"],
                            check=True, stdout=subprocess.PIPE).stdout
    mark = {"h264": b"\x00\x00\x00\x01\x09", "h265": b"\x00\x00\x00\x01\x46\x01", "mjpeg": b"\xff\xd8\xff"}[codec]
    starts = []
    at = stream.find(mark)
    while at >= 0:
        starts.append(at)
        at = stream.find(mark, at + len(mark))
    return [stream[a:b] for a, b in zip(starts, starts[1:] + [len(stream)])]


class Loop(GstRtspServer.RTSPMediaFactory):
    def __init__(self, units, codec):
        super().__init__()
        self.units, self.codec = units, codec
        self.set_shared(True)

    def do_create_element(self, _url):
        _, caps, pay = CODECS[self.codec]
        return Gst.parse_launch(f"( appsrc name=source is-live=true do-timestamp=true format=time caps={caps} ! queue ! {pay} )")

    def do_configure(self, media):
        source = media.get_element().get_child_by_name("source")
        state = {"n": 0, "on": True}

        def push():
            if not state["on"]:
                return False
            buffer = Gst.Buffer.new_wrapped(self.units[state["n"] % len(self.units)])
            state["n"] += 1
            return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK

        media.connect("unprepared", lambda _media: state.update(on=False))
        GLib.timeout_add(1000 // FPS, push)


def main():
    port, clip = sys.argv[1], sys.argv[2]
    codec = sys.argv[3] if len(sys.argv) > 3 else "h264"
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = Loop(access_units(clip, codec), codec)
    server.get_mount_points().add_factory("/camera", factory)
    if server.attach(None) == 0:
        sys.exit("the port is taken")
    print("ready", flush=True)
    GLib.MainLoop().run()


main()
