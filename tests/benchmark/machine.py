"""What the machine lets us do."""

import os
import resource
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


def note(text):
    print(f"note: {text}", file=sys.stderr, flush=True)
