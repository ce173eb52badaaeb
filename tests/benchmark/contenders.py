"""The servers that are measured."""

from dataclasses import dataclass
from pathlib import Path

PYTHON = Path(__file__).resolve().parent / "python"

# What a server can do.
PLAINTEXT, JSON, SINK, ECHO, STREAM, WEBSOCKET = "plaintext", "json", "sink", "echo", "stream", "websocket"
ALL = frozenset({PLAINTEXT, JSON, SINK, ECHO, STREAM, WEBSOCKET})


@dataclass(frozen=True)
class Contender:
    name: str
    # With {port}; {programs} is where the programs are that were built, {venv} the environment of Python's.
    command: str
    does: frozenset = ALL
    # Packages whose versions say what it is.
    packages: tuple = ()

    @property
    def python(self):
        return "{venv}" in self.command


TRANSOM = "{programs}/transom bench --bind 127.0.0.1:{port}"
UVICORN = (
    "{venv}/bin/python -m uvicorn app:app --port {port} --loop uvloop --http httptools --timeout-keep-alive 75"
    f" --app-dir {PYTHON} --no-access-log --log-level error"
)
GRANIAN = (
    "{venv}/bin/granian app:app --interface asgi --port {port} --workers 1 --loop uvloop"
    f" --working-dir {PYTHON} --no-access-log --log-level error --backpressure 20000"
)

CONTENDERS = {
    contender.name: contender
    for contender in [
        Contender("transom", TRANSOM + " --workers 1"),
        Contender("hyper", "{programs}/peer-hyper {port}", packages=("hyper", "tokio-tungstenite")),
        # With the option, streamed bodies are gathered without bound.
        Contender("hyper-flush", "{programs}/peer-hyper {port} pipeline-flush", ALL - {STREAM, WEBSOCKET}),
        Contender(
            "fastwebsockets",
            "{programs}/peer-hyper {port} fastwebsockets",
            frozenset({WEBSOCKET}),
            packages=("fastwebsockets",),
        ),
        Contender("axum", "{programs}/peer-axum {port}", packages=("axum",)),
        # It closes the connection when a response begins before the request is read.
        Contender("actix", "{programs}/peer-actix {port}", ALL - {ECHO}, packages=("actix-web", "actix-ws")),
        Contender("floor", "{programs}/peer-floor {port}", frozenset({PLAINTEXT}), packages=("httparse", "tokio")),
        Contender("uvicorn", UVICORN, packages=("uvicorn", "uvloop", "httptools", "websockets")),
        Contender("granian", GRANIAN, packages=("granian",)),
    ]
}
