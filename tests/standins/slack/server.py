"""The HTTP face of the Slack stand-in."""

import json
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

JSON_FIELDS = ("blocks", "view", "metadata", "attachments", "files", "unfurls")
HANG_MOST = 60


class Answer(NamedTuple):
    """What goes back; `instead` says that nothing does: "drop" or "timeout"."""

    status: int
    headers: dict[str, str]
    body: bytes
    instead: str | None = None


class Asked(NamedTuple):
    """What came in."""

    path: str
    token: str | None
    args: dict[str, Any]
    body: bytes


def json_answer(content: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    told["Content-Type"] = "application/json; charset=utf-8"
    return Answer(status, told, json.dumps(content).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        kind, bearer = self.headers.get("Content-Type", ""), self.headers.get("Authorization", "")
        asked = heard(self.path, kind, bearer, self.rfile.read(length))
        answer = self.server.respond(asked)
        if answer.instead is not None:
            self._fall_silent(answer.instead)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _fall_silent(self, how: str) -> None:
        if how == "timeout":
            self.server.closing.wait(HANG_MOST)
        self.close_connection = True


def heard(path: str, kind: str, bearer: str, body: bytes) -> Asked:
    """What a request comes to; `kind` is its content type."""
    address = urlsplit(path)
    args: dict[str, Any] = dict(parse_qsl(address.query, keep_blank_values=True))
    if "json" in kind:
        sent = json.loads(body or b"{}")
        args |= sent if isinstance(sent, dict) else {}
    elif "form-urlencoded" in kind:
        args |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    for key in JSON_FIELDS:
        if isinstance(args.get(key), str):
            args[key] = _parsed(args[key])
    token = bearer.removeprefix("Bearer ")
    return Asked(address.path, token or args.pop("token", None), args, body)


def _parsed(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written


class Server(ThreadingHTTPServer):
    """A threaded server on loopback that closes its connections when it is closed."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, respond: Callable[[Asked], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.closing = Event()
        self.connections = 0
        """So many were opened."""
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._answering: list[Thread] = []
        self._loop = Thread(target=self.serve_forever, args=(0.02,), name="slack-stand-in")

    def start(self) -> None:
        """Serve, in a thread."""
        self._loop.start()

    def stop(self) -> None:
        """Stop serving, and wait for the answers under way."""
        self.closing.set()
        self.shutdown()
        self._loop.join()
        self.hang_up()
        for thread in self._answering:
            thread.join(5)
        self.server_close()

    def secure(self, certificate: Path) -> None:
        """Speak TLS, by this certificate and its key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def hang_up(self) -> None:
        """On everybody."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # of who has hung up already
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each connection, remembered."""
        with self._lock:
            self._open.add(request)
            self.connections += 1
        thread = Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self._answering = [one for one in self._answering if one.is_alive()] + [thread]
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """The connection is over."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is none of our business; anything else is."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)
