"""A query's life at AWS: begun, watched until it is done, read page by page, stopped when given up."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import chain, repeat
from typing import Any, Final, Protocol

from grants.activity import Event, Evidence, Session
from grants.aws.cloudtrail.records import UnreadableRecordError, event_in, event_of
from grants.aws.faults import TOO_MANY_QUERIES
from grants.aws.limiter import Limiter
from grants.errors import AwsBusy, AwsFault, AwsRefused
from grants.model import UserId

log = logging.getLogger(__name__)

ROWS: Final = 100_000
"""What CloudWatch Logs gives of one query at the most; the others are bounded alike."""
LASTS: Final = 100.0
"""Seconds of waiting, after which a query is stopped."""
TRIES: Final = 4
_LOOKS: Final = (0.5, 0.5, 1.0, 2.0, 3.0)
"""Seconds before each look; then five."""
_USER_ID: Final = re.compile(
    r"(?:[0-9a-f]{10}-)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
)
_ACCOUNT_ID: Final = re.compile(r"\d{12}", re.ASCII)

Record = str | Mapping[str, Any]
"""One of CloudTrail's, as its text or as its fields."""


class Phase(Enum):
    """How far a query is."""

    UNDER_WAY = auto()
    DONE = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """What AWS says of a query."""

    phase: Phase
    said: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a query gave, newest first."""

    records: Iterable[Record]
    following: str
    """The token of the next; empty: this was the last."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What may stand in a query. Nothing that a person typed is among it."""

    account_id: str
    user_id: str
    since: datetime
    until: datetime


class Engine(Protocol):
    """A service of AWS's that answers queries. Each method may raise an AwsFault."""

    source: str

    def start(self, asked: Asked, *, rows: int) -> str:
        """The query's id."""
        ...

    def look(self, query_id: str) -> Look: ...
    def page(self, query_id: str, token: str) -> Page:
        """The first for an empty token."""
        ...

    def stop(self, query_id: str) -> None: ...
    def cure(self, refused: AwsRefused) -> str:
        """What an administrator can do about it."""
        ...


@dataclass(slots=True)
class _Found:
    events: dict[str, Event] = field(default_factory=dict)
    unreadable: int = 0
    rows: int = 0
    truncated: bool = False


class Queried:
    """`grants.ports.Trail`, by a query over every Region that the trail sees.

    Fetched twice it is asked twice, each query by itself. One that a process leaves behind runs to
    its end at AWS, for nothing but its price.
    """

    def __init__(
        self, engine: Engine, limiter: Limiter, *, rows: int = ROWS, lasts: float = LASTS
    ) -> None:
        """More than `rows` are told as truncated; `lasts` is in seconds of waiting."""
        self._engine = engine
        self._limiter = limiter
        self._rows = rows
        self._lasts = lasts

    def fetch(self, session: Session) -> Evidence:
        """Raises AwsBusy or AwsUnsure where it did not come off and may another time."""
        asked = _asked(session)
        if asked is None:
            return self._without("The user's or the account's id is not as AWS writes them.")
        try:
            return self._answered(asked, session)
        except AwsRefused as refused:
            return self._without(self._engine.cure(refused))

    def _answered(self, asked: Asked, session: Session) -> Evidence:
        query = self._start(asked)
        try:
            ended = self._watch(query)
            if ended.phase is Phase.DONE:
                return self._evidence(self._read(query, session))
        except AwsFault:
            self._stop(query)
            raise
        if ended.phase is Phase.FAILED:
            return self._without(f"The query failed. AWS said: {ended.said}")
        self._stop(query)
        return self._without(
            f"The query was not done after {self._lasts:.0f} seconds, and was stopped."
            " It is asked again; if it stays so, see to how much it has to search."
        )

    def _start(self, asked: Asked) -> str:
        """AwsBusy: as many queries were running as may, for all the time that this one had."""
        for seconds in self._waits():
            try:
                return self._engine.start(asked, rows=self._rows)
            except AwsBusy as busy:
                if busy.code not in TOO_MANY_QUERIES:
                    raise
            self._limiter.pause(seconds)
        return self._engine.start(asked, rows=self._rows)

    def _watch(self, query: str) -> Look:
        look = Look(Phase.UNDER_WAY)
        for seconds in self._waits():
            self._limiter.pause(seconds)
            look = self._engine.look(query)
            if look.phase is not Phase.UNDER_WAY:
                break
        return look

    def _waits(self) -> Iterable[float]:
        left = self._lasts
        for seconds in chain(_LOOKS, repeat(5.0)):
            if left <= 0:
                return
            left -= seconds
            yield seconds

    def _read(self, query: str, session: Session) -> _Found:
        found, token, seen = _Found(), "", {""}
        while True:
            token = self._read_page(query, token, session, found)
            found.truncated = found.rows >= self._rows or (bool(token) and token in seen)
            if found.truncated or not token:
                return found
            seen.add(token)

    def _read_page(self, query: str, token: str, session: Session, found: _Found) -> str:
        """The token of the next. The page is let go with this; the events that are kept are small."""
        page = self._engine.page(query, token)
        for record in page.records:
            _take(record, session, found)
        return page.following

    def _stop(self, query: str) -> None:
        """As well as it can be: what goes on for nothing ends by itself."""
        try:
            self._engine.stop(query)
        except AwsFault as fault:
            log.warning(
                "query not stopped", extra={"source": self._engine.source, "why": fault.reason}
            )

    def _evidence(self, found: _Found) -> Evidence:
        return Evidence(
            self._engine.source,
            events=tuple(found.events.values()),
            truncated=found.truncated,
            management_only=False,
            unreadable=found.unreadable,
        )

    def _without(self, why: str) -> Evidence:
        return Evidence(self._engine.source, unavailable=why, management_only=False)


def _asked(session: Session) -> Asked | None:
    """None: an id that is not as AWS writes them, and so stands in no query."""
    if not _USER_ID.fullmatch(session.user_id) or not _ACCOUNT_ID.fullmatch(session.account_id):
        return None
    return Asked(
        session.account_id,
        UserId(session.user_id),
        since=session.start.astimezone(UTC).replace(microsecond=0),
        until=session.end.astimezone(UTC),
    )


def _take(record: Record, session: Session, found: _Found) -> None:
    """One record that is not as AWS writes them must not hide all others."""
    found.rows += 1
    try:
        event = event_of(record, session) if isinstance(record, str) else event_in(record, session)
    except UnreadableRecordError:
        log.warning("CloudTrail record not read", extra={"account": session.account_id})
        found.unreadable += 1
        return
    if event:
        found.events[event.id] = event
