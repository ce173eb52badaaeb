"""Builds the servers and the client."""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from contenders import PYTHON
from machine import note

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Programs:
    def __init__(self, place, allocator, logs):
        self.allocator = allocator
        self.logs = logs
        self.target = place / allocator
        self.directory = self.target / "release"
        self.venv = place / "venv"
        self.has_peers = False
        self.has_python = False
        self.place = place
        # tests/instructions has it there too.
        self.client = place / "client"

    @property
    def load(self):
        return str(self.client / "release" / "load")

    def package(self, name):
        """The arguments of cargo for a package of servers."""
        features = ["--features", f"{name}/mimalloc"] if self.allocator == "mimalloc" else []
        return ["--package", name, *features]

    def with_allocator(self, allocator):
        """The program `transom` once more, with another one."""
        other = Programs(self.place, allocator, self.logs)
        build_transom(other)
        return other

    def command(self, template, port):
        return template.format(programs=self.directory, venv=self.venv, port=port)


@contextmanager
def build(options):
    """Builds what the options ask for."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
    place = target / "tests" / "benchmark"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="transom-benchmark-") as logs:
        programs = Programs(place, options.allocator, Path(logs))
        build_transom(programs)
        cargo("--package", "load", manifest=HERE / "Cargo.toml", target=programs.client)
        if options.with_peers:
            cargo(*programs.package("peers"), manifest=HERE / "Cargo.toml", target=programs.target)
            programs.has_peers = True
            programs.has_python = install_python(programs)
        yield programs


def build_transom(programs):
    cargo(*programs.package("transom-launcher"), manifest=ROOT / "Cargo.toml", target=programs.target)


def cargo(*arguments, manifest, target):
    command = ["cargo", "build", "--release", "--locked", "--manifest-path", str(manifest)]
    command += ["--target-dir", str(target), *arguments]
    print(f"$ {' '.join(command)}", file=sys.stderr, flush=True)
    subprocess.run(command, check=True, cwd=ROOT)


def install_python(programs):
    """Whether there are servers in Python now. It takes a network, and wheels for this machine."""
    requirements = PYTHON / "requirements.txt"
    stamp = programs.venv / "requirements.txt"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return True
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", programs.venv], check=True, capture_output=True)
        pip = [programs.venv / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--requirement", requirements], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        note(f"uvicorn and granian are left out, they cannot be installed: {reason}")
        return False
    stamp.write_text(requirements.read_text())
    return True
