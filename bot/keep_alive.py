"""Connections to Slack that stay open: slack_sdk goes through `urllib.request`, which opens one for each call.

That is a handshake of TCP and one of TLS, while somebody waits for a window.
"""

from collections.abc import Callable
from http.client import HTTPMessage
from io import BytesIO
from ssl import create_default_context
from threading import Lock
from time import monotonic
from typing import Final
from urllib.parse import urlsplit
from urllib.request import BaseHandler, Request, build_opener, install_opener
from urllib.response import addinfourl

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as TookTooLong

MOST: Final = 256
"""So many may be open and not in use: more than there are threads that call Slack at the same moment."""
OLD: Final = 30.0
"""Seconds, after which all are opened anew, so that none was unused for longer: Slack may be about to
close it, or a NAT on the way may have forgotten it, and what is sent on such a one is lost.
"""


class KeepAlive(BaseHandler):
    """Before urllib's own handlers, to which it leaves all that is for somebody else.

    Nothing is sent twice, here either: where no answer comes, nobody knows what came of the call.
    """

    handler_order = 400

    def __init__(self, url: str, clock: Callable[[], float] = monotonic) -> None:
        """To the host of this URL, past no proxy: where there is one, urllib's own handlers talk to it."""
        found = urlsplit(url)
        self._origin = found.scheme, found.netloc
        self._clock = clock
        self._lock = Lock()
        self._tls = create_default_context()  # as urllib has it; reading the roots takes 30 ms
        self._pool = self._anew()
        self._opened = clock()

    def http_open(self, request: Request) -> addinfourl | None:
        """What came back, whole; None: it is for somebody else. An OSError where nothing did."""
        if (request.type, request.host) != self._origin:
            return None
        try:
            return _as_urllib_has_it(request, self._answer(request))
        except HTTPError as error:
            timed_out = isinstance(error, TookTooLong) and not isinstance(error, NewConnectionError)
            raise (TimeoutError if timed_out else ConnectionError)(str(error)) from error

    https_open = http_open

    def _answer(self, request: Request) -> BaseHTTPResponse:
        return self._connections().urlopen(
            request.get_method(),
            request.full_url,
            body=request.data,
            headers=dict(request.header_items()),
            timeout=request.timeout,
            redirect=False,
            retries=False,
        )

    def _connections(self) -> PoolManager:
        """Those that are used again, or new ones. Whoever is using an old one goes on with it."""
        now = self._clock()
        with self._lock:
            if now - self._opened > OLD:
                self._pool, self._opened = self._anew(), now
            return self._pool

    def _anew(self) -> PoolManager:
        return PoolManager(num_pools=1, maxsize=MOST, ssl_context=self._tls)


def _as_urllib_has_it(request: Request, answer: BaseHTTPResponse) -> addinfourl:
    headers = HTTPMessage()
    for name, value in answer.headers.items():
        headers[name] = value
    found = addinfourl(BytesIO(answer.data), headers, request.full_url, answer.status)
    found.msg = answer.reason or ""  # type: ignore[attr-defined]  # as urllib itself does
    return found


def keep_alive(url: str, clock: Callable[[], float] = monotonic) -> None:
    """From now on, for this process."""
    install_opener(build_opener(KeepAlive(url, clock)))
