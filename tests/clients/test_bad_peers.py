"""Clients that are slow, that leave, or that are killed."""

import signal
import subprocess

import pytest

from peer import Peer, ask
from waiting import Begun, eventually, state


def test_byte_by_byte(probe):
    head = b"POST /body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    body = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n"
    with Peer(probe.address) as peer:
        for byte in head + body:
            peer.send(bytes([byte]))
        assert peer.answer() == (200, b"abcde")
        assert peer.get("/fixed").answer() == (200, b"hello")


def test_the_application_learns_of_a_client_that_is_gone(probe):
    before = state(probe)["disconnects"]
    begun = Begun(probe)
    gone, reset = Peer(probe.address).get("/wait"), Peer(probe.address).get("/wait")
    begun.wait(2)
    gone.socket.close()
    reset.reset()
    eventually(lambda: state(probe)["disconnects"] == before + 2, "both are noticed")


def test_resets_at_every_point(probe):
    upload = b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody"
    requests = upload + b"GET /stream?n=100 HTTP/1.1\r\nhost: a\r\n\r\n"
    for length in range(len(requests) + 1):
        Peer(probe.address).send(requests[:length]).reset()
    assert ask(probe.address, "/fixed") == (200, b"hello")


def test_a_client_that_is_killed_in_the_middle_of_a_download(bench):
    command = ["curl", "--silent", "--no-buffer", "--noproxy", "*", f"{bench.url}/stream?n=1000000&size=65536"]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    for client in clients:
        assert client.stdout.read(1 << 20).count(b"x") == 1 << 20
        client.send_signal(signal.SIGKILL)
        client.wait()
        client.stdout.close()
    assert ask(bench.address, "/plaintext") == (200, b"Hello, World!")
    # No download goes on that nobody takes.
    bench.stop()


def test_a_client_that_does_not_read_is_cut_off(start):
    server = start("probe", "--timeout-write", "300ms", "--access-log", "--access-log-format", "%U %X")
    with Peer(server.address, receive_buffer=4096) as peer:
        peer.get("/bytes?n=1000000000")
        assert server.stdout.count(1) == ["/bytes timeout"]


# In messages that wait for each other, and in one at the end of the call.
@pytest.mark.parametrize(("target", "upload"), [("/stream?n=500&size=64000", 0), ("/body", 32_000_000)])
def test_a_client_that_reads_slowly_is_not(start, target, upload):
    server = start("probe", "--timeout-write", "500ms")
    with Peer(server.address, receive_buffer=1 << 16) as peer:
        peer.send(b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (target.encode(), upload))
        response = peer.send(bytes(upload)).response()
        for _ in range(32):
            # Far longer in all than the timeout, but never as long without a byte.
            assert ask(server.address, "/slow?t=0.05") == (200, b"slow")
            assert len(response.read(1_000_000)) == 1_000_000
        assert response.read() == b""


def test_others_are_served_meanwhile(start):
    server = start("probe", "--workers", "1")
    slow = [Peer(server.address, receive_buffer=4096).get("/bytes?n=100000000") for _ in range(20)]
    half = [Peer(server.address).send(b"GET / HTT") for _ in range(20)]
    with Peer(server.address) as peer:
        for _ in range(100):
            assert peer.get("/fixed").answer() == (200, b"hello")
    for peer in slow + half:
        peer.socket.close()


def test_half_closed(start, probe):
    request = b"GET /slow?t=0.05 HTTP/1.1\r\nhost: a\r\n\r\n"
    server = start("probe", "--half-close")
    with Peer(server.address) as peer, Peer(probe.address) as gone:
        for client in (peer, gone):
            client.send(request).socket.shutdown(1)
        assert peer.rest().endswith(b"\r\n\r\nslow")
        assert gone.is_dropped()
