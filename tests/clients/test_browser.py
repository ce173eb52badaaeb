"""Chromium: fetch, XMLHttpRequest, EventSource and WebSocket as pages have them."""

import json
import pathlib
import queue
import signal
import urllib.parse

import pytest

from browser import Browser, Page
from output import PATIENCE
from waiting import eventually, state
from websocket import url

PAGE = pathlib.Path(__file__).with_name("websockets.html")


def test_the_page_of_the_probe(start, tmp_path):
    server = start("probe")
    with Browser(f"{server.url}/browser", tmp_path):
        lines = eventually(lambda: state(server)["browser"], "the page tells its results").split("\n")
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) == 14


@pytest.mark.parametrize(
    ("mode", "extensions"),
    [
        ("off", ""),
        ("per-message", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ("context-takeover", "permessage-deflate"),
    ],
)
def test_websockets(start, tmp_path, mode, extensions):
    echo, stopped, killed = (start("probe", f"--ws-deflate={mode}") for _ in range(3))
    results = queue.Queue()
    actions = {
        "results": results.put,
        "stop": lambda _: stopped.signal(signal.SIGTERM),
        "kill": lambda _: killed.kill(),
    }
    with Page(PAGE.read_bytes(), **actions) as page:
        servers = {"echo": url(echo, ""), "stopped": url(stopped, ""), "killed": url(killed, "")}
        query = urllib.parse.urlencode({**servers, "extensions": extensions})
        with Browser(f"{page.url}?{query}", tmp_path):
            outcomes = json.loads(results.get(timeout=PATIENCE))
            codes = set(state(echo)["ws_closed"])
    assert outcomes
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "passed"} == {}
    assert stopped.end() == 0
    assert codes == {1000, 3000, 4999, 1005, 4001}
