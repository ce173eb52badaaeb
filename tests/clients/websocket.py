"""WebSockets: those of the library `websockets`, and one that decides by itself what goes over the wire."""

import struct

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as websockets_connect

from output import PATIENCE
from peer import Peer

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, COMPRESSED = 0x80, 0x40


def url(server, path="/ws/echo"):
    """Where a server has a WebSocket, as clients take it."""
    return f"ws{server.url.removeprefix('http')}{path}"


def connect(server, path="/ws/echo", **options):
    """An open WebSocket, without compression and without limits of the client's own, unless they are asked for."""
    return websockets_connect(
        url(server, path), **{"proxy": None, "compression": None, "max_size": None, "ping_interval": None, **options}
    )


def ended(socket):
    """Code and reason of the server's close frame, which is what comes next."""
    with pytest.raises(ConnectionClosed) as end:
        socket.recv(PATIENCE)
    return end.value.rcvd.code, end.value.rcvd.reason


def frame(opcode, payload=b"", flags=FIN, mask=b"\x12\x34\x56\x78", announced=None):
    """A frame as a client sends it (RFC 6455 section 5.2), or with `mask=None` as it must not.

    `announced` is the length that it is said to have, instead of that of the payload.
    """
    length = len(payload) if announced is None else announced
    head = bytes([flags | opcode])
    bit = 0x80 if mask else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 1 << 16:
        head += struct.pack("!BH", bit | 126, length)
    else:
        head += struct.pack("!BQ", bit | 127, length)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


class Socket(Peer):
    """A WebSocket on a connection of its own."""

    def __init__(self, address, target="/ws/echo", *fields, **options):
        super().__init__(address, **options)
        self.get(
            target,
            "connection: upgrade",
            "upgrade: websocket",
            "sec-websocket-version: 13",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
            *fields,
        )
        self._unread = bytearray()
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        assert status == "HTTP/1.1 101 Switching Protocols", head
        self.fields = dict(field.split(": ", 1) for field in fields)
        assert self.fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    def frame(self, opcode, payload=b"", **options):
        """Sends a frame."""
        return self.send(frame(opcode, payload, **options))

    def next(self):
        """The next frame: its first byte, and its payload."""
        first, length = self._take(2)
        assert length < 0x80, "it is masked"
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        return first, self._take(length)

    def closed(self):
        """The code with which the server closes, without anything in front, and without an answer."""
        first, payload = self.next()
        assert first == FIN | CLOSE, (first, payload)
        return int.from_bytes(payload[:2])

    def _take(self, count):
        while len(self._unread) < count:
            self._more()
        taken, self._unread = self._unread[:count], self._unread[count:]
        return bytes(taken)

    def _more(self):
        data = self.socket.recv(1 << 16)
        assert data, f"the connection ends after {bytes(self._unread[:200])}"
        self._unread += data
