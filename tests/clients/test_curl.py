"""What curl makes of the server."""

import json
import shutil
import subprocess

import pytest

from output import PATIENCE

# /short
BREAKS = ("HTTP-SEND-12",)
pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


def curl(*arguments, data=None):
    """Runs curl to a good end. `--output -` would mix what it got and what it tells, so it tells on standard error."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(PATIENCE), *arguments]
    ended = subprocess.run(command, input=data, capture_output=True, timeout=2 * PATIENCE)
    assert ended.returncode == 0, (command, ended)
    return ended


def told(*arguments, data=None):
    """The body, and what `--write-out '%{stderr}...'` told of it."""
    ended = curl(*arguments, data=data)
    return ended.stdout, ended.stderr.decode()


@pytest.fixture(scope="module")
def two_mebibytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("upload") / "body"
    path.write_bytes(bytes(range(256)) * 8192)
    return path


def test_get(probe):
    body, text = told("--include", "--write-out", "%{stderr}%{http_code} %{http_version}", f"{probe.url}/fixed")
    head, _, body = body.partition(b"\r\n\r\n")
    assert (body, text) == (b"hello", "200 1.1")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")


def test_head(probe):
    head = curl("--head", f"{probe.url}/bytes?n=100").stdout
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 100\r\n" in head
    assert head.endswith(b"\r\n\r\n")


def test_post_that_waits_for_100(probe, two_mebibytes):
    upload = ("--data-binary", f"@{two_mebibytes}", "--header", "expect: 100-continue", "--expect100-timeout", "25")
    ended = curl("--verbose", *upload, f"{probe.url}/body")
    assert ended.stdout == two_mebibytes.read_bytes()
    assert b"< HTTP/1.1 100 Continue" in ended.stderr
    assert b"< HTTP/1.1 200 OK" in ended.stderr


def test_a_body_that_nobody_reads_is_not_asked_for(probe, two_mebibytes):
    upload = ("--data-binary", f"@{two_mebibytes}", "--header", "expect: 100-continue", "--expect100-timeout", "25")
    body, text = told(*upload, "--write-out", "%{stderr}%{http_code} %{size_upload}", f"{probe.url}/noread")
    assert (body, text) == (b"noread", "200 0")


def test_an_early_answer_survives_the_rest_of_the_upload(probe, two_mebibytes):
    upload = ("--data-binary", f"@{two_mebibytes}", "--header", "expect:")
    body, text = told(*upload, "--write-out", "%{stderr}%{http_code}", f"{probe.url}/noread")
    assert (body, text) == (b"noread", "200")


def test_a_body_over_the_limit(start, two_mebibytes):
    server = start("probe", "--limit-body", "1M")
    code = ("--write-out", "%{stderr}%{http_code}")
    for expect in ("expect:", "expect: 100-continue"):
        for framing in ("x-none: 1", "transfer-encoding: chunked"):
            upload = ("--data-binary", f"@{two_mebibytes}", "--header", expect, "--header", framing)
            assert told(*upload, *code, f"{server.url}/body")[1] == "413", (expect, framing)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_chunked_upload(probe, two_mebibytes, method):
    upload = ("--header", "transfer-encoding: chunked", "--request", method, "--data-binary", f"@{two_mebibytes}")
    report = json.loads(curl(*upload, f"{probe.url}/inspect").stdout)
    assert (report["method"], report["body_len"]) == (method, 2 << 20)
    assert ["transfer-encoding", "chunked"] in report["headers"]


def test_chunked_upload_of_unknown_length(probe):
    ended = curl("--upload-file", "-", f"{probe.url}/body", data=b"piped" * 1000)
    assert ended.stdout == b"piped" * 1000


def test_http_1_0(probe):
    tell = ("--http1.0", "--include", "--write-out", "%{stderr}%{http_version}")
    for path, body in (("/fixed", b"hello"), ("/nocl", b"hello"), ("/stream", b"aaaaabbbbbccccc")):
        answer, _ = told(*tell, probe.url + path)
        head, _, got = answer.partition(b"\r\n\r\n")
        assert got == body
        assert b"connection: close" in head
        assert b"transfer-encoding" not in head
    report = json.loads(curl("--http1.0", f"{probe.url}/inspect").stdout)
    assert report["http_version"] == "1.0"


def test_http_1_0_keeps_the_connection_where_it_can(probe):
    tell = ("--http1.0", "--header", "connection: keep-alive", "--write-out", "%{stderr}%{num_connects}")
    body, text = told(*tell, f"{probe.url}/fixed", f"{probe.url}/fixed", f"{probe.url}/nocl")
    assert (body, text) == (b"hello" * 3, "100")


def test_one_connection_for_many(probe):
    paths = ["/fixed", "/nocl", "/raise", "/status/204", "/bytes?n=100000", "/noread", "/unheard-of"] * 3
    _, text = told("--write-out", "%{stderr}%{num_connects}", *(probe.url + path for path in paths))
    assert text == "1" + "0" * (len(paths) - 1)


def test_one_connection_for_many_uploads(probe, two_mebibytes):
    tell = ("--data-binary", f"@{two_mebibytes}", "--write-out", "%{stderr}%{num_connects}", "--header", "expect:")
    body, text = told(*tell, f"{probe.url}/body", f"{probe.url}/inspect", f"{probe.url}/")
    assert text == "100"
    assert body.startswith(two_mebibytes.read_bytes())


def test_unix_socket(start, tmp_path):
    path = tmp_path / "socket"
    start("probe", "--bind", f"unix:{path}")
    report = json.loads(curl("--unix-socket", str(path), "--data", "body", "http://name/inspect").stdout)
    assert ["host", "name"] in report["headers"]
    assert report["body_len"] == 4
    assert report["server"] == [str(path), None]


def test_trailing_parts_of_an_url(probe):
    report = json.loads(curl("--path-as-is", f"{probe.url}/inspect/../a//b;c?d?e#f").stdout)
    assert (report["raw_path"], report["query_string"]) == ("/inspect/../a//b;c", "d?e")


@pytest.mark.parametrize(
    ("arguments", "codes"),
    # 18 is a body that is shorter than announced or lacks its last chunk; 56 a connection that was reset.
    [
        (["/short"], (18, 56)),
        (["/raise-after-start"], (18, 56)),
        (["/raise-after-start-cl"], (18, 56)),
        # Where the end of the connection is the end of the body, only a reset tells.
        (["/raise-after-start", "--http1.0"], (56,)),
    ],
)
def test_aborted_downloads(probe, arguments, codes):
    path, *options = arguments
    command = ["curl", "--silent", "--noproxy", "*", *options, probe.url + path]
    assert subprocess.run(command, capture_output=True, timeout=PATIENCE).returncode in codes
