"""The application `demo`, as people use it: in tabs of a browser."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import urllib.request

import pytest

from devtools import ALT, Tabs
from peer import Peer, ask
from waiting import eventually
from websocket import connect, ended

POSTGRES = pathlib.Path(__file__).resolve().parents[1] / "postgres"
CARDS = 12
LOADED = f"""document.getElementById("link").dataset.state === "live"
    && document.querySelectorAll(".card").length >= {CARDS}
    && document.querySelectorAll("#activity li").length >= {CARDS}"""


@pytest.fixture
def demo(start, tmp_path):
    """Starts servers of one task board."""

    def demo(*arguments, **variables):
        own = {"TRANSOM_DEMO_DATA": str(tmp_path / "data"), "DATABASE_URL": "", "BROADCAST_URL": "", **variables}
        return start("demo", "--workers", "2", *arguments, variables=own)

    return demo


@pytest.fixture
def tabs(tmp_path):
    with Tabs(tmp_path) as tabs:
        yield tabs


def opened(tabs, server):
    """A tab with the board."""
    tab = tabs.open(server.url)
    tab.until(LOADED)
    return tab


def column(number):
    return f".column:nth-child({number})"


def titles(tab, number):
    """The cards of a column, from top to bottom."""
    return tab.run(f"[...document.querySelectorAll('{column(number)} h3')].map((title) => title.textContent)")


def has_titles(tab, number, expected):
    eventually(lambda: titles(tab, number) == expected, f"column {number} has {expected}")


def latest(tab, text):
    """Waits until the feed begins with `text`."""
    tab.until(f"document.querySelector('#activity li p').textContent.startsWith({json.dumps(text)})")


def nth(number, place):
    """The selector of a card by its place."""
    return f"{column(number)} .card:nth-child({place})"


def api(server, method, path, content=None):
    """Status and JSON of a response of the API."""
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{server.url}{path}", body, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as response:
        return response.status, json.loads(response.read())


def test_a_drag_is_seen_by_others_and_stays(demo, tabs):
    server = demo()
    mine, other = opened(tabs, server), opened(tabs, server)
    for tab in (mine, other):
        tab.until("document.getElementById('present').textContent === '2 here'")
    todo, review = titles(mine, 1), titles(mine, 3)
    mine.drag(nth(1, 2), nth(3, 2), dy=-5)
    moved = [review[0], todo[1], *review[1:]]
    for tab in (mine, other):
        has_titles(tab, 1, [todo[0], *todo[2:]])
        has_titles(tab, 3, moved)
        latest(tab, f"Amara Okafor moved {todo[1]} to In review")
    assert mine.run("document.getElementById('editor').open") is False
    other.reload()
    other.until(LOADED)
    has_titles(other, 3, moved)
    # Below all others, and within a column.
    mine.drag(nth(3, 1), nth(3, 3), dy=10)
    has_titles(other, 3, [*moved[1:], moved[0]])
    assert mine.complaints() + other.complaints() == []


def test_a_card_is_added_edited_and_deleted(demo, tabs, tmp_path):
    server = demo()
    mine, other = opened(tabs, server), opened(tabs, server)
    title = '<img src=x onerror="document.title=1"> & "quotes"'
    mine.click(f"{column(2)} .add input")
    mine.type(title)
    mine.press("Enter")
    has_titles(other, 2, [*titles(other, 2)[:3], title])
    latest(other, f"Amara Okafor added {title} in In progress")

    mine.until("document.querySelector('.column:nth-child(2) .add input').value === ''")
    mine.click(nth(2, 4))
    mine.until("document.getElementById('editor').open")
    mine.run("document.querySelector('#editor [name=title]').select()")
    mine.type("Plain")
    mine.click("#editor [name=description]")
    mine.type("All that is to be said")
    mine.run("document.querySelector('#editor [name=assignee]').value = '3'")
    mine.run("document.querySelector('#editor [name=due]').value = '2031-05-17'")
    mine.click("#save")
    mine.until("!document.getElementById('editor').open")
    has_titles(other, 2, [*titles(other, 2)[:3], "Plain"])
    facts = other.run(f"document.querySelector('{nth(2, 4)}').innerText").split("\n")
    assert [fact for fact in facts if fact] == ["Plain", "All that is to be said", "May 17", "MT"]

    mine.click(nth(2, 4))
    mine.until("document.getElementById('editor').open")
    mine.click("#delete")
    mine.click("#delete")
    mine.until("!document.getElementById('editor').open")
    eventually(lambda: len(titles(other, 2)) == 3, "the card is gone")
    latest(other, "Amara Okafor deleted Plain")
    assert other.run("document.title").startswith("Launch of Transom")
    assert mine.complaints() + other.complaints() == []


def test_keys_move_a_card(demo, tabs):
    tab = opened(tabs, demo())
    first, second, *rest = titles(tab, 1)
    tab.run(f"document.querySelector('{nth(1, 1)}').focus()")
    tab.press("ArrowDown", ALT)
    has_titles(tab, 1, [second, first, *rest])
    tab.until(f"document.activeElement.querySelector('h3')?.textContent === {json.dumps(first)}")
    tab.press("ArrowRight", ALT)
    has_titles(tab, 1, [second, *rest])
    eventually(lambda: titles(tab, 2)[1] == first, "it is in the next column")
    assert tab.run("document.getElementById('said').textContent") == f"{first}: In progress, 2 of 4"
    latest(tab, f"Amara Okafor moved {first} to In progress")
    tab.press("Enter")
    tab.until("document.getElementById('editor').open")
    tab.press("Escape")
    tab.until("!document.getElementById('editor').open")


def test_older_activity(demo, tabs):
    server = demo()
    for number in range(25):
        api(server, "POST", "/api/cards", {"board": 1, "column": 1, "title": f"Card {number}"})
    tab = opened(tabs, server)
    rows = "document.querySelectorAll('#activity li').length"
    eventually(lambda: tab.run(rows) == 30, "the last ones are there")
    latest(tab, "Somebody added Card 24 in To do")
    tab.click("#older")
    eventually(lambda: tab.run(rows) == CARDS + 25, "all are there")
    ids = tab.run("[...document.querySelectorAll('#activity li')].map((row) => Number(row.dataset.id))")
    assert ids == sorted(ids, reverse=True)
    assert tab.run("document.getElementById('older').hidden")


def test_files(demo, tabs, tmp_path):
    server = demo()
    mine, other = opened(tabs, server), opened(tabs, server)
    large = os.urandom(3 << 20)
    (tmp_path / "plan ü.bin").write_bytes(large)
    (tmp_path / "note.html").write_text("<script>alert(1)</script>")
    mine.click(nth(1, 1))
    mine.until("document.getElementById('editor').open")
    mine.choose_files("#editor [name=files]", tmp_path / "plan ü.bin", tmp_path / "note.html")
    names = "[...document.querySelectorAll('#files a')].map((link) => link.textContent)"
    eventually(lambda: mine.run(names) == ["plan ü.bin", "note.html"], "the files are attached")
    eventually(
        lambda: other.run(f"document.querySelector('{nth(1, 1)} .files-count').textContent") == "2 files",
        "others see them",
    )
    links = mine.run("[...document.querySelectorAll('#files a')].map((link) => link.href)")
    with urllib.request.urlopen(links[0]) as response:
        assert response.read() == large
    part = urllib.request.Request(links[0], headers={"range": "bytes=1000000-1000099"})
    with urllib.request.urlopen(part) as response:
        assert (response.status, response.read()) == (206, large[1_000_000:1_000_100])
    with urllib.request.urlopen(links[1]) as response:
        assert response.headers["content-disposition"].startswith("attachment")
        assert response.headers["content-security-policy"] == "sandbox"
    mine.click("#files button")
    eventually(lambda: mine.run(names) == ["note.html"], "the file is removed")
    assert mine.complaints() + other.complaints() == []


def test_an_edit_does_not_undo_another_one(demo, tabs):
    server = demo()
    tab = opened(tabs, server)
    tab.click(nth(1, 1))
    tab.until("document.getElementById('editor').open")
    _, board = api(server, "GET", "/api/boards/1")
    theirs = min(board["cards"], key=lambda card: card["id"])
    edit = {"version": theirs["version"], "title": "Theirs", "description": "", "assignee": None, "due": None}
    assert api(server, "PUT", f"/api/cards/{theirs['id']}", edit)[0] == 200
    tab.until("!document.getElementById('editor-trouble').hidden")
    tab.run("document.querySelector('#editor [name=title]').select()")
    tab.type("Mine")
    tab.click("#save")
    tab.until("document.getElementById('editor-trouble').textContent.includes('Save again')")
    assert titles(tab, 1)[0] == "Theirs"
    tab.click("#save")
    tab.until("!document.getElementById('editor').open")
    eventually(lambda: titles(tab, 1)[0] == "Mine", "it is mine")


@pytest.mark.parametrize("kind", ["slow-sync", "slow-async"])
def test_a_slow_request_stalls_nobody(demo, tabs, kind):
    # One worker, which everybody shares.
    tab = opened(tabs, demo("--workers", "1"))
    tab.click(f"#{kind}")
    answered = int(tab.until("document.getElementById('slow-result').dataset.others"))
    assert answered >= 10, tab.run("document.getElementById('slow-result').textContent")


def test_it_stops_in_order_and_pages_come_back(demo, tabs):
    server = demo()
    host, port = server.address
    pages = [opened(tabs, server), opened(tabs, server)]
    server.signal(signal.SIGTERM)
    # The grace is 30 seconds: nothing waits for that.
    assert server.end(patience=5) == 0
    for tab in pages:
        tab.until("document.getElementById('link').dataset.state === 'lost'")
    server = demo("--bind", f"{host}:{port}")
    _, board = api(server, "GET", "/api/boards/1")
    api(server, "POST", "/api/cards", {"board": 1, "column": board["columns"][3]["id"], "title": "Made meanwhile"})
    for tab in pages:
        tab.until("document.getElementById('link').dataset.state === 'live'")
        eventually(lambda tab=tab: titles(tab, 4)[-1] == "Made meanwhile", "the page shows what it has missed")
        latest(tab, "Somebody added Made meanwhile in Done")


def test_streams_end_in_order(demo):
    server = demo()
    with Peer(server.address) as peer, connect(server, "/live?board=1") as socket:
        stream = peer.get("/activity/stream?board=1").response()
        assert stream.readline().startswith(b"id: ")
        assert json.loads(socket.recv()) == {"present": 1}
        server.signal(signal.SIGTERM)
        # It raises if the last chunk is missing.
        assert stream.read().endswith(b"\n\n")
        assert ended(socket)[0] == 1012
    assert server.end(patience=5) == 0


class Postgres:
    """A database of our own."""

    def __init__(self, place):
        self._place = place

    def start(self):
        """Returns its address."""
        return self._run("start").strip()

    def stop(self):
        self._run("stop")

    def _run(self, action):
        return subprocess.run([POSTGRES, action, self._place], check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture
def postgres():
    # Its user may not see what is below pytest's directory.
    with tempfile.TemporaryDirectory() as place:
        postgres = Postgres(place)
        yield postgres
        postgres.stop()


def test_two_workers_and_postgres(demo, tabs, postgres):
    address = postgres.start()
    server = demo(DATABASE_URL=address)
    mine, other = opened(tabs, server), opened(tabs, server)
    first, *_ = titles(mine, 1)
    mine.drag(nth(1, 1), nth(4, 1), dy=-10)
    for tab in (mine, other):
        eventually(lambda tab=tab: titles(tab, 4)[0] == first, "it is moved")
        latest(tab, f"Amara Okafor moved {first} to Done")
    server.signal(signal.SIGTERM)
    assert server.end(patience=5) == 0
    server = demo(DATABASE_URL=address)
    tab = opened(tabs, server)
    assert titles(tab, 4)[0] == first


@pytest.fixture
def redis(tmp_path):
    """The address of a Redis of our own."""
    place = tmp_path / "redis.sock"
    options = ["--port", "0", "--unixsocket", place, "--save", "", "--appendonly", "no"]
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as process:
        eventually(place.exists, "Redis listens")
        yield f"redis+unix://{place}"
        process.terminate()


def test_two_servers_show_the_same(demo, tabs, postgres, redis):
    shared = {"DATABASE_URL": postgres.start(), "BROADCAST_URL": redis}
    mine, other = (opened(tabs, demo(**shared)) for _ in range(2))
    first, *_ = titles(mine, 1)
    mine.drag(nth(1, 1), nth(2, 1), dy=-10)
    eventually(lambda: titles(other, 2)[0] == first, "the other server's page shows it")
    latest(other, f"Amara Okafor moved {first} to In progress")


def test_it_is_not_ready_without_its_database(demo, postgres):
    server = demo(DATABASE_URL=postgres.start())
    assert ask(server.address, "/ready")[0] == 200
    postgres.stop()
    assert ask(server.address, "/ready")[0] == 503
    assert ask(server.address, "/health")[0] == 200
    postgres.start()
    eventually(lambda: ask(server.address, "/ready")[0] == 200, "the database is found again")
