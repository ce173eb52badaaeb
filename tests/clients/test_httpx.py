"""The rows of the probe's contract, as httpx sees them."""

import asyncio
import hashlib

import httpx
import pytest

from output import PATIENCE
from peer import Peer

TEXT = "text/plain"
# /nothing and /nobodymsg; /crlfheader; /bodystatus; /long; /short.
BREAKS = ("RETURN-1", "HTTP-SEND-5", "HTTP-SEND-9", "HTTP-SEND-11", "HTTP-SEND-12")


@pytest.fixture(scope="module")
def client(probe):
    with httpx.Client(base_url=probe.url, timeout=PATIENCE) as client:
        yield client


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "BREW"])
def test_root_answers(client, method):
    response = client.request(method, "/")
    assert (response.status_code, response.content, response.headers["content-type"]) == (200, b"OK", TEXT)
    assert response.headers["content-length"] == "2"
    assert response.http_version == "HTTP/1.1"
    assert "date" in response.headers
    assert response.headers["server"] == "transom"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_root_echoes(client, method):
    assert client.request(method, "/", content=b"x" * 100_000).content == b"x" * 100_000
    assert client.request(method, "/").content == b""


@pytest.mark.parametrize(
    "path", ["/", "/fixed", "/nocl", "/bytes?n=100000", "/stream", "/status/404", "/sse", "/raise"]
)
def test_head_is_get_without_the_body(client, path):
    head, get = client.head(path), client.get(path)
    names = {"content-length", "content-type", "transfer-encoding"}
    assert head.status_code == get.status_code
    assert {name: head.headers.get(name) for name in names} == {name: get.headers.get(name) for name in names}
    assert head.content == b""


