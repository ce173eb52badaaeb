"""Where the server listens, and what it leaves behind."""

import os
import socket
import stat
import subprocess
import sys

import httpx
import pytest

from output import PATIENCE
from peer import Peer, ask
from server import environment, has_ipv6

IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")

# Passes the descriptors that its first argument names on as 3, 4, ..., in the way of systemd.
ACTIVATE = """
import fcntl, os, sys
# Out of the way first.
numbers = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in sys.argv[1].split(",")]
for place, number in enumerate(numbers, 3):
    os.dup2(number, place)
os.environ.update(LISTEN_FDS=str(len(numbers)), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def refused(transom, *arguments, code=3, **variables):
    """The one line of a server that does not start."""
    command = [str(transom), "hello", *arguments]
    ended = subprocess.run(command, env=environment(variables), capture_output=True, text=True, timeout=PATIENCE)
    assert (ended.returncode, ended.stdout) == (code, ""), ended
    line, _, rest = ended.stderr.partition("\n")
    assert line.startswith("transom: error: "), ended.stderr
    assert not rest, ended.stderr
    return line


def test_a_port_in_use(transom, start):
    host, port = start("hello").address
    line = refused(transom, "--bind", f"{host}:{port}")
    assert f"{host}:{port}" in line
    assert "in use" in line


def test_an_address_of_another_machine(transom):
    assert "192.0.2.1:0" in refused(transom, "--bind", "192.0.2.1:0")


def test_one_bad_place_is_enough(transom, tmp_path):
    path = tmp_path / "socket"
    refused(transom, "--bind", f"unix:{path}", "--bind", "192.0.2.1:0")
    assert not path.exists()


@IPV6
def test_several_at_once(start, tmp_path):
    places = ("127.0.0.1:0", "[::1]:0", "*:0", f"unix:{tmp_path / 'socket'}", "localhost:0")
    server = start("probe", *(word for place in places for word in ("--bind", place)), places=len(places))
    v4, v6, dual, unix, name = server.places
    assert (v4[0], v6[0], dual[0], unix) == ("127.0.0.1", "::1", "::", str(tmp_path / "socket"))
    for place in (v4, v6, unix, ("127.0.0.1", dual[1]), ("::1", dual[1]), name):
        assert ask(place) == (200, b"OK"), place
    # Each for its own family, unless both were asked for.
    for host, port in (("::1", v4[1]), ("127.0.0.1", v6[1])):
        with pytest.raises(ConnectionRefusedError):
            ask((host, port))


@IPV6
def test_both_families_in_what_the_application_sees(start):
    port = start("probe", "--bind", "*:0").address[1]
    for host in ("127.0.0.1", "[::1]"):
        report = httpx.get(f"http://{host}:{port}/inspect").json()
        assert report["server"][1] == port
        assert report["client"][0] in ("127.0.0.1", "::ffff:127.0.0.1", "::1")


def test_unix_socket(start, tmp_path):
    path = tmp_path / "socket"
    server = start("probe", "--bind", f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://name") as client:
        assert client.post("/body", content=b"x" * 1_000_000).content == b"x" * 1_000_000
        assert client.get("/bytes?n=1000000").content.endswith(b"0123456789abcdef")
        report = client.get("/inspect").json()
        assert (report["scheme"], report["server"], report["client"]) == ("http", [str(path), None], None)
    server.stop()
    assert not path.exists()


@pytest.mark.parametrize("mode", ["600", "660", "0777"])
def test_unix_socket_with_mode(start, tmp_path, mode):
    path = tmp_path / "socket"
    start("hello", "--bind", f"unix:{path}", "--unix-mode", mode)
    assert stat.S_IMODE(path.stat().st_mode) == int(mode, 8)


def test_a_stale_unix_socket_is_replaced(start, tmp_path):
    path = tmp_path / "socket"
    start("probe", "--bind", f"unix:{path}").kill()
    assert path.is_socket()
    server = start("probe", "--bind", f"unix:{path}")
    assert ask(str(path)) == (200, b"OK")
    server.stop()
    assert not path.exists()


def test_what_is_in_use_or_no_socket_is_left_alone(transom, start, tmp_path):
    path = tmp_path / "socket"
    start("probe", "--bind", f"unix:{path}")
    assert "in use" in refused(transom, "--bind", f"unix:{path}")
    assert ask(str(path)) == (200, b"OK")
    file = tmp_path / "file"
    file.write_text("precious")
    assert "not a socket" in refused(transom, "--bind", f"unix:{file}")
    assert file.read_text() == "precious"


def test_the_socket_of_a_successor_is_not_removed(start, tmp_path):
    path = tmp_path / "socket"
    first = start("probe", "--bind", f"unix:{path}")
    path.unlink()
    start("probe", "--bind", f"unix:{path}")
    first.stop()
    assert ask(str(path)) == (200, b"OK")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_inherited_descriptor(start, workers):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        server = start("probe", "--bind", f"fd://{number}", "--workers", workers, inherit=[number])
        assert server.address == listener.getsockname()
    assert ask(server.address) == (200, b"OK")


def test_an_inherited_unix_socket_is_the_parents(start, tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        server = start("probe", "--bind", f"fd://{listener.fileno()}", inherit=[listener.fileno()])
    assert server.address == path
    assert ask(path) == (200, b"OK")
    server.stop()
    assert os.path.exists(path)


def test_systemd(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
        unix.listen()
        numbers = [tcp.fileno(), unix.fileno()]
        wrapper = (sys.executable, "-c", ACTIVATE, ",".join(map(str, numbers)))
        server = start("probe", "--bind", "systemd", wrapper=wrapper, inherit=numbers, places=2)
        # Between the start of the service and the first byte of its answer, the socket already took connections.
        assert server.places == [tcp.getsockname(), str(tmp_path / "socket")]
    for place in server.places:
        assert ask(place) == (200, b"OK")


def test_descriptors_that_are_none(transom):
    assert "LISTEN_FDS" in refused(transom, "--bind", "systemd")
    # Meant for another process.
    assert "LISTEN_PID" in refused(transom, "--bind", "systemd", LISTEN_FDS="1", LISTEN_PID="1")
    assert "not an open socket" in refused(transom, "--bind", "fd://77")
    assert "not an open socket" in refused(transom, "--bind", "fd://0")


def test_a_descriptor_that_does_not_listen(transom):
    with socket.socket() as other:
        command = [str(transom), "hello", "--bind", f"fd://{other.fileno()}"]
        ended = subprocess.run(command, capture_output=True, text=True, pass_fds=[other.fileno()], timeout=PATIENCE)
        assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
        assert "does not listen" in ended.stderr


def test_a_restart_takes_the_port_at_once(start):
    server = start("probe")
    with Peer(server.address) as peer:
        # The server closes first, and so is left in TIME-WAIT.
        assert peer.get("/close").answer() == (200, b"hello")
        assert peer.rest() == b""
    server.stop()
    again = start("probe", "--bind", "{}:{}".format(*server.address))
    assert ask(again.address) == (200, b"OK")
