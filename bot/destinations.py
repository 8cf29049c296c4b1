"""Where the journal goes that is neither AWS nor Slack: standard output, a file, an address."""

import errno
import http.client
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, BinaryIO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from pydantic import SecretStr

from grants.errors import NotTakenError
from grants.lines import jsonl
from grants.records import Row

PATIENCE: Final = 10.0
"""Seconds that a receiver may be silent."""


def bytes_of(rows: Sequence[Row]) -> bytes:
    """JSON lines."""
    return "".join(map(jsonl, rows)).encode()


@dataclass(slots=True)
class StandardOutput:
    """For whoever collects what processes print."""

    name: str = "stdout"
    _torn: bool = field(default=False, init=False)
    """Half a line stands there: it is ended before anything else is written."""

    def send(self, rows: Sequence[Row]) -> None:
        """Written whole, in UTF-8 whatever the locale, and past the buffer.

        Whoever hangs there would keep the buffer's lock, and Python aborts at its end.
        """
        try:
            out = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
            self._write(out, (b"\n" if self._torn else b"") + bytes_of(rows))
        except OSError as error:
            raise NotTakenError(f"standard output takes nothing: {_why(error)}") from error

    def _write(self, out: BinaryIO, left: bytes) -> None:
        """What is not buffered may take a part at a time; None: nothing, where it is not to wait."""
        while left:
            count: int | None = out.write(left)
            if count is None:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            self._torn = left[:count][-1:] != b"\n" if count else self._torn
            left = left[count:]


def _why(error: OSError) -> str:
    """In the system's words; Python's own errors have none of these."""
    return error.strerror or str(error)


@dataclass(frozen=True, slots=True)
class File:
    """Opened anew each time, so that it may be moved away."""

    path: Path

    @property
    def name(self) -> str:
        """As it is set."""
        return f"file:{self.path}"

    def send(self, rows: Sequence[Row]) -> None:
        """Appended, and on the disk."""
        try:
            number = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(number, "rb+") as file:
                file.write(_after_a_torn_line(file) + bytes_of(rows))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotTakenError(f"the file cannot be written: {_why(error)}") from error


def _after_a_torn_line(file: IO[bytes]) -> bytes:
    """Whoever was killed while writing left half a line: it stands by itself, and comes again whole."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


class _Stay(HTTPRedirectHandler):
    """Nobody is followed elsewhere: neither the lines nor the token are for others."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Address:
    """POST, one batch at a time; 2xx means that it was taken, anything else that it was not."""

    url: str
    token: SecretStr | None = None

    @property
    def name(self) -> str:
        """Without its path, which some receivers take for a secret: of that, what tells two apart."""
        found = urlsplit(self.url)
        which = sha256(self.url.encode()).hexdigest()[:8]
        return f"{found.scheme}://{found.netloc} ({which})"

    def send(self, rows: Sequence[Row]) -> None:
        """What it answers besides is not read."""
        request = Request(self.url, bytes_of(rows), self._headers(), method="POST")  # noqa: S310  # the settings take no other scheme
        try:
            with self._opener().open(request, timeout=PATIENCE):
                return
        except HTTPError as error:
            error.close()
            raise NotTakenError(f"it answers {error.code}") from None
        except URLError as error:
            why = type(error.reason).__name__ if isinstance(error.reason, Exception) else "URLError"
            raise NotTakenError(f"it is not reached ({why})") from None
        except (OSError, http.client.HTTPException) as error:
            raise NotTakenError(f"it does not answer ({type(error).__name__})") from None

    def _opener(self) -> OpenerDirector:
        """What is not encrypted goes to our own machine alone, and past any proxy to it."""
        plain = urlsplit(self.url).scheme == "http"
        return build_opener(_Stay, ProxyHandler({})) if plain else build_opener(_Stay)

    def _headers(self) -> dict[str, str]:
        token = {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        return {"Content-Type": "application/x-ndjson", "User-Agent": "elevate", **token}
