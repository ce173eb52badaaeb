"""What other clients cannot send or do not check: trailers, pipelines, and every byte of a response (h11 is strict)."""

import h11
import pytest

from peer import Peer

# /nothing; /crlfheader.
BREAKS = ("RETURN-1", "HTTP-SEND-5")


class Conversation:
    """An h11 client on a connection."""

    def __init__(self, address):
        self.peer = Peer(address)
        self.state = h11.Connection(h11.CLIENT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.socket.close()

    def send(self, *events):
        for event in events:
            self.peer.send(self.state.send(event))

    def event(self):
        while (event := self.state.next_event()) is h11.NEED_DATA:
            self.state.receive_data(self.peer.socket.recv(1 << 16))
        return event

    def answer(self):
        """Status and body, after what is informational."""
        while isinstance(response := self.event(), h11.InformationalResponse):
            pass
        body = b""
        while isinstance(event := self.event(), h11.Data):
            body += event.data
        assert isinstance(event, h11.EndOfMessage)
        return response.status_code, body

    def again(self):
        """The next exchange on the same connection."""
        assert (self.state.our_state, self.state.their_state) == (h11.DONE, h11.DONE)
        self.state.start_next_cycle()


@pytest.fixture
def conversation(probe):
    with Conversation(probe.address) as conversation:
        yield conversation


def request(method, target, *fields):
    return h11.Request(method=method, target=target, headers=[("host", "a"), *fields])


def test_trailers_after_a_body(conversation):
    for _ in range(3):
        conversation.send(
            request("POST", "/body", ("transfer-encoding", "chunked"), ("trailer", "x-sum")),
            h11.Data(data=b"one "),
            h11.Data(data=b"two"),
            h11.EndOfMessage(headers=[("x-sum", "7"), ("x-more", "")]),
        )
        assert conversation.answer() == (200, b"one two")
        conversation.again()


def test_trailers_of_a_body_that_nobody_reads(conversation):
    for _ in range(3):
        conversation.send(
            request("POST", "/noread", ("transfer-encoding", "chunked")),
            h11.Data(data=b"x" * 1000),
            h11.EndOfMessage(headers=[("x-sum", "1000")]),
        )
        assert conversation.answer() == (200, b"noread")
        conversation.again()


def test_expect_100_comes_when_the_body_is_wanted(conversation):
    conversation.send(request("POST", "/body", ("content-length", "4"), ("expect", "100-continue")))
    assert conversation.state.they_are_waiting_for_100_continue is False
    first = conversation.event()
    assert isinstance(first, h11.InformationalResponse)
    assert first.status_code == 100
    conversation.send(h11.Data(data=b"body"), h11.EndOfMessage())
    assert conversation.answer() == (200, b"body")


def test_expect_100_of_a_body_that_is_not_wanted(conversation):
    conversation.send(request("POST", "/noread", ("content-length", "4"), ("expect", "100-continue")))
    response = conversation.event()
    assert isinstance(response, h11.Response)
    assert (b"connection", b"close") in list(response.headers)


def test_every_answer_of_one_connection(conversation):
    for method, path, status in [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("HEAD", "/stream", 200),
        ("GET", "/stream?n=50&empty=1", 200),
        ("GET", "/status/204", 204),
        ("GET", "/status/304", 304),
        ("HEAD", "/bodystatus/404", 404),
        ("GET", "/raise", 500),
        ("GET", "/nothing", 500),
        ("GET", "/crlfheader", 500),
        ("OPTIONS", "*", 200),
        ("DELETE", "/", 200),
        ("GET", "/fixed", 200),
    ]:
        conversation.send(request(method, path), h11.EndOfMessage())
        assert conversation.answer()[0] == status, (method, path)
        conversation.again()


def test_a_pipeline_is_answered_in_order(probe):
    with Peer(probe.address) as peer:
        one = b"GET /bytes?n=%d HTTP/1.1\r\nhost: a\r\n\r\n"
        two = b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n%04d"
        peer.send(b"".join(one % (number + 1) + two % number for number in range(200)))
        replies = h11.Connection(h11.CLIENT)
        for number in range(200):
            for method, body in (("GET", (b"0123456789abcdef" * 13)[: number + 1]), ("POST", b"%04d" % number)):
                replies.send(request(method, "/"))
                replies.send(h11.EndOfMessage())
                got = b""
                while not isinstance(event := replies.next_event(), h11.EndOfMessage):
                    if event is h11.NEED_DATA:
                        replies.receive_data(peer.socket.recv(1 << 16))
                    elif isinstance(event, h11.Data):
                        got += event.data
                assert got == body
                replies.start_next_cycle()
