"""Whoever holds connections to the port open, and says nothing or hardly anything, keeps nobody out."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Final

import pytest

from bot.serve import PATIENCE, Server, wsgi

HEALTH: Final = b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
MANY: Final = 200


@contextmanager
def served(patience: float) -> Iterator[int]:
    """The port of a server that answers to anybody whether all is well."""
    server = Server(
        wsgi(None, lambda: ("", ""), secret=""), host="127.0.0.1", port=0, patience=patience
    )
    running = Thread(target=server.run, daemon=True)
    running.start()
    try:
        yield server.port
    finally:
        server.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answer(port: int) -> bytes:
    """To one who asks in one breath."""
    with connected(port) as asking:
        asking.sendall(HEALTH)
        return b"".join(iter(lambda: asking.recv(4096), b""))


def test_many_connections_on_which_half_a_request_stands_keep_nobody_out() -> None:
    with served(PATIENCE) as port, ExitStack() as held:
        for _ in range(MANY):
            held.enter_context(connected(port)).sendall(HEALTH[:10])

        assert b"200 OK" in answer(port)


@pytest.mark.parametrize(
    "begun", [HEALTH[:10], b"POST /slack/events HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_whoever_sends_a_request_bit_by_bit_is_hung_up_on(begun: bytes) -> None:
    with served(patience=0) as port, connected(port) as slow:
        slow.sendall(begun)
        assert b"200 OK" in answer(port)  # Until then what was sent has been read.
        slow.sendall(b"x")

        assert slow.recv(1) == b""
        assert b"200 OK" in answer(port)
