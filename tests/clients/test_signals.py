"""Stopping: in order, and at once."""

import http.client
import signal

import httpx
import pytest

from output import PATIENCE
from peer import Peer, ask
from waiting import Begun, eventually

# Far below the default grace of 30 s, which is what a stop takes that waits for what it should not wait for.
PROMPT = 10.0

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def refuses(address):
    """Whether nobody listens."""
    try:
        Peer(address).socket.close()
    except ConnectionRefusedError:
        return True
    return False


@SIGNALS
def test_nothing_to_wait_for(start, number):
    server = start("probe")
    assert ask(server.address) == (200, b"OK")
    server.signal(number)
    assert server.end(PROMPT) == 0
    assert server.stderr.lines()[1:]
    assert all("INFO" in line for line in server.stderr.lines()[1:])


@SIGNALS
def test_idle_connections_are_closed(start, number):
    server = start("probe")
    with Peer(server.address) as used, Peer(server.address), httpx.Client(base_url=server.url) as client:
        assert used.get("/").answer() == (200, b"OK")
        assert client.get("/").content == b"OK"
        server.signal(number)
        assert server.end(PROMPT) == 0
        assert used.rest() == b""


@SIGNALS
def test_what_runs_is_finished(start, number):
    server = start("probe")
    begun = Begun(server)
    with Peer(server.address) as slow, Peer(server.address) as upload:
        slow.get("/slow?t=1")
        upload.send(b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nha")
        begun.wait(2)
        server.signal(number)
        eventually(lambda: refuses(server.address), "nobody listens any more")
        response = slow.response()
        assert (response.status, response.getheader("connection"), response.read()) == (200, "close", b"slow")
        assert slow.rest() == b""
        response = upload.send(b"lf").response()
        assert (response.status, response.getheader("connection"), response.read()) == (200, "close", b"half")
    assert server.end(PROMPT) == 0


def test_a_pipeline_ends_with_what_runs(start):
    server = start("probe")
    begun = Begun(server)
    with Peer(server.address) as peer:
        peer.get("/slow?t=0.5").get("/fixed")
        begun.wait(1)
        server.terminate()
        answers = peer.rest()
        assert answers.count(b"HTTP/1.1 200 OK") == 1
        assert answers.endswith(b"\r\n\r\nslow")
    assert server.end(PROMPT) == 0


def test_a_stream_goes_on_to_its_end(start):
    server = start("probe")
    with httpx.Client(timeout=PATIENCE) as client:
        with client.stream("GET", f"{server.url}/stream?n=10&size=2&delay=0.05") as response:
            pieces = response.iter_raw()
            assert next(pieces) == b"aa"
            server.terminate()
            assert b"".join(pieces) == b"bbccddeeffgghhiijj"
        assert server.end(PROMPT) == 0


@SIGNALS
def test_the_second_signal_does_not_wait(start, number):
    server = start("probe")
    with Peer(server.address) as peer:
        response = peer.get("/stream?n=1000&delay=1000").response()
        server.terminate()
        server.signal(number)
        assert server.end(PROMPT) == 1
        assert server.stderr.lines()[-1] == "transom: error: stopped by a second signal, running requests were dropped"
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            response.read()


def test_the_grace_ends(start):
    server = start("probe", "--timeout-grace", "300ms")
    begun = Begun(server)
    with Peer(server.address) as peer, Peer(server.address) as waiting:
        peer.get("/stream?n=1000&delay=1000").response()
        waiting.get("/wait")
        begun.wait(2)
        server.terminate()
        assert server.end(PROMPT) == 0
        server.stderr.containing("dropping 2 connections after the grace")


def test_the_grace_is_not_waited_for(start):
    server = start("probe", "--timeout-grace", "0")
    with Peer(server.address) as peer:
        peer.get("/stream?n=1000&delay=1000").response()
        server.terminate()
        assert server.end(PROMPT) == 0


@pytest.mark.parametrize(
    "arguments", [("--workers", "1"), ("--workers", "3", "--reuse-port"), ("--runtime", "work-stealing")]
)
def test_every_kind_of_worker_stops(start, arguments):
    server = start("probe", *arguments)
    begun = Begun(server)
    with Peer(server.address) as slow, Peer(server.address) as idle:
        assert idle.get("/").answer() == (200, b"OK")
        slow.get("/slow?t=0.3")
        begun.wait(2)
        server.terminate()
        assert slow.answer() == (200, b"slow")
    assert server.end(PROMPT) == 0
