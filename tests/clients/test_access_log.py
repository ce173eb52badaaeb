"""The access log on standard output: formats, contents, and when a line is written."""

import json
import re

import httpx
import pytest

from peer import Peer, ask

TIME = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]"
COMMON = rf'127\.0\.0\.1 - - {TIME} "GET /bytes\?n=10 HTTP/1\.1" 200 10'
AGENT = {"user-agent": 'an "agent"', "referer": "http://there/"}


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (("--access-log", "--access-log-format", "common"), COMMON),
        (("--access-log", "--access-log-format", "combined"), COMMON + r' "http://there/" "an \\"agent\\""'),
        (("--access-log",), COMMON + r' "http://there/" "an \\"agent\\""'),
        (
            ("--access-log", "--access-log-format", "%m|%U|%q|%H|%s|%B|%b|%X|%{user-agent}i|%{none}i|%%"),
            r'GET\|/bytes\|\?n=10\|HTTP/1\.1\|200\|10\|10\|complete\|an \\"agent\\"\|-\|%',
        ),
        (("--access-log", "--access-log-format", "%{rfc3339}t"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    ],
)
def test_formats(start, arguments, pattern):
    server = start("probe", *arguments)
    assert httpx.get(f"{server.url}/bytes?n=10", headers=AGENT).status_code == 200
    line = server.stdout.count(1)[0]
    assert re.fullmatch(pattern, line), line


def test_json(start):
    server = start("probe", "--access-log", "--access-log-format", "json")
    httpx.post(f"{server.url}/body?a=b", headers=AGENT, content=b"x" * 5000)
    entry = json.loads(server.stdout.count(1)[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("time"))
    assert 0 <= entry.pop("duration_ms") < 30_000
    assert entry == {
        "client": "127.0.0.1",
        "method": "POST",
        "target": "/body?a=b",
        "version": "1.1",
        "status": 200,
        "bytes": 5000,
        "referer": "http://there/",
        "user_agent": 'an "agent"',
        "host": "{}:{}".format(*server.address),
        "outcome": "complete",
    }


def test_a_line_is_written_at_completion(start):
    server = start("probe", "--access-log", "--access-log-format", "%U %s %B %{ms}T")
    with Peer(server.address) as peer:
        response = peer.get("/stream?n=2&size=7&delay=0.2").response()
        assert response.read(7) == b"a" * 7
        # Another that is over before.
        assert ask(server.address, "/fixed") == (200, b"hello")
        assert server.stdout.count(1)[0].startswith("/fixed 200 5 ")
        assert response.read() == b"b" * 7
    path, status, size, duration = server.stdout.count(2)[1].split()
    assert (path, status, size) == ("/stream", "200", "14")
    assert int(duration) >= 400


def test_what_becomes_of_exchanges(start):
    server = start("probe", "--access-log", "--access-log-format", "%U %s %B %X")
    for path, line in [
        ("/raise", "/raise 500 \\d+ complete"),
        ("/raise-after-start", "/raise-after-start 200 7 aborted"),
        ("/status/204", "/status/204 204 0 complete"),
    ]:
        with Peer(server.address) as peer:
            peer.get(path).response()
            assert re.fullmatch(line, server.stdout.containing(f"{path} ")), server.stdout.lines()
    with Peer(server.address) as peer:
        peer.get("/wait")
    assert server.stdout.containing("/wait ").endswith(" disconnected")


def test_what_is_not_a_request_is_told_too(start):
    server = start("probe", "--access-log", "--access-log-format", "%m %U %s")
    with Peer(server.address) as peer:
        assert peer.send(b"nonsense\r\n\r\n").answer()[0] == 400
    assert server.stdout.count(1)[0].endswith(" 400")


def test_nothing_sent_can_forge_a_line(start):
    server = start("probe", "--access-log")
    with Peer(server.address) as peer:
        assert peer.get("/%0a", 'user-agent: \xe9\\\t"').answer()[0] == 404
    assert server.stdout.count(1)[0].endswith('"GET /%0a HTTP/1.1" 404 9 "-" "\\xe9\\\\\\x09\\""')


def test_off_by_default(start):
    server = start("probe")
    assert ask(server.address) == (200, b"OK")
    server.stop()
    assert server.stdout.whole() == []


def test_every_line_is_there_at_the_end(start):
    server = start("probe", "--access-log", "--access-log-format", "%U")
    with httpx.Client(base_url=server.url) as client:
        for number in range(300):
            client.get(f"/{number}")
    server.stop()
    assert server.stdout.whole() == [f"/{number}" for number in range(300)]
