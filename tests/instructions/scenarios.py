"""What is counted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    # Arguments of the load client of tests/benchmark.
    load: str
    # The two runs whose difference is taken.
    few: int = 500
    many: int = 3000
    # A program of callgrind.PROGRAMS.
    program: str = "bench"


SCENARIOS = {
    "plain": Scenario("http"),
    "browser": Scenario("http --browser"),
    "pipelined": Scenario("http --depth 16", 1600, 16000),
    "json": Scenario("http --target /json"),
    "post": Scenario("http --target /sink --body 1024"),
    "stream": Scenario("http --target /stream?n=8&size=1024"),
    "routed": Scenario("http", program="routed"),
    "routed-json": Scenario("http --target /json/7?limit=20", program="routed"),
    "websocket-32": Scenario("websocket --size 32"),
    "websocket-64k": Scenario("websocket --size 65536", 100, 600),
}
