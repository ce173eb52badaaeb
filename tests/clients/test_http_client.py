"""The client of Python's standard library."""

import http.client
import json

import pytest

from output import PATIENCE


@pytest.fixture
def connection(probe):
    connection = http.client.HTTPConnection(*probe.address, timeout=PATIENCE)
    yield connection
    connection.close()


def ask(connection, method, target, **options):
    connection.request(method, target, **options)
    response = connection.getresponse()
    return response, response.read()


def test_one_connection(connection):
    socket = None
    for _ in range(20):
        assert ask(connection, "GET", "/nocl")[1] == b"hello"
        assert ask(connection, "POST", "/body", body=b"x" * 1000)[1] == b"x" * 1000
        assert socket in (None, connection.sock)
        socket = connection.sock


def test_chunked(connection):
    response, body = ask(connection, "PUT", "/inspect", body=iter([b"a", b"bc"]), encode_chunked=True)
    assert json.loads(body)["body_hex"] == b"abc".hex()
    assert response.version == 11


def test_absolute_form(connection):
    report = json.loads(ask(connection, "GET", "http://name:81/inspect/a?b")[1])
    assert (report["raw_path"], report["query_string"]) == ("/inspect/a", "b")


def test_connect_is_refused(connection):
    connection.set_tunnel("name", 80)
    with pytest.raises(OSError, match="Tunnel connection failed"):
        connection.request("GET", "/")


def test_an_incomplete_answer(connection):
    connection.request("GET", "/raise-after-start-cl")
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as incomplete:
        response.read()
    assert incomplete.value.partial == b"partial"


def test_what_cannot_be_parsed(connection):
    for target in ("/a b", "/a\x7f"):
        connection._validate_path = lambda path: None
        response, _ = ask(connection, "GET", target)
        assert (response.status, response.getheader("connection")) == (400, "close")
        connection.close()
    connection._validate_host = lambda host: None
    response, _ = ask(connection, "GET", "/", headers={"Host": "a b"})
    assert (response.status, response.getheader("connection")) == (400, "close")
