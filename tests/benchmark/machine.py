"""The machine on which it is measured, and what it lets us do."""

import os
import platform
import resource
import subprocess
import sys


def prepare():
    """As many descriptors as are allowed, for us and for what we start."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if len(cores()) < 2:
        note("one core only: server and client take it from one another; believe the processor's time, not the rates")


def cores():
    return sorted(os.sched_getaffinity(0))


def server_core():
    return cores()[0]


def client_core():
    return cores()[-1]


def connections(wanted):
    """As many of them as there are descriptors for, at one end, with some to spare."""
    possible = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200
    if possible < wanted:
        note(f"{possible} connections instead of {wanted}: raise `ulimit -n` for more")
    return min(wanted, possible)


def describe(programs):
    """The machine and the versions, as Markdown."""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()
    lines = [
        f"- {processor()}, {len(cores())} cores, {memory()} GiB; Linux {platform.release()}",
        f"- rustc {rustc[1]}, allocator of the servers in Rust: {programs.allocator}",
        f"- {', '.join(f'{name} {version}' for name, version in programs.versions().items())}",
        f"- `{' '.join(['tests/benchmark/run', *visible(sys.argv[1:])])}`",
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


def note(text):
    print(f"note: {text}", file=sys.stderr, flush=True)
