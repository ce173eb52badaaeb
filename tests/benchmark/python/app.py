"""The endpoints of apps/bench, for servers of ASGI."""

import asyncio
import json
from urllib.parse import parse_qsl

TEXT = [(b"content-type", b"text/plain")]
JSON = [(b"content-type", b"application/json")]
BYTES = [(b"content-type", b"application/octet-stream")]


async def app(scope, receive, send):
    if scope["type"] == "http":
        answer = ROUTES.get((scope["method"], scope["path"]), not_found)
        await answer(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket(receive, send)
    else:
        await lifespan(receive, send)


async def respond(send, headers, body, status=200):
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def plaintext(scope, receive, send):
    await respond(send, TEXT, b"Hello, World!")


async def as_json(scope, receive, send):
    await respond(send, JSON, json.dumps({"message": "Hello, World!"}).encode())


async def echo(scope, receive, send):
    lengths = [field for field in scope["headers"] if field[0] == b"content-length"]
    await send({"type": "http.response.start", "status": 200, "headers": BYTES + lengths})
    more = True
    while more:
        event = await receive()
        more = event.get("more_body", False)
        await send({"type": "http.response.body", "body": event.get("body", b""), "more_body": more})


async def sink(scope, receive, send):
    length, more = 0, True
    while more:
        event = await receive()
        length += len(event.get("body", b""))
        more = event.get("more_body", False)
    await respond(send, TEXT, b"%d" % length)


async def stream(scope, receive, send):
    query = dict(parse_qsl(scope["query_string"].decode()))
    count, chunk = int(query.get("n", 1)), b"x" * int(query.get("size", 1024))
    await send({"type": "http.response.start", "status": 200, "headers": BYTES})
    for left in reversed(range(count)):
        await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
        if left % LOOK == LOOK - 1 and await gone(receive):
            return


# So many events are sent before a look at whether the client is there: servers take them in any case.
LOOK = 256


async def gone(receive):
    try:
        # Of a request that was read it is all that is to come.
        event = await asyncio.wait_for(receive(), 0.001)
        return event["type"] == "http.disconnect"
    except TimeoutError:
        return False


async def not_found(scope, receive, send):
    await respond(send, TEXT, b"not found", 404)


ROUTES = {
    ("GET", "/plaintext"): plaintext,
    ("GET", "/json"): as_json,
    ("POST", "/echo"): echo,
    ("POST", "/sink"): sink,
    ("GET", "/stream"): stream,
}


async def websocket(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": event.get("bytes"), "text": event.get("text")})


async def lifespan(receive, send):
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
