"""Waiting for what does not tell when it happens."""

import json
import time

from output import PATIENCE
from peer import ask


def eventually(condition, what):
    """Asks again and again until `condition` holds, and returns what it returned."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)
    return result


def state(server):
    """What a probe tells of itself."""
    status, body = ask(server.address, "/state")
    assert status == 200, body
    return json.loads(body)


class Begun:
    """Counts the requests that a probe begins to serve from now on."""

    def __init__(self, server):
        self._server = server
        self._before = state(server)["requests"]

    def wait(self, count):
        """Returns when there are `count`."""
        eventually(lambda: self._count() >= count, f"{count} requests that run")

    def _count(self):
        # Each look is a request too.
        self._before += 1
        return state(self._server)["requests"] - self._before
