"""Makes a file of requests and brings it into the direct messages of whoever wanted it."""

import logging
from ipaddress import ip_address
from tempfile import TemporaryFile
from typing import IO, Any, Final
from urllib.parse import urlsplit
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks import activity_view, home_audit
from grants import auditing
from grants.auditing import Auditing
from grants.errors import StillExporting
from grants.event_list import table
from grants.exporting import Format, heading, line
from grants.model import Person, Request, SlackUserId
from grants.records import Search
from grants.sight import Sight
from grants.summing import Found
from handlers.errors import Net
from handlers.reading import once
from handlers.turns import Turns

log = logging.getLogger(__name__)
Payload = dict[str, Any]

AT_ONCE: Final = 2
"""So many are made at once: each keeps a listener and a reader of the database busy for a while."""


class Exports:
    """One for each person at a time. However long the file, a part of it is in memory."""

    def __init__(self, client: WebClient, auditing: Auditing, net: Net) -> None:
        """None is being made."""
        self._client = client
        self._auditing = auditing
        self._net = net
        self._turns = Turns(AT_ONCE, StillExporting)

    def send(self, person: Person, search: Search, kind: Format, body: Payload) -> None:
        """All that they may see of what they search for; StillExporting where one is under way."""
        with self._turns.of(person.slack_id), TemporaryFile("w+b") as file:
            sight = self._auditing.taking(person, search, kind, once=once(body))
            if sight is None:
                return
            count = self._write(file, sight, search, kind)
            if not count:
                # Slack takes no empty file, and a heading alone tells nobody anything.
                self._net.whisper(home_audit.none(), body)
                return
            words = self._above(count, sight, search, kind)
            self._bring(person, file, f"elevate-requests.{kind}", words, body)

    def send_events(self, person: Person, request: Request, found: Found, body: Payload) -> None:
        """All that a session did."""
        with self._turns.of(person.slack_id), TemporaryFile("w+b") as file:
            count = len(found.events)
            if not self._auditing.taking_events(person, request, count, once=once(body)):
                return
            file.writelines(line.encode() for line in table(found.events, found.session))
            name = f"elevate-activity-{request.id}.csv"
            self._bring(person, file, name, activity_view.sent(request, count), body)

    def _bring(self, person: Person, file: IO[bytes], name: str, words: str, body: Payload) -> None:
        try:
            self._upload(person.slack_id, file, name, words)
        except SlackApiError as error:
            self._not_sent(str(error.response.get("error") or ""), body)
        except (SlackClientError, OSError) as error:
            self._not_sent(type(error).__name__, body)

    def _write(self, file: IO[bytes], sight: Sight, search: Search, kind: Format) -> int:
        """Gives how many requests it holds."""
        count = 0
        file.write(heading(kind).encode())
        with self._auditing.works.reading() as work:
            for count, record in enumerate(auditing.records(work, sight, search), start=1):  # noqa: B007
                file.write(line(record, kind).encode())
        return count

    def _above(self, count: int, sight: Sight, search: Search, kind: Format) -> str:
        """The words that stand above the file."""
        with self._auditing.works.reading() as work:
            only = home_audit.narrowed(search, *auditing.named(work, sight, search))
        return home_audit.sent(count, kind, only, self._auditing.clock())

    def _upload(self, slack_id: SlackUserId, file: IO[bytes], name: str, words: str) -> None:
        """As the SDK's `files_upload_v2` does, which holds the whole file in memory."""
        direct = self._client.conversations_open(users=[slack_id])["channel"]["id"]
        length = file.tell()
        file.seek(0)
        place: Any = self._client.files_getUploadURLExternal(filename=name, length=length)
        sending = HttpRequest(  # noqa: S310 - looked at just now
            _safe(place["upload_url"]),
            data=file,
            headers={"Content-Length": str(length), "Content-Type": "application/octet-stream"},
            method="POST",
        )
        with urlopen(sending, timeout=self._client.timeout, context=self._client.ssl):  # noqa: S310 - the same
            pass  # another status than 200 is an OSError
        self._client.files_completeUploadExternal(
            files=[{"id": place["file_id"], "title": name}],
            channel_id=direct,
            initial_comment=words,
        )

    def _not_sent(self, why: str, body: Payload) -> None:
        log.warning("an export was not sent", extra={"error": why})
        self._net.whisper(home_audit.not_sent(why), body)


def _safe(address: str) -> str:
    """What is private goes over TLS, or to this machine itself; nor is a file opened for a web page."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or "")):
        return address
    raise ConnectionError("files are uploaded over https alone")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
