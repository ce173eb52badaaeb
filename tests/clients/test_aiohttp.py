"""Both directions at once, as aiohttp does them; it has a parser of its own (llhttp)."""

import asyncio
import hashlib

import aiohttp
import pytest

from output import PATIENCE
from waiting import Begun, eventually, state


def run(server, test):
    """Runs the coroutine function `test` with a session of `server`."""

    async def session():
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(server.url, timeout=timeout) as client:
            return await test(client)

    return asyncio.run(session())


def test_chunked_upload_and_download(probe):
    async def pieces():
        for number in range(100):
            yield bytes([number]) * (number * 100)

    async def test(client):
        async with client.post("/body", data=pieces()) as response:
            return hashlib.sha256(await response.read()).hexdigest()

    body = b"".join(bytes([number]) * (number * 100) for number in range(100))
    assert run(probe, test) == hashlib.sha256(body).hexdigest()


def test_expect_100(probe):
    async def test(client):
        async with client.post("/body", data=b"x" * 100_000, expect100=True) as response:
            assert await response.read() == b"x" * 100_000
        async with client.post("/noread", data=b"x" * 100_000, expect100=True) as response:
            assert await response.read() == b"noread"
        async with client.get("/fixed") as response:
            assert await response.read() == b"hello"

    run(probe, test)


def test_an_answer_in_the_middle_of_an_upload(probe):
    async def test(client):
        answered = asyncio.Event()

        async def pieces():
            yield b"first"
            await answered.wait()
            yield b"last"

        async with client.post("/noread", data=pieces()) as response:
            assert (response.status, await response.read()) == (200, b"noread")
            answered.set()
        async with client.get("/fixed") as response:
            assert await response.read() == b"hello"

    run(probe, test)


def test_what_is_sent_comes_back_before_the_next_is_sent(bench):
    async def test(client):
        heard = asyncio.Queue()

        async def pieces():
            for number in range(20):
                yield b"%d;" % number * 1000
                assert await heard.get() == number

        async with client.post("/echo", data=pieces()) as response:
            for number in range(20):
                piece = b"%d;" % number * 1000
                assert await response.content.readexactly(len(piece)) == piece
                heard.put_nowait(number)
            assert await response.read() == b""

    run(bench, test)


def test_sixteen_mebibytes_each_way(bench):
    size, count = 1 << 16, 256

    async def test(client):
        async def pieces():
            for number in range(count):
                yield bytes([number % 256]) * size

        async with client.post("/echo", data=pieces()) as response:
            for number in range(count):
                assert await response.content.readexactly(size) == bytes([number % 256]) * size
            assert await response.read() == b""
        async with client.post("/sink", data=b"x" * (size * count)) as response:
            assert await response.text() == str(size * count)

    run(bench, test)


def test_chunks_are_the_applications_messages(probe):
    async def test(client):
        async with client.get("/stream?n=5&size=3&delay=0.02") as response:
            return [piece async for piece, _ in response.content.iter_chunks() if piece]

    assert run(probe, test) == [b"aaa", b"bbb", b"ccc", b"ddd", b"eee"]


def test_a_client_that_gives_up(probe):
    before = state(probe)["disconnects"]

    async def test(client):
        begun = Begun(probe)
        waiting = [asyncio.create_task(client.get("/wait")) for _ in range(3)]
        await asyncio.to_thread(begun.wait, 3)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.to_thread(eventually, lambda: state(probe)["disconnects"] == before + 3, "all are noticed")

    run(probe, test)


@pytest.mark.parametrize("mode", ["off", "per-message", "context-takeover"])
def test_a_websocket(start, mode):
    async def test(client):
        async with client.ws_connect("/ws/subprotocol", protocols=("a", "b"), compress=15) as socket:
            assert socket.protocol == "b"
            assert bool(socket.compress) == (mode != "off")
            for size in (0, 1, 1000, 1 << 20):
                await socket.send_str("\u00e4" * size)
                assert await socket.receive_str() == "\u00e4" * size
                await socket.send_bytes(bytes(size))
                assert await socket.receive_bytes() == bytes(size)
            await socket.close(code=3000, message=b"x")
            assert socket.close_code == 3000
        async with client.ws_connect("/ws/close") as socket:
            message = await socket.receive()
            assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "bye")
        with pytest.raises(aiohttp.WSServerHandshakeError) as denial:
            await client.ws_connect("/ws/reject")
        assert denial.value.status == 403

    server = start("probe", f"--ws-deflate={mode}")
    run(server, test)
    # To the server's close it answers with a code of its own.
    eventually(lambda: state(server)["ws_closed"] == [3000, 1000], "the codes are told")
