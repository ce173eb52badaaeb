"""Runs a program of the workspace under callgrind while the load client asks it."""

import os
import queue
import re
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
CLIENT = TARGET / "tests" / "benchmark" / "client"

# How long a server may take to start, or a client to finish, in seconds: under load it takes many times the usual.
PATIENCE = 120


@dataclass(frozen=True)
class Program:
    # What cargo is asked to build, and where it puts it.
    build: tuple
    path: str
    arguments: tuple = ()


PROGRAMS = {
    "bench": Program(("--package", "transom-launcher"), "release/transom", ("bench",)),
    "routed": Program(("--package", "transom-web", "--example", "routed"), "release/examples/routed"),
}


def build():
    """Builds the programs as they are shipped, and the client."""
    for program in PROGRAMS.values():
        cargo(*program.build, manifest=ROOT / "Cargo.toml", target=TARGET)
    cargo("--package", "load", manifest=ROOT / "tests" / "benchmark" / "Cargo.toml", target=CLIENT)


def cargo(*arguments, manifest, target):
    command = [
        "cargo",
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        manifest,
        "--target-dir",
        target,
    ]
    subprocess.run([*command, *arguments], check=True, cwd=ROOT)


class Cores:
    """The cores that we may use. A server shares one with its client: then each of them has done all that it can when
    the other goes on, and counts are the same each time."""

    def __init__(self):
        self.free = queue.SimpleQueue()
        usable = os.sched_getaffinity(0)
        self.count = len(usable)
        for core in usable:
            self.free.put(core)

    @contextmanager
    def take(self):
        core = self.free.get()
        try:
            yield core
        finally:
            self.free.put(core)


def per_request(scenario, cores):
    """Instructions for a request."""
    with cores.take() as core:
        few, many = (instructions(scenario, requests, core) for requests in (scenario.few, scenario.many))
    return (many - few) / (scenario.many - scenario.few)


def instructions(scenario, requests, core):
    """All that the server executes from its start to its end."""
    watch = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    return collected(serve(scenario, watch, core, connections=1, requests=requests))


def serve(scenario, watch, core, connections, requests):
    """Runs a server under a program that watches it, until it has answered so many requests. Returns what both have
    written."""
    program = PROGRAMS[scenario.program]
    pinned = ["taskset", "--cpu-list", str(core)]
    server = subprocess.Popen(
        [*pinned, *watch, str(TARGET / program.path), *program.arguments, "--bind", "127.0.0.1:0", "--workers", "1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
        start_new_session=True,
    )
    try:
        port, log = listening(server.stderr)
        client = [*pinned, CLIENT / "release" / "load", *scenario.load.split(), "--connections", str(connections)]
        client += ["--requests", str(requests), "--port", port]
        subprocess.run(client, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    finally:
        # The server is this process, or its child.
        os.killpg(server.pid, signal.SIGTERM)
        _, rest = server.communicate(timeout=PATIENCE)
    return log + rest


def listening(lines):
    """The port that a server says it is on, and what it has written so far."""
    log = ""
    for line in lines:
        log += line
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return found[1], log
    raise RuntimeError(f"the server does not start:\n{log}")


def collected(log):
    found = re.search(r"Collected\s*:\s*(\d+)", log)
    if not found:
        raise RuntimeError(f"callgrind does not tell what it counted:\n{log}")
    return int(found[1])


def versions():
    """What numbers depend on."""
    rustc = first_line("rustc", "--version").split()[1]
    libc = first_line("ldd", "--version").split()[-1]
    valgrind = first_line("valgrind", "--version").removeprefix("valgrind-")
    return {"rustc": rustc, "libc": libc, "valgrind": valgrind}


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
