"""Standard streams that nobody reads, or that cannot be written to."""

import os
import signal
import subprocess

from output import PATIENCE
from peer import Peer, ask
from server import environment
from waiting import eventually


def answers(path):
    """Whether a server listens on the Unix socket `path`."""
    try:
        return ask(path) == (200, b"OK")
    except (FileNotFoundError, ConnectionRefusedError):
        return False


def test_a_log_that_nobody_reads_holds_nobody_up(start):
    reader, writer = os.pipe()
    redirect = ("sh", "-c", f'exec "$@" > /dev/fd/{writer}', "sh")
    server = start("probe", "--access-log", wrapper=redirect, inherit=[writer])
    with Peer(server.address) as peer:
        # Far more than the pipe and the queue hold.
        for _ in range(1000):
            assert peer.get("/" + "a" * 7000).answer() == (404, b"not found")
    server.stop()
    os.close(writer)
    os.close(reader)


def test_a_log_that_cannot_be_written(start):
    redirect = ("sh", "-c", 'exec "$@" > /dev/full', "sh")
    server = start("probe", "--access-log", wrapper=redirect)
    for _ in range(10):
        assert ask(server.address) == (200, b"OK")
    assert "No space left on device" in server.stderr.containing("access log")
    server.stop()
    # Once is enough.
    assert sum("access log" in line for line in server.stderr.lines()) == 1


def test_messages_that_cannot_be_written(transom, tmp_path):
    path = str(tmp_path / "socket")
    with open("/dev/full", "wb") as full:
        command = [transom, "probe", "--bind", f"unix:{path}"]
        process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, stderr=full)
    try:
        eventually(lambda: answers(path), "a server that cannot say that it listens")
        assert ask(path, "/raise")[0] == 500
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
