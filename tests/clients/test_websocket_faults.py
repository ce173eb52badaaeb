"""WebSocket clients that break the protocol, stay silent, or leave."""

import zlib

import pytest

from peer import Peer, ask
from waiting import eventually, state
from websocket import BINARY, CLOSE, COMPRESSED, CONTINUATION, FIN, PING, PONG, TEXT, Socket, frame

LIMIT = 64 << 10
MEBIBYTE = 1 << 20


@pytest.fixture
def socket(probe):
    with Socket(probe.address) as socket:
        yield socket


def echoes(socket, payload=b"text"):
    """Whether a message comes back."""
    return socket.frame(TEXT, payload).next() == (FIN | TEXT, payload)


@pytest.mark.parametrize(
    ("code", "frames"),
    [
        (1002, [frame(TEXT, b"text", mask=None)]),
        (1002, [frame(PING, b"", mask=None)]),
        (1002, [frame(3, b"unknown")]),
        (1002, [frame(11, b"unknown")]),
        (1002, [frame(TEXT, b"text", flags=FIN | 0x20)]),
        # Compressed, which nobody agreed on.
        (1002, [frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00", flags=FIN | COMPRESSED)]),
        (1002, [frame(CONTINUATION, b"of nothing")]),
        (1002, [frame(TEXT, b"one", flags=0), frame(TEXT, b"another")]),
        (1002, [frame(PING, b"", flags=0)]),
        (1002, [frame(PING, b"x" * 126)]),
        (1002, [frame(CLOSE, b"\x03")]),
        (1002, [frame(CLOSE, (1005).to_bytes(2))]),
        (1002, [frame(CLOSE, (1006).to_bytes(2))]),
        (1002, [frame(CLOSE, (2999).to_bytes(2))]),
        (1007, [frame(CLOSE, (1000).to_bytes(2) + b"\xff")]),
        (1007, [frame(TEXT, b"\xff")]),
        # A surrogate, in two fragments.
        (1007, [frame(TEXT, b"\xed", flags=0), frame(CONTINUATION, b"\xa0\x80")]),
        # Cut off in the middle of a character.
        (1007, [frame(TEXT, b"\xe2\x82", flags=0), frame(CONTINUATION)]),
    ],
    ids=repr,
)
def test_faults(start, code, frames):
    server = start("probe")
    with Socket(server.address) as socket:
        assert echoes(socket)
        assert socket.send(b"".join(frames)).closed() == code
        assert socket.is_dropped()
    eventually(lambda: state(server)["ws_closed"] == [code], "the application is told the same")


def test_characters_may_be_split_between_fragments(socket):
    text = "\u20ac\U0001f600".encode()
    for place in range(len(text) + 1):
        socket.frame(TEXT, text[:place], flags=0).frame(PING, b"between").frame(CONTINUATION, text[place:])
        assert socket.next() == (FIN | PONG, b"between")
        assert socket.next() == (FIN | TEXT, text)


def test_byte_by_byte(socket):
    for byte in frame(TEXT, b"x" * 200, flags=0) + frame(PING, b"ping") + frame(CONTINUATION, b"y"):
        socket.send(bytes([byte]))
    assert socket.next() == (FIN | PONG, b"ping")
    assert socket.next() == (FIN | TEXT, b"x" * 200 + b"y")


def test_frames_in_the_segment_of_the_handshake(probe):
    with Peer(probe.address) as peer:
        handshake = (
            b"GET /ws/echo HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        peer.send(handshake + frame(TEXT, b"early") + frame(CLOSE, (1000).to_bytes(2)))
        assert peer.rest().endswith(b"\r\n\r\n\x81\x05early\x88\x02\x03\xe8")


@pytest.fixture
def limited(start):
    return start("probe", "--ws-max-message=64k", "--ws-deflate=context-takeover")


def test_a_message_that_is_as_large_as_it_may_be(limited):
    with Socket(limited.address) as socket:
        assert echoes(socket, b"x" * LIMIT)
        socket.frame(BINARY, b"x" * (LIMIT - 1), flags=0).frame(CONTINUATION, b"y")
        assert socket.next() == (FIN | BINARY, b"x" * (LIMIT - 1) + b"y")


def test_a_message_that_is_too_large(limited):
    with Socket(limited.address) as socket:
        # Told by the head of the frame alone.
        socket.send(frame(BINARY, announced=LIMIT + 1))
        assert socket.closed() == 1009
        assert socket.is_dropped()
    with Socket(limited.address) as socket:
        socket.frame(BINARY, b"x" * LIMIT, flags=0).send(frame(CONTINUATION, announced=1))
        assert socket.closed() == 1009
    with Socket(limited.address) as socket:
        assert socket.send(frame(BINARY, announced=1 << 62)).closed() == 1009
    assert ask(limited.address) == (200, b"OK")


def test_a_message_that_is_too_large_when_it_is_decompressed(limited):
    deflate = zlib.compressobj(wbits=-15)
    bomb = deflate.compress(bytes(256 * MEBIBYTE)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) > LIMIT
    before = limited.memory("VmHWM")
    with Socket(limited.address, "/ws/echo", "sec-websocket-extensions: permessage-deflate") as socket:
        socket.frame(BINARY, bomb[: LIMIT // 2], flags=COMPRESSED)
        assert socket.closed() == 1009
        assert socket.is_dropped()
    assert limited.memory("VmHWM") - before < 8 * MEBIBYTE


def test_nobody_answers_pings(start):
    server = start("probe", "--ws-ping-interval=200ms", "--ws-ping-timeout=200ms")
    with Socket(server.address) as socket:
        assert socket.next()[0] == FIN | PING
        assert socket.closed() == 1011
        assert socket.is_dropped()
    eventually(lambda: state(server)["ws_closed"] == [1011], "the application is told the same")


@pytest.mark.parametrize("answer", [PONG, TEXT, PING])
def test_whatever_comes_is_life(start, answer):
    server = start("probe", "--ws-ping-interval=200ms", "--ws-ping-timeout=600ms")
    with Socket(server.address) as socket:
        # Until the first ping, had it not been answered, would be out of time.
        for _ in range(5):
            first, payload = socket.next()
            assert first == FIN | PING
            socket.frame(answer, payload)
            if answer == TEXT:
                assert socket.next() == (FIN | TEXT, payload)
            elif answer == PING:
                assert socket.next() == (FIN | PONG, payload)
        assert echoes(socket)


def test_pings_switched_off(start):
    server = start("probe", "--ws-ping-interval=0", "--ws-ping-timeout=200ms")
    with Socket(server.address) as socket:
        assert ask(server.address, "/slow?t=1") == (200, b"slow")
        assert echoes(socket)


def test_a_close_that_is_not_answered(start):
    server = start("probe", "--ws-close-timeout=300ms")
    with Socket(server.address, "/ws/close") as socket:
        assert socket.next() == (FIN | CLOSE, (4001).to_bytes(2) + b"bye")
        assert socket.is_dropped()
    eventually(lambda: state(server)["ws_closed"] == [1006], "the application is told")


def test_a_close_without_a_code(start):
    server = start("probe")
    with Socket(server.address) as socket:
        socket.frame(CLOSE)
        assert socket.next()[0] == FIN | CLOSE
        assert socket.is_dropped()
    eventually(lambda: state(server)["ws_closed"] == [1005], "the application is told")


def test_clients_that_leave_without_a_close(start):
    server = start("probe")
    Socket(server.address).socket.close()
    Socket(server.address).reset()
    in_a_frame = Socket(server.address).send(frame(TEXT, b"text")[:-1])
    in_a_frame.socket.close()
    eventually(lambda: state(server)["ws_closed"] == [1006] * 3, "the application is told of all")


def test_resets_at_every_point(probe):
    conversation = frame(TEXT, b"te", flags=0) + frame(PING, b"p") + frame(CONTINUATION, b"xt") + frame(CLOSE)
    for length in range(len(conversation) + 1):
        Socket(probe.address).send(conversation[:length]).reset()
    with Socket(probe.address) as socket:
        assert echoes(socket)


def test_a_client_that_does_not_read_is_not_read_from(start):
    server = start("probe", "--timeout-write", "0", "--ws-ping-interval", "0")
    before = server.memory()
    with Socket(server.address, receive_buffer=4096) as socket:
        socket.socket.settimeout(1)
        messages = frame(BINARY, bytes(MEBIBYTE)) * 64
        with pytest.raises(TimeoutError):
            socket.send(messages)
        assert server.memory() - before < 8 * MEBIBYTE
