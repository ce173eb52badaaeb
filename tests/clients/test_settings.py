"""Flags, variables and the file of variables; and an application's own binary."""

import httpx
import pytest

from peer import Peer, ask
from server import LOOPBACK, Server


def server_field(server):
    return httpx.get(server.url).headers.get("server")


@pytest.fixture
def env_file(tmp_path):
    path = tmp_path / "settings"
    path.write_text("# Comment\nTRANSOM_SERVER_HEADER=file\n\nTRANSOM_HEADER='x-file: a b'\nUNRELATED=1\n")
    return path


def test_a_flag_wins_over_a_variable_and_that_over_the_file(start, env_file):
    variable = {"TRANSOM_SERVER_HEADER": "variable"}
    file = ("--env-file", env_file)
    assert server_field(start("hello")) == "transom"
    assert server_field(start("hello", *file)) == "file"
    assert server_field(start("hello", *file, variables=variable)) == "variable"
    assert server_field(start("hello", *file, "--server-header=flag", variables=variable)) == "flag"
    assert server_field(start("hello", *file, "--no-server-header", variables=variable)) is None


def test_the_rest_of_the_file_is_in_force(start, env_file):
    server = start("hello", variables={"TRANSOM_ENV_FILE": str(env_file)})
    response = httpx.get(server.url)
    assert (response.headers["x-file"], response.headers["server"]) == ("a b", "file")


def test_everything_by_variables(start, tmp_path):
    path = tmp_path / "socket"
    server = start(
        variables={
            "TRANSOM_APP": "probe",
            "TRANSOM_BIND": f"127.0.0.1:0,unix:{path}",
            "TRANSOM_WORKERS": "1",
            "TRANSOM_LIMIT_BODY": "10",
            "TRANSOM_ROOT_PATH": "/api",
            "TRANSOM_DATE_HEADER": "false",
            "TRANSOM_HEADER": "x-one: 1, still\nx-two: 2",
            "TRANSOM_ACCESS_LOG": "true",
            "TRANSOM_ACCESS_LOG_FORMAT": "%U",
            "TRANSOM_LOG_LEVEL": "warn",
        },
        places=2,
    )
    assert httpx.post(f"{server.url}/body", content=b"x" * 11).status_code == 413
    response = httpx.get(f"{server.url}/inspect")
    assert (response.headers["x-one"], response.headers["x-two"]) == ("1, still", "2")
    assert "date" not in response.headers
    assert (response.json()["root_path"], response.json()["path"]) == ("/api", "/api/inspect")
    assert ask(str(path), "/fixed") == (200, b"hello")
    assert "(1 worker)" in server.stderr.count(1)[0]
    server.stdout.containing("/api/inspect")
    server.stop()
    # The level leaves out what is not a warning.
    assert len(server.stderr.whole()) == 2


def test_root_path(start):
    server = start("probe", "--root-path", "/api")
    for path in ("/inspect", "/api/inspect"):
        report = httpx.get(f"{server.url}{path}?q").json()
        assert (report["root_path"], report["path"], report["raw_path"]) == ("/api", "/api/inspect", "/api/inspect")


def test_fields_of_every_response(start):
    fields = ("--header", "x-frame-options: DENY", "--header", "content-type: text/html")
    server = start("probe", *fields, "--no-date-header")
    for path, status in (("/fixed", 200), ("/raise", 500), ("/stream", 200)):
        response = httpx.get(server.url + path)
        assert (response.status_code, response.headers["x-frame-options"]) == (status, "DENY")
        assert "date" not in response.headers
    # What the application says itself stays.
    assert httpx.get(f"{server.url}/fixed").headers.get_list("content-type") == ["text/plain"]


def test_limits_of_heads(start):
    server = start("probe", "--limit-target", "100", "--limit-head", "1k", "--limit-headers", "5")
    for target, fields, status in [
        ("/" + "a" * 98, (), 404),
        ("/" + "a" * 100, (), 414),
        ("/", ("x: y",) * 4, 200),
        ("/", ("x: y",) * 5, 431),
        ("/", ("x: " + "y" * 1024,), 431),
    ]:
        assert ask(server.address, target, *fields)[0] == status, (target, fields)


def test_requests_over_the_limit_are_told_to_come_again(start):
    server = start("probe", "--limit-in-flight", "1")
    with Peer(server.address) as running, Peer(server.address) as refused:
        running.get("/stream?n=2&delay=0.5").response()
        response = refused.get("/").response()
        assert (response.status, response.getheader("retry-after")) == (503, "1")


def test_connections_over_the_limit_wait(start):
    server = start("probe", "--limit-connections", "1")
    with Peer(server.address) as first, Peer(server.address) as second:
        second.get("/fixed")
        # If the second were served, it would be so before the first, which sends later.
        assert first.get("/slow?t=0.2").answer() == (200, b"slow")
        second.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.socket.recv(1)
        second.socket.settimeout(10)
        first.socket.close()
        assert second.answer() == (200, b"hello")


def test_timeouts(start):
    server = start("probe", "--timeout-head", "200ms", "--timeout-keep-alive", "300ms", "--timeout-body", "250ms")
    with Peer(server.address) as silent, Peer(server.address) as head, Peer(server.address) as body:
        head.send(b"GET / HTTP/1.1\r\nhos")
        body.send(b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf")
        assert head.rest().startswith(b"HTTP/1.1 408 ")
        assert body.rest().startswith(b"HTTP/1.1 408 ")
        assert silent.rest() == b""
    with Peer(server.address) as used:
        assert used.get("/fixed").answer() == (200, b"hello")
        assert used.rest() == b""


def test_an_applications_own_binary(hello_binary):
    server = Server([hello_binary, *LOOPBACK])
    assert server.stderr.count(1)[0].split(" on ")[0].endswith(" serving hello")
    assert ask(server.address) == (200, b"Hello, World!\n")
    server.stop()
