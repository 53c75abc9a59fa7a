"""The two servers a copy runs between: one generates results while sending, one answers like S3 and discards.

The embedded cloud would keep every byte in memory, and a copy of 1 GB would measure the cloud.
"""

from __future__ import annotations

import os
import re
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from multiprocessing.connection import Connection

from PIL import Image

_BLOCK = 1 << 20
_FILLER = os.urandom(_BLOCK)
WIDTH = 1024  # pixels of the pictures that are uploaded
_XML = '<?xml version="1.0" encoding="UTF-8"?>'


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


PNG_HEAD = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1024, 1024, 8, 2, 0, 0, 0))


def png(size: int) -> bytes:
    """A picture of noise, which does not compress: a little less than `size` bytes."""
    rows = (size - size // 512) // (3 * WIDTH)
    file = BytesIO()
    Image.frombytes("RGB", (WIDTH, rows), os.urandom(3 * WIDTH * rows)).save(file, "png")
    return file.getvalue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Nothing to say."""

    def _say(self, body: str = "", **headers: str) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


class Results(_Handler):
    """/<bytes>.png is a PNG's head and then noise, so many bytes in all."""

    def do_GET(self) -> None:
        left = int(self.path.strip("/").partition(".")[0])
        self.send_response(200)
        self.send_header("content-type", "image/png")
        self.send_header("content-length", str(left))
        self.end_headers()
        self.wfile.write(PNG_HEAD)
        left -= len(PNG_HEAD)
        while left > 0:
            self.wfile.write(_FILLER if left >= _BLOCK else _FILLER[:left])
            left -= _BLOCK


class Sink(_Handler):
    """As much of S3 as putting an object takes, whole or in parts."""

    def setup(self) -> None:
        super().setup()
        self._buffer = memoryview(bytearray(_BLOCK))

    def do_PUT(self) -> None:
        self._drop()
        self._say(etag='"0"')

    def do_POST(self) -> None:
        self._drop()
        if re.search(r"\?uploads\b", self.path):
            self._say(f"{_XML}<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
        else:
            self._say(f'{_XML}<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>')

    def _drop(self) -> None:
        left = int(self.headers.get("content-length", "0"))
        while left > 0:
            left -= self.rfile.readinto(self._buffer[: min(left, _BLOCK)])


def serve_results(ready: Connection) -> None:
    """Serve until the other end of `ready` closes; says the base URL there first."""
    _serve(ready, Results)


def serve_sink(ready: Connection) -> None:
    """The same for the sink."""
    _serve(ready, Sink)


def _serve(ready: Connection, handler: type[_Handler]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready.send(f"http://127.0.0.1:{server.server_address[1]}")
    try:
        ready.recv()
    except EOFError:
        return
