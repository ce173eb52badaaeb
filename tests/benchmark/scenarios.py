"""What the servers are asked to do."""

from dataclasses import dataclass

from contenders import ECHO, JSON, PLAINTEXT, SINK, STREAM, WEBSOCKET

# What is looked at: requests (or mebibytes) for the processor's time, latency, or memory.
WORK, LATENCY, MEMORY = "work", "latency", "memory"


@dataclass(frozen=True)
class Scenario:
    about: str
    # Arguments of the load client.
    load: str
    needs: str = PLAINTEXT
    kind: str = WORK

    @property
    def bulk(self):
        return self.load in ("up", "down")

    @property
    def unit(self):
        return "MiB" if self.bulk else "request"


SCENARIOS = {
    "plain": Scenario("GET /plaintext on 64 connections", "http"),
    "browser": Scenario("the same with the fields of a browser", "http --browser"),
    "pipelined": Scenario("16 requests at once", "http --depth 16"),
    "json": Scenario("GET /json", "http --target /json", JSON),
    "post": Scenario("POST of 1 KiB, read to its end", "http --target /sink --body 1024", SINK),
    "echo": Scenario("POST of 1 KiB, sent back", "http --target /echo --body 1024", ECHO),
    "stream": Scenario("a body of 8 times 1 KiB", "http --target /stream?n=8&size=1024", STREAM),
    "churn": Scenario("a connection for each request", "churn"),
    "ws32": Scenario("WebSocket, 32 bytes there and back", "websocket --size 32", WEBSOCKET),
    "ws32x16": Scenario("16 of these at once", "websocket --size 32 --depth 16", WEBSOCKET),
    "ws1k": Scenario("WebSocket, 1 KiB", "websocket --size 1024", WEBSOCKET),
    "ws64k": Scenario("WebSocket, 64 KiB", "websocket --size 65536", WEBSOCKET),
    "up": Scenario("one long request body, per MiB", "up", SINK),
    "down": Scenario("one long response body in chunks of 64 KiB, per MiB", "down", STREAM),
    "rate": Scenario("5,000 requests a second, evenly, on 64 connections", "rate --rate 5000", kind=LATENCY),
    "uneven": Scenario(
        "2,000 requests a second, and 4 connections that are streamed to",
        "rate --rate 2000 --streams 4",
        STREAM,
        LATENCY,
    ),
    "idle": Scenario("connections that had a request", "hold --kind idle", kind=MEMORY),
    "idle-ws": Scenario("WebSockets after the handshake", "hold --kind websocket", WEBSOCKET, MEMORY),
}
