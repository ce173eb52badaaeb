"""Many WebSockets, what is left of them in the log, and what becomes of them when the server stops."""

import asyncio
import json
import re
import signal
import time

import pytest
from websockets.asyncio.client import connect as connect_asynchronously
from websockets.exceptions import InvalidStatus

from output import PATIENCE
from waiting import eventually, state
from websocket import CLOSE, FIN, TEXT, Socket, connect, ended, url

# What a stop may take, if it need not wait for anything.
PROMPT = 5.0
MANY = 500


@pytest.mark.parametrize("mode", ["off", "per-message", "context-takeover"])
def test_many_at_the_same_time(start, mode):
    server = start("probe", f"--ws-deflate={mode}")
    joined = asyncio.Barrier(MANY)

    async def client(number):
        async with connect_asynchronously(url(server), proxy=None, open_timeout=PATIENCE) as socket:
            # All are there before the first of them speaks.
            await joined.wait()
            for message in (f"{number} " * 100, f"{number}", f"{number} " * 1000):
                await socket.send(message)
                assert await socket.recv() == message

    async def clients():
        async with asyncio.TaskGroup() as group:
            for number in range(MANY):
                group.create_task(client(number))

    asyncio.run(clients())
    eventually(lambda: state(server)["ws_closed"] == [1000] * 50, "all are closed")


def test_a_stop_closes_them(start):
    server = start("probe")
    with connect(server) as idle, connect(server) as busy:
        busy.send("text")
        assert busy.recv(PATIENCE) == "text"
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert ended(idle)[0] == 1012
        assert ended(busy)[0] == 1012
        assert server.end() == 0
    assert time.monotonic() - began < PROMPT


def test_a_stop_waits_for_the_answer_as_long_as_a_close_does(start):
    server = start("probe", "--ws-close-timeout=300ms")
    with Socket(server.address) as socket:
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert socket.closed() == 1012
        assert server.end() == 0
        assert 0.3 <= time.monotonic() - began < PROMPT
        assert socket.is_dropped()


def test_a_second_signal_does_not_wait(start):
    server = start("probe")
    with Socket(server.address) as socket:
        began = time.monotonic()
        server.terminate()
        assert socket.closed() == 1012
        server.signal(signal.SIGTERM)
        assert server.end() == 1
        assert time.monotonic() - began < PROMPT


REQUEST = r'127\.0\.0\.1 - - \[[^]]+\] "GET /ws/echo\?a=b HTTP/1\.1" 101'
AGENT = r'"-" "Python/\S+ websockets/\S+"'


def converse(server, path="/ws/echo?a=b"):
    """Four bytes in two messages there and back, and a close with 3000."""
    with connect(server, path, compression="deflate") as socket:
        for message in ("\u00e4", b"ab"):
            socket.send(message)
            assert socket.recv(PATIENCE) == message
        socket.ping(b"ping").wait(PATIENCE)
        socket.close(3000, "x")


def test_two_lines_in_the_access_log(start):
    server = start("probe", "--access-log", "--ws-deflate")
    converse(server)
    accepted, closed = server.stdout.count(2)
    assert re.fullmatch(rf"{REQUEST} \S+ {AGENT} websocket=accepted", accepted), accepted
    end = r"websocket=closed code=3000 seconds=\d+\.\d+ received=2/4 sent=2/4"
    assert re.fullmatch(rf"{REQUEST} 4 {AGENT} {end}", closed), closed


def test_the_first_line_is_written_when_it_is_accepted(start):
    server = start("probe", "--access-log", "--access-log-format", "%s %{event}W %{code}W %X")
    with connect(server, "/ws/close") as socket:
        assert server.stdout.count(1) == ["101 accepted - complete"]
        assert ended(socket) == (4001, "bye")
    assert server.stdout.count(2)[1] == "101 closed 4001 complete"


def test_json_in_the_access_log(start):
    server = start("probe", "--access-log", "--access-log-format", "json")
    converse(server)
    accepted, closed = map(json.loads, server.stdout.count(2))
    assert accepted["websocket"] == "accepted"
    assert "code" not in accepted
    assert {name: closed[name] for name in list(closed)[list(closed).index("websocket") :]} == {
        "websocket": "closed",
        "code": 3000,
        "messages_received": 2,
        "messages_sent": 2,
        "bytes_received": 4,
        "bytes_sent": 4,
    }


def test_what_becomes_of_them_in_the_access_log(start):
    server = start("probe", "--access-log", "--access-log-format", "%U %s %{event}W %{code}W %X")
    Socket(server.address, "/ws/lost").reset()
    assert server.stdout.containing("/ws/lost 101 closed") == "/ws/lost 101 closed 1006 disconnected"
    with connect(server, "/ws/raise") as socket:
        assert ended(socket)[0] == 1011
    assert server.stdout.containing("/ws/raise 101 closed") == "/ws/raise 101 closed 1011 aborted"
    with Socket(server.address, "/ws/empty") as socket:
        socket.frame(CLOSE)
        assert socket.next()[0] == FIN | CLOSE
    assert server.stdout.containing("/ws/empty 101 closed") == "/ws/empty 101 closed 1005 complete"
    with Socket(server.address, "/ws/bad") as socket:
        assert socket.frame(TEXT, b"\xff").closed() == 1007
    assert server.stdout.containing("/ws/bad 101 closed") == "/ws/bad 101 closed 1007 disconnected"
    with pytest.raises(InvalidStatus):
        connect(server, "/ws/reject")
    # A denial is an answer like others.
    assert server.stdout.containing("/ws/reject") == "/ws/reject 403 - - complete"
