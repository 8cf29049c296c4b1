"""The ways in which a payload reaches the app under test."""

import hashlib
import hmac
import http.client
import io
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

Delivered = tuple[int, Mapping[str, str], bytes]
Deliver = Callable[[bytes, dict[str, str]], Delivered]
ANSWER_WITHIN = 3.0

P = ParamSpec("P")
T = TypeVar("T")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def over_http(url: str, *, within: float = ANSWER_WITHIN) -> Deliver:
    """Post to a running app, and wait as long as Slack would."""
    address = urlsplit(url)

    def deliver(body: bytes, headers: dict[str, str]) -> Delivered:
        connection = http.client.HTTPConnection(address.netloc, timeout=within)
        try:
            connection.request("POST", address.path or "/", body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    return deliver


def over_wsgi(app: Callable[..., Any], *, path: str = "/slack/events") -> Deliver:
    """Call a WSGI app in process."""

    def deliver(body: bytes, headers: dict[str, str]) -> Delivered:
        started: list[Any] = []
        parts = app(_environ(path, body, headers), lambda *args: started.extend(args))
        content = b"".join(parts)
        return int(started[0].split()[0]), dict(started[1]), content

    return deliver


def _environ(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "app.test",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ


class Listeners(ThreadPoolExecutor):
    """A `listener_executor` for Bolt that knows when its listeners are done."""

    def __init__(self, max_workers: int = 5) -> None:
        super().__init__(max_workers)
        self._running: set[Future[Any]] = set()
        self._guard = Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it, and remember that it runs."""
        future = super().submit(fn, *args, **kwargs)
        with self._guard:
            self._running = {one for one in self._running if not one.done()} | {future}
        return future

    def settle(self, within: float = 10) -> None:
        """Wait until every listener has finished."""
        while running := self._unfinished():
            _, late = wait(running, within)
            assert not late, f"{len(late)} listeners still run after {within} s"

    def _unfinished(self) -> set[Future[Any]]:
        with self._guard:
            return {one for one in self._running if not one.done()}
