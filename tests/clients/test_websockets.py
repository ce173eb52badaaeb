"""WebSockets as the library `websockets` has them: messages, handshakes and closes of good clients."""

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.sync.client import unix_connect

from output import PATIENCE
from waiting import eventually, state
from websocket import connect, ended

MEBIBYTE = 1 << 20


@pytest.fixture
def socket(probe):
    with connect(probe) as socket:
        yield socket


def received(socket):
    return socket.recv(PATIENCE)


@pytest.mark.parametrize("message", ["", "text", "h\u00e9llo \U0001f600", b"", b"binary", bytes(range(256))])
def test_a_message_comes_back_as_what_it_was(socket, message):
    for _ in range(3):
        socket.send(message)
        assert received(socket) == message


# Around what the length in a frame's head is written in.
@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536, MEBIBYTE, 10 * MEBIBYTE])
def test_messages_of_any_size(socket, size):
    binary = (bytes(range(251)) * (size // 251 + 1))[:size]
    text = "\u00e4x" * (size // 3) + "." * (size % 3)
    for message in (binary, text):
        socket.send(message)
        # Not by assert, which would take its time to show the difference.
        if received(socket) != message:
            pytest.fail("it is another one")


def test_many_messages_on_their_way_at_once(socket):
    messages = [f"{number}" * (number % 50) for number in range(500)]
    for message in messages:
        socket.send(message)
    assert [received(socket) for _ in messages] == messages


@pytest.mark.parametrize("pieces", [["one ", "\u00e4", "", " three"], [b"one ", b"", b"three"], ["x" * 1000] * 500])
def test_a_message_in_fragments(socket, pieces):
    socket.send(iter(pieces))
    assert received(socket) == type(pieces[0])().join(pieces)


def test_pings_are_answered(socket):
    for payload in (b"", b"ping", b"x" * 125):
        assert socket.ping(payload).wait(PATIENCE)
    socket.send("text")
    assert received(socket) == "text"


def test_what_the_application_sees_of_the_handshake(probe):
    with connect(
        probe, "/ws/scope?a=%20b", subprotocols=["one", "two"], additional_headers=[("x-a", "1"), ("X-A", "2")]
    ) as socket:
        scope = json.loads(received(socket))
        headers = scope.pop("headers")
        assert scope == {
            "type": "websocket",
            "scheme": "ws",
            "path": "/ws/scope",
            "query_string": "a=%20b",
            "subprotocols": ["one", "two"],
        }
        assert [value for name, value in headers if name == "x-a"] == ["1", "2"]
        assert ["sec-websocket-version", "13"] in headers
        socket.send("text")
        assert received(socket) == "text"


def test_the_last_subprotocol_of_those_offered(probe):
    with connect(probe, "/ws/subprotocol", subprotocols=["a", "b", "c"]) as socket:
        assert socket.subprotocol == "c"
    with connect(probe, "/ws/subprotocol") as socket:
        assert socket.subprotocol is None
    # The application chooses none.
    with connect(probe, subprotocols=["a", "b"]) as socket:
        assert socket.subprotocol is None


def test_fields_of_the_handshakes_answer(probe):
    with connect(probe, "/ws/headers") as socket:
        assert socket.response.headers["x-ws"] == "yes"
        assert socket.response.headers["set-cookie"] == "w=1"
        assert socket.response.headers.get_all("connection") == ["upgrade"]
        assert socket.response.headers.get_all("server") == ["transom"]
        assert "content-length" not in socket.response.headers
        assert "transfer-encoding" not in socket.response.headers


def test_denied(probe):
    with pytest.raises(InvalidStatus) as denial:
        connect(probe, "/ws/reject")
    assert denial.value.response.status_code == 403


def test_websockets_switched_off(start):
    server = start("probe", "--no-ws")
    # As an HTTP request like any other, which the application does not know.
    with pytest.raises(InvalidStatus) as answer:
        connect(server)
    assert answer.value.response.status_code == 404


def test_closed_by_the_application(start):
    server = start("probe")
    with connect(server, "/ws/close") as socket:
        assert ended(socket) == (4001, "bye")
    eventually(lambda: state(server)["ws_closed"] == [4001], "the client's answer is told")


def test_the_application_fails(probe):
    with connect(probe, "/ws/raise") as socket:
        code, reason = ended(socket)
        # And nothing about why.
        assert (code, "raise" in reason) == (1011, False)


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (3000, "x"), (4999, "\u00e4" * 61)])
def test_closed_by_the_client(start, code, reason):
    server = start("probe")
    with connect(server) as socket:
        socket.send("text")
        assert received(socket) == "text"
        socket.close(code, reason)
        # The server's answer has the same code.
        assert ended(socket)[0] == code
    eventually(lambda: state(server)["ws_closed"] == [code], "the code is told")


def test_closed_by_the_client_before_it_has_read_the_answers(start):
    server = start("probe")
    with connect(server, max_queue=None) as socket:
        for _ in range(100):
            socket.send("text" * 100)
        socket.close(3001)
    eventually(lambda: state(server)["ws_closed"] == [3001], "the code is told")


def test_http_goes_on_beside(probe):
    with connect(probe) as socket, httpx.Client(base_url=probe.url) as client:
        for number in range(20):
            socket.send(str(number))
            assert client.get("/fixed").text == "hello"
            assert received(socket) == str(number)


def test_on_a_unix_socket(start, tmp_path):
    path = str(tmp_path / "socket")
    start("probe", "--bind", f"unix:{path}")
    with unix_connect(path, "ws://localhost/ws/echo") as socket:
        socket.send(b"binary")
        assert received(socket) == b"binary"
        socket.close()
        with pytest.raises(ConnectionClosedOK):
            received(socket)
