"""More clients than file descriptors."""

import select

import pytest

from peer import Peer, ask

CLIENTS = 100
ULIMIT = ("sh", "-c", 'ulimit -n 64 && exec "$@"', "sh")


@pytest.fixture(params=["derived", "flag"])
def crowd(request, start):
    """A server with 64 descriptors, and more clients than that with a request each, of which some are answered."""
    # Left to itself the server takes no more than it can; told to, it has to live with what the system refuses.
    limit = () if request.param == "derived" else ("--limit-connections", "1000")
    server = start("probe", *limit, wrapper=ULIMIT)
    peers = [Peer(server.address) for _ in range(CLIENTS)]
    for peer in peers:
        peer.get("/fixed")
    yield server, peers
    for peer in peers:
        peer.socket.close()


def readable(peers, patience):
    """Those to whom the server has sent something, as soon as there are any."""
    poll = select.poll()
    by_descriptor = {peer.socket.fileno(): peer for peer in peers}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    return [by_descriptor[descriptor] for descriptor, _ in poll.poll(1000 * patience)]


def served(peers):
    """Those that are answered, when no more is to come."""
    done = []
    while news := readable([peer for peer in peers if peer not in done], 1 if done else 30):
        for peer in news:
            assert peer.answer() == (200, b"hello")
        done += news
    return done


def test_the_rest_waits_and_is_served_later(crowd):
    server, peers = crowd
    first = served(peers)
    assert 20 <= len(first) < 64
    waiting = [peer for peer in peers if peer not in first]

    # Who waits costs nothing: no loop that tries again and again.
    before = server.processor_time()
    assert readable(waiting, 1) == []
    assert server.processor_time() - before < 0.2

    # Those that have a place keep being served.
    assert first[0].get("/fixed").answer() == (200, b"hello")

    while waiting:
        for peer in first:
            peer.socket.close()
        first = served(waiting)
        waiting = [peer for peer in waiting if peer not in first]
    for peer in first:
        peer.socket.close()
    assert ask(server.address) == (200, b"OK")


def test_what_the_system_refuses_is_told_without_a_flood(start):
    server = start("probe", "--limit-connections", "1000", wrapper=ULIMIT)
    peers = [Peer(server.address).get("/fixed") for _ in range(CLIENTS)]
    line = server.stderr.containing("cannot accept on")
    assert "Too many open files" in line
    assert "ERROR" in line
    assert readable(peers[-1:], 1) == []
    assert sum("cannot accept" in line for line in server.stderr.lines()) <= 3
    for peer in peers:
        peer.socket.close()


def test_a_stop_does_not_wait_for_those_in_the_backlog(crowd):
    server, peers = crowd
    served(peers)
    server.stop()
