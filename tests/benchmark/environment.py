"""What was measured where: printed above every table."""

import os
import platform
import shlex
import subprocess
import sys
import tomllib

from build import HERE, ROOT
from contenders import CONTENDERS
from machine import cores


def describe(programs):
    """The machine and the versions, as Markdown."""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()
    lines = [
        f"- {processor()}, {len(cores())} cores, {memory()} GiB; Linux {platform.release()}",
        f"- rustc {rustc[1]}, allocator of the servers in Rust: {programs.allocator}",
        f"- {', '.join(f'{name} {version}' for name, version in versions(programs).items())}",
        f"- `{shlex.join(['tests/benchmark/run', *visible(sys.argv[1:])])}`",
    ]
    return "\n".join(lines)


def visible(arguments):
    """Without those that only say where the output goes."""
    rest = iter(arguments)
    for argument in rest:
        if argument in ("--json", "--markdown"):
            next(rest, None)
        elif not argument.startswith(("--json=", "--markdown=")):
            yield argument


def processor():
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def memory():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def versions(programs):
    """Those of the packages that were built, by their names."""
    transom = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    if not programs.has_peers:
        return {"transom": transom}
    known = {"transom": transom} | locked() | (installed(programs.venv) if programs.has_python else {})
    wanted = ["transom", *(name for contender in CONTENDERS.values() for name in contender.packages)]
    return {name: known[name] for name in dict.fromkeys(wanted) if name in known}


def locked():
    """The newest where there are several, as a dependency may have an older one to itself."""
    packages = tomllib.loads((HERE / "Cargo.lock").read_text())["package"]
    return {
        package["name"]: package["version"] for package in sorted(packages, key=lambda one: numbers(one["version"]))
    }


def numbers(version):
    return [int(part) for part in version.partition("+")[0].partition("-")[0].split(".")]


def installed(venv):
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "freeze"]
    lines = subprocess.run(pip, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split("==") for line in lines if "==" in line)
