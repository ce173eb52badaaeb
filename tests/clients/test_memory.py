"""What the server holds is bounded, however much goes through it and however slowly it is taken."""

import threading

from peer import Peer, ask
from waiting import eventually

# A lint takes memory of its own.
VARIABLES = {"TRANSOM_LINT": "off"}
MEBIBYTE = 1 << 20
READERS = 1000
MESSAGE = 16 << 10
# The high-water mark and one message, twice: the bytes on their way to the client keep their buffer until all of them
# are written, while the application fills another.
BUFFERED = 2 * ((64 << 10) + MESSAGE)
CONNECTION = 16 << 10


def test_a_thousand_readers_that_do_not_read(start):
    server = start("probe", "--timeout-write", "0", variables=VARIABLES)
    assert ask(server.address, f"/stream?n=10&size={MESSAGE}")[0] == 200
    before = server.memory()
    peers = [Peer(server.address, receive_buffer=4096).get(f"/stream?n=1000&size={MESSAGE}") for _ in range(READERS)]
    responses = [peer.response() for peer in peers]
    assert {response.status for response in responses} == {200}
    eventually(lambda: is_idle(server), "every buffer is full")
    assert server.memory() - before < READERS * (BUFFERED + CONNECTION)

    # What was held back was not lost.
    assert len(responses[READERS // 2].read()) == 1000 * MESSAGE
    assert ask(server.address, "/fixed") == (200, b"hello")
    for peer in peers:
        peer.socket.close()


def is_idle(server):
    """Whether nothing runs while another request is waited for."""
    before = server.processor_time()
    assert ask(server.address, "/slow?t=0.2") == (200, b"slow")
    return server.processor_time() - before <= 0.02


def test_a_thousand_idle_connections(start):
    server = start("probe", variables=VARIABLES)
    assert ask(server.address, "/fixed") == (200, b"hello")
    before = server.memory()
    peers = [Peer(server.address) for _ in range(READERS)]
    for peer in peers:
        assert peer.get("/fixed").answer() == (200, b"hello")
    assert server.memory() - before < READERS * CONNECTION
    for peer in peers:
        peer.socket.close()


def test_a_gibibyte_down(bench):
    before = bench.memory("VmHWM")
    with Peer(bench.address) as peer:
        response = peer.get(f"/stream?n={1 << 14}&size={1 << 16}").response()
        buffer, count = bytearray(MEBIBYTE), 0
        while length := response.readinto(buffer):
            count += length
    assert count == 1 << 30
    assert bench.memory("VmHWM") - before < 16 * MEBIBYTE


def test_a_quarter_up_and_down(bench):
    before = bench.memory("VmHWM")
    chunk, count = bytes(MEBIBYTE), 256
    with Peer(bench.address) as peer:
        peer.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (count * MEBIBYTE))
        upload = threading.Thread(target=lambda: [peer.send(chunk) for _ in range(count)])
        upload.start()
        response = peer.response()
        buffer, received = bytearray(MEBIBYTE), 0
        while length := response.readinto(buffer):
            received += length
        upload.join()
    assert received == count * MEBIBYTE
    assert bench.memory("VmHWM") - before < 16 * MEBIBYTE


def test_an_upload_that_is_not_read_is_not_held(start):
    server = start("probe", variables=VARIABLES)
    before = server.memory()
    with Peer(server.address) as peer:
        # The application does not read what is sent meanwhile, so the connection fills up.
        peer.send(b"POST /slow?t=2 HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n")
        peer.socket.settimeout(0.5)
        sent = 0
        try:
            while sent < 512 * MEBIBYTE:
                sent += peer.socket.send(bytes(MEBIBYTE))
        except TimeoutError:
            pass
        assert sent < 64 * MEBIBYTE
        assert server.memory() - before < 4 * MEBIBYTE
