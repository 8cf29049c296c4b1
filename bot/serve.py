"""The HTTP side: Slack's requests over signed HTTP, and what a supervisor asks."""

import logging
import socket
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from time import monotonic
from typing import Any, Final

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, create_server
from waitress.wasyncore import dispatcher

from bot.clock import system_clock
from bot.signed import is_signed

log = logging.getLogger(__name__)

MOST: Final = 1_000_000
"""Bytes of a body: a view is at most 250 KB, url-encoded."""
THREADS: Final = 96
"""More than one person can keep waiting (`handlers.shares`)."""

CONNECTIONS: Final = 500
"""So many may be open at once, and half of a process's files: some are there to keep others out."""
PATIENCE: Final = 20.0
"""Seconds from a request's first byte to its last. Slack waits three for the answer."""

Environ = dict[str, Any]
Start = Callable[..., Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]


def wsgi(
    app: App | None,
    ready: Callable[[], tuple[str, str]],
    metrics: Callable[[], bytes | None] = lambda: b"",
    *,
    secret: str,
) -> Wsgi:
    """The routes. `ready` says what is missing, in a line, and what there is to wait for; empty:
    nothing. `metrics`: a page, or None.
    """
    slack = _signed(SlackRequestHandler(app, path="/slack/events"), secret) if app else None

    def respond(environ: Environ, start_response: Start) -> Iterable[bytes]:
        match environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"):
            case "POST", "/slack/events" if slack is not None:
                if int(environ.get("CONTENT_LENGTH") or 0) > MOST:
                    return _say(start_response, "413 Content Too Large", "too large")
                return slack(environ, start_response)
            case "GET", "/healthz":
                return _say(start_response, "200 OK", "ok")
            case "GET", "/readyz":
                missing, waits = ready()
                if missing:
                    return _say(start_response, "503 Service Unavailable", missing)
                return _say(start_response, "200 OK", "\n".join(filter(None, ("ready", waits))))
            case "GET", "/metrics":
                page = metrics()
                if page is None:
                    return _say(start_response, "503 Service Unavailable", "too many ask at once")
                return _give(start_response, "200 OK", CONTENT_TYPE_PLAIN_0_0_4, page)
            case _:
                return _say(start_response, "404 Not Found", "not found")

    return respond


def _signed(bolt: Wsgi, secret: str) -> Wsgi:
    """Bolt hears only what Slack signed."""

    def respond(environ: Environ, start_response: Start) -> Iterable[bytes]:
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        timestamp = environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")
        signature = environ.get("HTTP_X_SLACK_SIGNATURE", "")
        if not is_signed(body, timestamp, signature, secret=secret, now=system_clock()):
            return _say(start_response, "401 Unauthorized", "not signed by Slack")
        try:
            return bolt({**environ, "wsgi.input": BytesIO(body)}, start_response)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            log.warning("signed, and nothing that Slack sends")
            return _say(start_response, "400 Bad Request", "cannot be read")

    return respond


def _say(start_response: Start, status: str, words: str) -> list[bytes]:
    return _give(start_response, status, "text/plain; charset=utf-8", f"{words}\n".encode())


def _give(start_response: Start, status: str, kind: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


class Connection(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """Hung up on where a request takes too long to arrive: a byte a minute would hold it for ever."""

    def __init__(self, patience: float, *args: Any, **kwargs: Any) -> None:
        """As waitress has it."""
        self._patience = patience
        self._begun = 0.0
        super().__init__(*args, **kwargs)

    def received(self, data: bytes) -> bool:
        """What came of a request so far, or of several."""
        now = monotonic()
        if self.request is None:
            self._begun = now
        taken: bool = super().received(data)
        if self.request is not None and now - self._begun > self._patience:
            self.will_close = True
        return taken


class Server:
    """waitress, with threads enough for people who press at the same moment."""

    def __init__(
        self, application: Wsgi, *, host: str, port: int, patience: float = PATIENCE
    ) -> None:
        """Listens at once; serves when run."""
        parts: dict[int, Any] = {}
        # waitress says of a name that it cannot be used, and not why.
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self._server = create_server(
            application, parts, host=host, port=port, threads=THREADS, ident="elevate",
            max_request_body_size=MOST, clear_untrusted_proxy_headers=True,
            connection_limit=CONNECTIONS, asyncore_use_poll=True,
        )  # fmt: skip
        # A name such as localhost may stand for several addresses.
        self._doors = [part for part in parts.values() if isinstance(part, TcpWSGIServer)]
        for door in self._doors:
            door.channel_class = partial(Connection, patience)

    @property
    def port(self) -> int:
        """The port that was found, where 0 was asked for."""
        return int(self._doors[0].effective_port)

    def run(self) -> None:
        """Serve until the process ends."""
        self._server.run()

    def close(self) -> None:
        """Take nobody new in; what is in hand is finished, and its answers leave.

        waitress's own close takes away the pipe by which its threads say that they are done: they
        would write to whatever has its number next.
        """
        for door in self._doors:
            door.trigger.pull_trigger(partial(dispatcher.close, door))
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=10)
