"""permessage-deflate (RFC 7692): what is agreed on, and that it is what happens."""

import random
import zlib

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from output import PATIENCE
from server import LOOPBACK, Server
from websocket import COMPRESSED, CONTINUATION, FIN, PING, TEXT, Socket, connect, frame

MODES = ("per-message", "context-takeover")
TAIL = b"\x00\x00\xff\xff"
BOTH = {"server_no_context_takeover", "client_no_context_takeover"}


@pytest.fixture(scope="module")
def servers(transom):
    """A server for each mode."""
    servers = {mode: Server([transom, "probe", f"--ws-deflate={mode}", *LOOPBACK]) for mode in ("off", *MODES)}
    yield servers
    for server in servers.values():
        server.stop()


def agreed(response):
    """The parameters of the extension that a handshake's answer agrees on; `None` if that is none."""
    values = response.headers.get_all("sec-websocket-extensions")
    if not values:
        return None
    (value,) = values
    name, *parameters = (part.strip() for part in value.split(";"))
    assert name == "permessage-deflate"
    assert len(set(parameters)) == len(parameters)
    return set(parameters)


@pytest.mark.parametrize(
    ("offer", "mode", "answer"),
    [
        ({}, "off", None),
        ({}, "per-message", BOTH),
        ({}, "context-takeover", set()),
        ({"server_no_context_takeover": True}, "context-takeover", {"server_no_context_takeover"}),
        ({"client_no_context_takeover": True}, "context-takeover", {"client_no_context_takeover"}),
        ({"server_max_window_bits": 9}, "context-takeover", {"server_max_window_bits=9"}),
        ({"server_max_window_bits": 12}, "per-message", {*BOTH, "server_max_window_bits=12"}),
        ({"client_max_window_bits": True}, "context-takeover", set()),
        ({"client_max_window_bits": 10}, "context-takeover", {"client_max_window_bits=10"}),
    ],
)
def test_what_is_agreed_on(servers, offer, mode, answer):
    with connect(servers[mode], extensions=[ClientPerMessageDeflateFactory(**offer)]) as socket:
        assert agreed(socket.response) == answer
        for message in ("text" * 1000, b"binary" * 1000, "\u00e4" * 100_000, "", "short"):
            for _ in range(3):
                socket.send(message)
                assert socket.recv(PATIENCE) == message


def test_the_flag_alone_is_per_message(start):
    with connect(start("probe", "--ws-deflate"), compression="deflate") as socket:
        assert agreed(socket.response) == BOTH


def test_off_by_default(probe):
    with connect(probe, compression="deflate") as socket:
        assert agreed(socket.response) is None


@pytest.mark.parametrize("mode", MODES)
def test_who_offers_nothing_gets_nothing(servers, mode):
    with connect(servers[mode], compression=None) as socket:
        assert agreed(socket.response) is None
        socket.send("text" * 1000)
        assert socket.recv(PATIENCE) == "text" * 1000


@pytest.mark.parametrize("mode", MODES)
def test_messages_of_every_kind(servers, mode):
    source = random.Random(7)
    noise = source.randbytes(1 << 20)
    messages = [noise, bytes(1 << 20), noise[:100] * 10_000, noise[:65_536], b"", b"x"]
    with connect(servers[mode], compression="deflate") as socket:
        for message in messages:
            socket.send(message)
            if socket.recv(PATIENCE) != message:
                pytest.fail("it is another one")
        # In fragments, of which the first alone says that it is compressed.
        socket.send(iter([messages[2][place : place + 5000] for place in range(0, 100_000, 5000)]))
        assert socket.recv(PATIENCE) == messages[2][:100_000]


def deflated(message):
    """The payload of a message that is compressed by itself."""
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(message) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


class Compressing(Socket):
    """A WebSocket that shows what is compressed."""

    def __init__(self, server):
        super().__init__(server.address, "/ws/echo", "sec-websocket-extensions: permessage-deflate")
        self._inflate = zlib.decompressobj(wbits=-15)

    def echo(self, message, compressed=True):
        """Has a message sent back, and returns the payload of that, which is compressed."""
        if compressed:
            self.frame(TEXT, deflated(message), flags=FIN | COMPRESSED)
        else:
            self.frame(TEXT, message)
        first, payload = self.next()
        assert first == FIN | COMPRESSED | TEXT
        assert self._inflate.decompress(payload + TAIL) == message
        return payload


# Compresses badly by itself, and well once it was seen.
DIGITS = random.Random(7).randbytes(2000).hex().encode()


def test_messages_that_are_compressed_by_themselves(servers):
    with Compressing(servers["per-message"]) as socket:
        first, second = socket.echo(DIGITS), socket.echo(DIGITS)
    assert first == second
    assert len(first) < len(DIGITS)
    assert zlib.decompressobj(wbits=-15).decompress(second + TAIL) == DIGITS


def test_messages_that_are_compressed_by_what_went_before(servers):
    with Compressing(servers["context-takeover"]) as socket:
        first, second = socket.echo(DIGITS), socket.echo(DIGITS)
    assert len(second) < len(first) / 10


@pytest.mark.parametrize("mode", MODES)
def test_a_client_need_not_compress(servers, mode):
    with Compressing(servers[mode]) as socket:
        for compressed in (False, True, False, False, True):
            socket.echo(DIGITS, compressed)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("code", "frames"),
    [
        # Not what DEFLATE makes.
        (1007, [frame(TEXT, b"\xff" * 100, flags=FIN | COMPRESSED)]),
        # Not text.
        (1007, [frame(TEXT, deflated(b"\xff" * 100), flags=FIN | COMPRESSED)]),
        # The first frame alone may say that a message is compressed.
        (1002, [frame(TEXT, deflated(b"text"), flags=COMPRESSED), frame(CONTINUATION, flags=FIN | COMPRESSED)]),
        (1002, [frame(PING, deflated(b"ping"), flags=FIN | COMPRESSED)]),
    ],
)
def test_faults(servers, mode, code, frames):
    with Compressing(servers[mode]) as socket:
        socket.echo(DIGITS)
        assert socket.send(b"".join(frames)).closed() == code
        assert socket.is_dropped()
