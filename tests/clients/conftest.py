"""Servers for the tests, and the programs that they run."""

import os
import pathlib
import resource

import pytest

from server import LOOPBACK, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.addoption("--binaries", type=pathlib.Path, default=target / "debug", help="where transom and hello are")


@pytest.fixture(scope="session", autouse=True)
def descriptors():
    """Room for a thousand connections and their clients; the servers inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.fixture(scope="session")
def transom(request):
    """The path of the binary."""
    return request.config.getoption("--binaries") / "transom"


@pytest.fixture(scope="session")
def hello_binary(request):
    """The path of the binary that serves `hello` and nothing else."""
    return request.config.getoption("--binaries") / "hello"


@pytest.fixture(scope="module")
def probe(request, transom):
    """A server that the tests of one module share. The module's `VARIABLES` are those of its run, and `BREAKS` is what
    its requests have the application break."""
    yield from shared(request.module, [transom, "probe", *LOOPBACK])


@pytest.fixture(scope="module")
def bench(request, transom):
    """As `probe`."""
    yield from shared(request.module, [transom, "bench", *LOOPBACK])


def shared(module, command):
    server = Server(command, variables=getattr(module, "VARIABLES", None), breaks=getattr(module, "BREAKS", ()))
    yield server
    server.stop()


@pytest.fixture
def start(transom):
    """Starts servers that end with the test: in order, unless the test has ended them."""
    servers = []

    def start(*arguments, wrapper=(), **options):
        if "--bind" not in arguments and "TRANSOM_BIND" not in options.get("variables", {}):
            arguments = (*arguments, *LOOPBACK)
        servers.append(Server([*wrapper, transom, *arguments], **options))
        return servers[-1]

    yield start
    try:
        for server in servers:
            server.stop()
    finally:
        for server in servers:
            server.kill()