# SPEC: SCOPE-7, HEADERS-3
def test_inspect(client, probe):
    body = bytes(range(256))
    fields = [("X-One", "1"), ("X-Two", "z\xe9"), ("x-one", "2")]
    fields = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    response = client.post("/inspect/%41%2f%C3%A9?q=%20+&r", content=body, headers=fields)
    report = response.json()
    assert response.headers["content-type"] == TEXT
    assert {name: report[name] for name in ("type", "method", "http_version", "scheme", "root_path")} == {
        "type": "http",
        "method": "POST",
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
    }
    assert (report["path"], report["raw_path"]) == ("/inspect/A/é", "/inspect/%41%2f%C3%A9")
    assert report["query_string"] == "q=%20+&r"
    assert [pair for pair in report["headers"] if pair[0].startswith("x-")] == [
        ["x-one", "1"],
        ["x-two", "z\xe9"],
        ["x-one", "2"],
    ]
    assert ["content-length", "256"] in report["headers"]
    assert report["server"] == list(probe.address)
    assert report["client"][0] == "127.0.0.1"
    assert report["client"][1] not in (0, probe.address[1])
    assert (report["body_len"], report["body_hex"]) == (256, body.hex())
    assert report["body_sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(("length", "shown"), [(0, True), (4096, True), (4097, False), (5 << 20, False)])
def test_inspect_bodies(client, length, shown):
    body = b"0123456789abcdef" * (length // 16 + 1)
    report = client.put("/inspect", content=body[:length]).json()
    assert (report["body_len"], report["body_sha256"]) == (length, hashlib.sha256(body[:length]).hexdigest())
    assert report["body_hex"] == (body[:length].hex() if shown else None)


def test_asterisk(client):
    report = client.request("OPTIONS", "/", extensions={"target": b"*"}).json()
    assert (report["method"], report["path"]) == ("OPTIONS", "*")


def test_inspect_of_half_a_body_is_not_answered(probe):
    with Peer(probe.address) as peer:
        peer.send(b"POST /inspect HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf")
        peer.socket.shutdown(1)
        assert peer.is_dropped()


def test_echoes(client):
    response = client.post("/body", content=b"\0\xff")
    assert (response.content, response.headers["content-type"]) == (b"\0\xff", "application/octet-stream")
    lines = client.get("/echo", headers={"X-Thing": "a, b"}).text.splitlines()
    assert "x-thing: a, b" in lines
    assert "accept: */*" in lines
    assert client.get("/cookie", headers={"cookie": "a=1; bad; b=x=y"}).text == "a=1\nb=x=y\n"


@pytest.mark.parametrize(
    ("path", "status", "body", "length"),
    [
        ("/noread", 200, b"noread", "6"),
        ("/fixed", 200, b"hello", "5"),
        ("/nocl", 200, b"hello", None),
        ("/bytes", 200, (b"0123456789abcdef" * 63)[:1000], "1000"),
        ("/bytes?n=0", 200, b"", "0"),
        ("/bytes?n=1048577", 200, b"0123456789abcdef" * 65536 + b"0", "1048577"),
        ("/slow?t=0.01", 200, b"slow", "4"),
        ("/stream", 200, b"aaaaabbbbbccccc", None),
        ("/stream?n=27&size=1", 200, b"abcdefghijklmnopqrstuvwxyza", None),
        ("/stream?n=2&size=70000&empty=1", 200, b"a" * 70000 + b"b" * 70000, None),
        ("/stream?n=0", 200, b"", None),
        ("/sse?n=2", 200, b"data: 0\n\ndata: 1\n\n", None),
        ("/status/200", 200, b"", "0"),
        ("/status/204", 204, b"", None),
        ("/status/304", 304, b"", None),
        ("/status/418", 418, b"", "0"),
        ("/status/599", 599, b"", "0"),
        ("/bodystatus/201", 201, b"oops", "4"),
        ("/bodystatus/503", 503, b"oops", "4"),
        ("/fi%78ed", 200, b"hello", "5"),
        ("/unheard-of", 404, b"not found", "9"),
    ],
)
def test_answers(client, path, status, body, length):
    response = client.get(path)
    assert (response.status_code, response.content, response.headers.get("content-length")) == (status, body, length)
    framed = response.headers.get("transfer-encoding")
    assert framed == ("chunked" if length is None and status not in (204, 304) else None)


@pytest.mark.parametrize("path", ["/raise", "/nothing", "/crlfheader", "/bodystatus/204", "/bodystatus/304"])
def test_failures_before_the_start(client, path):
    response = client.get(path)
    assert response.status_code == 500
    assert "x-evil" not in response.headers
    assert "x-inj" not in response.headers
    assert client.get("/fixed").content == b"hello"


@pytest.mark.parametrize(
    ("path", "begun"),
    [
        ("/raise-after-start", b"partial"),
        ("/raise-after-start-cl", b"partial"),
        # A message that does not fit the announced length is refused as a whole.
        ("/short", b""),
        ("/long", b""),
        ("/nobodymsg", b""),
    ],
)
def test_failures_after_the_start_show(client, path, begun):
    with client.stream("GET", path) as response:
        assert response.status_code == 200
        pieces = response.iter_raw()
        if begun:
            assert next(pieces) == begun
        with pytest.raises(httpx.RemoteProtocolError):
            next(pieces)
    assert client.get("/fixed").content == b"hello"


def test_duplicate_fields_stay_in_order(client):
    response = client.get("/dupheaders")
    names = ("set-cookie", "x-mid")
    assert [(name, value) for name, value in response.headers.multi_items() if name in names] == [
        ("set-cookie", "a=1"),
        ("x-mid", "m"),
        ("set-cookie", "b=2"),
    ]
    assert response.content == b"ok"


def test_close_is_obeyed(probe):
    with httpx.Client(base_url=probe.url) as client:
        assert client.get("/close").headers["connection"] == "close"
        # A connection that was kept would be used again.
        ports = [client.get(path).json()["client"][1] for path in ("/inspect", "/inspect")]
        assert ports[0] == ports[1]
        client.get("/close")
        assert client.get("/inspect").json()["client"][1] != ports[0]


def test_state(client):
    before = client.get("/state").json()
    after = client.get("/state").json()
    assert after["requests"] == before["requests"] + 1
    assert (after["startup"], after["ws_closed"]) == (1, [])


def test_browser_page(client):
    page = client.get("/browser")
    assert page.headers["content-type"] == "text/html"
    assert "<script>" in page.text
    assert client.post("/browser-result", content="passed").content == b"OK"
    assert client.get("/state").json()["browser"] == "passed"


def test_pieces_arrive_as_they_are_sent(client):
    with client.stream("GET", "/stream?n=3&size=4&delay=0.05") as response:
        assert list(response.iter_raw()) == [b"aaaa", b"bbbb", b"cccc"]
    with client.stream("GET", "/sse?n=3") as response:
        assert list(response.iter_text()) == [f"data: {event}\n\n" for event in range(3)]


def test_streamed_upload(client):
    pieces = [bytes([number]) * size for number, size in enumerate([1, 10, 4096, 65536, 300_000])]
    report = client.post("/inspect", content=iter(pieces)).json()
    assert ["transfer-encoding", "chunked"] in report["headers"]
    assert report["body_sha256"] == hashlib.sha256(b"".join(pieces)).hexdigest()


def test_bad_queries_are_refused(client):
    for path in ("/stream?n=x", "/bytes?n=-1", "/slow?t=never"):
        assert client.get(path).status_code == 400


def test_a_pool_keeps_its_connections(probe):
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(base_url=probe.url, limits=limits, timeout=PATIENCE) as client:
        ports = {client.post("/inspect", content=b"x" * size).json()["client"][1] for size in range(0, 50_000, 1000)}
    assert len(ports) == 1


@pytest.mark.parametrize("arguments", [(), ("--workers", "1"), ("--reuse-port",), ("--runtime", "work-stealing")])
# SPEC: APP-2
def test_fifty_at_once(start, arguments):
    server = start("probe", "--workers", "4", *arguments)

    async def ask(client, number):
        response = await client.post("/inspect", params={"n": number}, content=bytes([number]) * 10_000 * number)
        report = response.json()
        assert (report["query_string"], report["body_len"]) == (f"n={number}", 10_000 * number)
        return await client.get("/slow", params={"t": 0.1})

    async def run():
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=PATIENCE) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(50)))

    assert [response.content for response in asyncio.run(run())] == [b"slow"] * 50
