"""A client that decides by itself what goes over the wire, and when."""

import http.client
import socket
import struct

from output import PATIENCE


class Peer:
    """One connection."""

    def __init__(self, address, receive_buffer=None):
        family = _family(address)
        self.socket = socket.socket(family)
        self.socket.settimeout(PATIENCE)
        if receive_buffer:
            # Before the connection is made, since it decides on the window.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def get(self, target, *fields):
        """Sends a request without a body."""
        return self.send("\r\n".join([f"GET {target} HTTP/1.1", "host: a", *fields, "", ""]).encode("latin-1"))

    def response(self, method="GET"):
        """The head of the next response; its body is read from it."""
        response = http.client.HTTPResponse(self.socket, method=method)
        response.begin()
        return response

    def answer(self, method="GET"):
        """Status and body of the next response."""
        response = self.response(method)
        return response.status, response.read()

    def rest(self):
        """Everything until the server closes the connection."""
        data = bytearray()
        while piece := self.socket.recv(1 << 16):
            data += piece
        return bytes(data)

    def is_dropped(self):
        """Whether the connection ends without another byte, in order or with a reset."""
        try:
            return self.rest() == b""
        except ConnectionResetError:
            return True

    def reset(self):
        """Ends the connection with a reset, as that of a process that was killed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def _family(address):
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def ask(address, target="/", *fields):
    """Status and body of one request on a connection of its own."""
    with Peer(address) as peer:
        return peer.get(target, *fields).answer()
